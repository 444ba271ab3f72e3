#include "imagehub/filing/inflow.hpp"

#include <algorithm>
#include <numeric>

namespace imagehub {

double added_bytes(const std::vector<Room>& rooms, double days) {
  double sum = 0;
  for (const Room& room : rooms) {
    double added = 0;
    for (const Inflow& inflow : room.inflows) added += std::min(inflow.bytes_per_day * days, inflow.most_bytes);
    sum += std::min(added, room.most_bytes);
  }
  return sum;
}

std::optional<double> days_until_full(const std::vector<Room>& rooms, double free_bytes) {
  constexpr double kEndOfTime = 1e15;
  constexpr int kSteps = 64;  // of a double's precision
  const double at_last = added_bytes(rooms, kEndOfTime);
  if (at_last < free_bytes || at_last <= 0) return std::nullopt;
  double early = 0;
  double late = 1;
  while (added_bytes(rooms, late) < free_bytes) late *= 2;
  for (int step = 0; step < kSteps; ++step) {
    const double middle = std::midpoint(early, late);
    (added_bytes(rooms, middle) < free_bytes ? early : late) = middle;
  }
  return early;
}

}  // namespace imagehub
