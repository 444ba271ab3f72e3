#include "imagenode/detect/slope.hpp"

#include <cmath>

namespace imagenode {
namespace {

constexpr int kParts = 60;

double seconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

}  // namespace

Slope::Slope(std::int64_t window_ns) : window_ns_(window_ns), part_ns_(window_ns / kParts) {}

void Slope::add(double value, std::int64_t at_ns) {
  newest_ns_ = at_ns;
  if (parts_.empty() || at_ns - parts_.back().first_ns >= part_ns_) parts_.push_back({at_ns});
  Part& part = parts_.back();
  part.count += 1;
  part.seconds += seconds(at_ns - part.first_ns);
  part.values += value;
  // The oldest that stays is the first of those that make the window whole.
  while (parts_.size() > 1 && at_ns - parts_[1].first_ns >= window_ns_) parts_.pop_front();
}

std::optional<double> Slope::per_second() const {
  if (parts_.size() < 2 || newest_ns_ - parts_.front().first_ns < window_ns_) return std::nullopt;
  const auto time = [this](const Part& part) {
    return part.seconds / part.count - seconds(newest_ns_ - part.first_ns);
  };
  double count = 0;
  double mean_time = 0;
  double mean_value = 0;
  for (const Part& part : parts_) {
    count += part.count;
    mean_time += (time(part) - mean_time) * part.count / count;
    mean_value += (part.values / part.count - mean_value) * part.count / count;
  }
  double rise = 0;
  double run = 0;
  for (const Part& part : parts_) {
    const double offset = time(part) - mean_time;
    rise += part.count * offset * (part.values / part.count - mean_value);
    run += part.count * offset * offset;
  }
  const double slope = rise / run;
  if (!std::isfinite(slope)) return std::nullopt;  // values near the largest that there are
  return slope;
}

}  // namespace imagenode
