#pragma once

#include <limits>
#include <string>

#include "common/text.hpp"

namespace common {

/// Which numbers a setting may have, both ends included.
template <typename Number>
struct Range {
  Number low = std::numeric_limits<Number>::lowest();
  Number high = std::numeric_limits<Number>::max();

  bool holds(Number value) const { return value >= low && value <= high; }
};

/// `kind from 1 to 5`, `kind of at least 1`: what is allowed, for people.
template <typename Number>
std::string describe(const char* kind, Range<Number> range) {
  const bool low = range.low != std::numeric_limits<Number>::lowest();
  const bool high = range.high != std::numeric_limits<Number>::max();
  if (low && high) return cat(kind, " from ", range.low, " to ", range.high);
  if (low) return cat(kind, " of at least ", range.low);
  if (high) return cat(kind, " of at most ", range.high);
  return kind;
}

}  // namespace common
