#include "imagehub/filing/forecast.hpp"

#include <algorithm>
#include <cmath>

#include "common/text.hpp"

namespace imagehub {
namespace {

constexpr std::int64_t kHour = 3600 * common::kSecond;
constexpr std::int64_t kDay = 24 * kHour;
/// Today and the six days before.
constexpr std::int64_t kDaysBefore = 6;
/// It has got better when there is so much more than what was warned of.
constexpr double kBetter = 1.25;
constexpr double kWarnings[] = {0, 7, 1};

}  // namespace

Forecast::Forecast(const RetentionSettings& retention, Index& index, common::FileSystem& files,
                   std::filesystem::path data, const common::Clock& clock)
    : retention_(retention), index_(index), growth_(index), files_(files), data_(std::move(data)), clock_(clock) {}

std::optional<std::string> Forecast::measure() {
  const std::int64_t now = clock_.utc_ns();
  const std::int64_t today = now / kDay;
  double bytes = 0;
  const auto add_what_stays = [&](const std::vector<Growth::OfNode>& came, const ClassRetention& limits) {
    for (const auto& node : came) {
      if (!limits.of(node.node).any()) bytes += static_cast<double>(node.bytes);
    }
  };
  add_what_stays(growth_.images(today - kDaysBefore, today), retention_.images);
  add_what_stays(growth_.rows(today - kDaysBefore, today), retention_.data);
  const std::int64_t since = std::max((today - kDaysBefore) * kDay, growth_.start_ns());
  const double days = static_cast<double>(std::max(now - since, kHour)) / static_cast<double>(kDay);
  const double per_day = bytes / days;
  std::optional<double> left;
  if (per_day > 0) left = static_cast<double>(files_.space(data_).free_bytes) / per_day;
  {
    const std::lock_guard lock(mutex_);
    status_ = {per_day, left};
  }
  return warning(left, today);
}

std::optional<std::string> Forecast::warning(std::optional<double> left, std::int64_t today) {
  if (!told_) told_ = growth_.told();
  int told = *told_;
  while (told > 0 && (!left || *left > kWarnings[told] * kBetter)) --told;
  const int due = !left || *left > kWarnings[1] ? 0 : *left > kWarnings[2] ? 1 : 2;
  std::optional<std::string> text;
  if (due > told) {
    told = due;
    const auto days = static_cast<int>(std::max(std::ceil(*left), 1.0));
    text = common::cat("imagehub|disk|full in ", days, days == 1 ? " day" : " days");
  }
  if (told == *told_ && today == pruned_day_) return std::nullopt;
  growth_.remember(index_, told, today - kDaysBefore);
  told_ = told;
  pruned_day_ = today;
  return text;
}

Forecast::Status Forecast::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace imagehub
