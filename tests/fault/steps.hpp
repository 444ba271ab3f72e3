#pragma once

#include <cstdint>

/// Optimised programs meet the fault at every operation. With a sanitizer, which is many times slower and looks for
/// other mistakes, at some.
#ifdef SANITIZED
inline constexpr std::uint64_t kStep = 23;
#else
inline constexpr std::uint64_t kStep = 1;
#endif
