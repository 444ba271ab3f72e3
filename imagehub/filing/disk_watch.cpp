#include "imagehub/filing/disk_watch.hpp"

#include "common/log.hpp"

namespace imagehub {
namespace {

constexpr std::int64_t kForecastInterval = 60 * common::kSecond;

}  // namespace

DiskWatch::DiskWatch(Reserve& reserve, Forecast& forecast, Filing& filing, const common::Clock& clock, Note note)
    : reserve_(reserve), forecast_(forecast), filing_(filing), clock_(clock), note_(std::move(note)) {}

void DiskWatch::tell_full() {
  const bool full = !reserve_.room_for_images();
  // Not only when it has changed: a writer may have seen the room before us, or found none in between.
  if (!full) filing_.retry_now();
  if (full == told_full_) return;
  told_full_ = full;
  if (full) {
    common::log::error("the disk is full: images wait, events go through while the reserve lasts");
  } else {
    common::log::info("the disk has space again");
  }
  note_(full ? "imagehub|disk|full" : "imagehub|disk|space again");
}

void DiskWatch::look_ahead() {
  if (clock_.monotonic_ns() < next_forecast_ns_) return;
  next_forecast_ns_ = clock_.monotonic_ns() + kForecastInterval;
  // The task may run after we are gone, while Filing ends.
  filing_.soon([&forecast = forecast_, note = note_] {
    if (const auto warning = forecast.measure()) {
      common::log::warn(*warning);
      note(*warning);
    }
  });
}

}  // namespace imagehub
