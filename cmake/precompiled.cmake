# What most files include, compiled once and shared by all targets: target_precompile_headers(NAME REUSE_FROM precompiled),
# for unit tests precompiled_for_tests, which has their options. clang-tidy (scripts/lint) does without, so that each file is
# known to name what it needs.
set(precompiled_headers
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <deque> <filesystem> <fstream> <functional> <map>
  <memory> <mutex> <optional> <random> <set> <sstream> <stdexcept> <string> <string_view> <system_error> <thread>
  <utility> <vector>)

# GCC takes them only where the macros that they ask for are as they were: Avahi brings _REENTRANT to every target.
add_library(precompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
target_link_libraries(precompiled PRIVATE PkgConfig::AVAHI)
target_precompile_headers(precompiled PRIVATE ${precompiled_headers})

if(BUILD_TESTS)
  # The optimiser takes half of the time that tests need to compile, and saves little when they run.
  set(unit_test_options -O0)
  if(SANITIZE MATCHES "undefined")
    # The programs' own code is what is looked at: in that of the tests it takes a quarter of the time to compile.
    list(APPEND unit_test_options -fno-sanitize=undefined)
  endif()
  add_library(precompiled_for_tests OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
  target_compile_options(precompiled_for_tests PRIVATE ${unit_test_options})
  target_link_libraries(precompiled_for_tests PRIVATE PkgConfig::AVAHI Catch2::Catch2)
  target_precompile_headers(precompiled_for_tests PRIVATE ${precompiled_headers} ${CMAKE_SOURCE_DIR}/tests/catch.hpp)
endif()
