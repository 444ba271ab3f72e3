#pragma once

#include <cstdint>

#include "catch.hpp"
#include "memory_disk.hpp"

/// Optimised programs meet the fault at every operation. With a sanitizer, which is many times slower and looks for
/// other mistakes, at some.
#ifdef SANITIZED
inline constexpr std::uint64_t kStep = 23;
#else
inline constexpr std::uint64_t kStep = 1;
#endif

inline const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::no_space:
      return "no space, once";
    case Fault::disk_full:
      return "disk full";
    case Fault::io_error:
      return "I/O error";
    case Fault::read_only:
      return "read-only";
    case Fault::short_write:
      return "short write";
    case Fault::crash:
      return "crash";
    case Fault::torn_crash:
      return "torn crash";
    case Fault::crash_after_sync:
      return "crash afterwards";
  }
  return "";
}

/// Meets each fault at the first operation, at a later one ... until the scenario ends without meeting it. `play(fault,
/// at)` plays it, checks what must hold afterwards, and tells whether the fault came. A scenario that ends before
/// operation `at_least` is too short to mean something.
template <typename Play>
void play_all(std::uint64_t at_least, const Play& play, std::uint64_t step = kStep) {
  for (const Fault fault : kFaults) {
    std::uint64_t at = 1;
    for (bool came = true; came; at += step) {
      INFO(name_of(fault) << " at operation " << at);
      came = play(fault, at);
    }
    CHECK(at > at_least);
  }
}
