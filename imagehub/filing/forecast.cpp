#include "imagehub/filing/forecast.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

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
constexpr double kGigabyte = 1e9;

struct Disk {
  double free_bytes = 0;
  std::vector<Room> rooms;
};

}  // namespace

Forecast::Forecast(const RetentionSettings& retention, Index& index, common::FileSystem& files,
                   std::filesystem::path data, const common::Clock& clock)
    : retention_(retention), index_(index), growth_(index), files_(files), data_(std::move(data)), clock_(clock) {}

std::optional<std::string> Forecast::measure() {
  const std::int64_t now = clock_.utc_ns();
  const std::int64_t today = now / kDay;
  const std::int64_t first = today - kDaysBefore;
  const std::int64_t since = std::max(first * kDay, growth_.start_ns());
  const double days = static_cast<double>(std::max(now - since, kHour)) / static_cast<double>(kDay);
  const bool adopted = retention_.include_adopted;
  std::map<std::uint64_t, Disk> disks;
  const auto add = [&](const char* folder, std::vector<Room> rooms) {
    const common::Space there = space(folder);
    Disk& disk = disks[there.disk];
    disk.free_bytes = static_cast<double>(there.free_bytes);
    std::move(rooms.begin(), rooms.end(), std::back_inserter(disk.rooms));
  };
  add("images", rooms(growth_.images(first, today), growth_.stored_images(adopted), retention_.images, days));
  add("data", rooms(growth_.rows(first, today), growth_.stored_rows(adopted), retention_.data, days));
  Status found;
  for (const auto& [number, disk] : disks) {
    const auto left = days_until_full(disk.rooms, disk.free_bytes);
    const double per_day = added_bytes(disk.rooms, 1);
    if (left && (!found.days_left || *left < *found.days_left)) {
      found = {per_day, left};
    } else if (!found.days_left) {
      found.bytes_per_day += per_day;
    }
  }
  {
    const std::lock_guard lock(mutex_);
    status_ = found;
  }
  return warning(found.days_left, today);
}

/// What comes of each node, and at what its limits will hold it.
std::vector<Room> Forecast::rooms(const std::vector<Growth::OfNode>& came, const std::vector<Growth::OfNode>& stored,
                                  const ClassRetention& limits, double days) const {
  std::map<std::string, double> there;
  std::map<std::string, double> there_by_room;
  for (const auto& [node, bytes] : stored) {
    there[node] = static_cast<double>(bytes);
    there_by_room[limits.room_of(node)] += static_cast<double>(bytes);
  }
  std::map<std::string, Room> rooms;
  for (const auto& [node, bytes] : came) {
    const RetentionLimits& of_node = limits.of(node);
    if (of_node.min_free_gb) continue;
    Inflow inflow;
    inflow.bytes_per_day = static_cast<double>(bytes) / days;
    if (of_node.keep_days) inflow.most_bytes = std::max(inflow.bytes_per_day * *of_node.keep_days - there[node], 0.0);
    const std::string& name = limits.room_of(node);
    Room& room = rooms[name];
    room.inflows.push_back(inflow);
    const auto& max_gb = name.empty() ? limits.all.max_gb : of_node.max_gb;
    if (max_gb) room.most_bytes = std::max(*max_gb * kGigabyte - there_by_room[name], 0.0);
  }
  std::vector<Room> all;
  all.reserve(rooms.size());
  for (auto& [name, room] : rooms) all.push_back(std::move(room));
  return all;
}

/// Of a folder that may be a disk of its own.
common::Space Forecast::space(const char* folder) const {
  const std::filesystem::path path = data_ / folder;
  return files_.space(common::exists(files_, path) ? path : data_);
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
