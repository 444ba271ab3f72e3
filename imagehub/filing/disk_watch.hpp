#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "common/clock.hpp"
#include "imagehub/filing/filing.hpp"
#include "imagehub/filing/forecast.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {

/// Tells, in the log and as events of the hub, that the disk is full, that it has space again, and when it will be
/// full. Bound to one thread.
class DiskWatch {
 public:
  /// An event of the hub's own; called on the thread that commits, too.
  using Note = std::function<void(const std::string& text)>;
  DiskWatch(Reserve& reserve, Forecast& forecast, Filing& filing, const common::Clock& clock, Note note);

  /// Once per change. While there is space, nobody waits for it.
  void tell_full();
  /// Has the thread that commits measure once a minute how long the disk will do.
  void look_ahead();

 private:
  Reserve& reserve_;
  Forecast& forecast_;
  Filing& filing_;
  const common::Clock& clock_;
  const Note note_;
  bool told_full_ = false;
  std::int64_t next_forecast_ns_ = 0;
};

}  // namespace imagehub
