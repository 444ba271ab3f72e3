#pragma once

#include <limits>
#include <optional>
#include <vector>

/// How a disk fills: what comes, and at what limits hold it. Thread-safe.
namespace imagehub {

/// What comes from one node.
struct Inflow {
  double bytes_per_day = 0;
  double most_bytes = std::numeric_limits<double>::infinity();  ///< so much will be added: then as much goes as comes
};

/// What shares a limit of bytes.
struct Room {
  std::vector<Inflow> inflows;
  double most_bytes = std::numeric_limits<double>::infinity();  ///< that will be added to all of them together
};

/// What will have been added after so many days.
double added_bytes(const std::vector<Room>& rooms, double days);

/// When what is free will be taken; nothing when that is never.
std::optional<double> days_until_full(const std::vector<Room>& rooms, double free_bytes);

}  // namespace imagehub
