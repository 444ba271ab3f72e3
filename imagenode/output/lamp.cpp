#include "imagenode/output/lamp.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/local_time.hpp"
#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::int64_t kMinute = 60 * common::kSecond;

}  // namespace

Lamp::Lamp(LampSettings settings, GpioChips chips, ReadingSink sink, const common::Clock& clock,
           common::Liveness& liveness, common::BackOff back_off)
    : settings_(std::move(settings)),
      chips_(std::move(chips)),
      sink_(std::move(sink)),
      clock_(clock),
      liveness_(liveness),
      back_off_(std::move(back_off)),
      next_back_off_ns_(back_off_.first_ns) {}

Lamp::~Lamp() {
  stop();
}

void Lamp::start() {
  thread_ = common::start_thread(liveness_, cat("light ", settings_.label),
                                 [this](const std::stop_token& stop, Entry& entry) { run(stop, entry); });
}

void Lamp::request_stop() {
  thread_.request_stop();
}

void Lamp::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

void Lamp::run(const std::stop_token& stop, Entry& entry) {
  while (!stop.stop_requested()) {
    const std::int64_t utc_ns = clock_.utc_ns();
    std::int64_t pause_ns = kMinute - utc_ns % kMinute;
    if (set(entry, settings_.on.is_on(common::minute_of_local_day(utc_ns)))) {
      next_back_off_ns_ = back_off_.first_ns;
    } else {
      pause_ns = std::exchange(next_back_off_ns_, std::min(2 * next_back_off_ns_, back_off_.longest_ns));
    }
    const common::Liveness::Waiting waiting(entry);
    back_off_.wait(stop, pause_ns);
  }
  if (line_) set(entry, false);
  line_.reset();
}

/// The line is set even when it is so already: that is how it is seen that its chip has gone.
bool Lamp::set(Entry& entry, bool on) {
  try {
    // A driver may take as long as it likes; that must not end the program.
    const common::Liveness::Waiting waiting(entry);
    if (!line_) line_ = open_output(chips_, settings_.address, on);
    line_->set(on);
  } catch (const std::exception& error) {
    line_.reset();
    lose(error.what());
    return false;
  }
  if (lost_.exchange(false)) {
    common::log::info(cat("light ", settings_.label, " is back"));
    event("back");
  }
  if (told_ != on) event(on ? "on" : "off");
  told_ = on;
  return true;
}

void Lamp::lose(const std::string& why) {
  if (lost_.exchange(true)) return;
  common::log::warn(cat("light ", settings_.label, " is lost: ", why, "; it is tried again and again"));
  event("lost");
}

void Lamp::event(const std::string& what) {
  Reading reading;
  reading.source = settings_.label;
  reading.text = cat("light ", settings_.label, '|', what);
  reading.time_ns = clock_.utc_ns();
  reading.monotonic_ns = clock_.monotonic_ns();
  reading.clock_synchronised = clock_.synchronised();
  try {
    sink_(reading);
  } catch (const std::exception& error) {
    common::log::error(cat("light ", settings_.label, ": an event is lost: ", error.what()));
  }
}

}  // namespace imagenode
