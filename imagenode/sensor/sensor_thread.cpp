#include "imagenode/sensor/sensor_thread.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// 75.2 and 74.2 differ by a little less than 1 in binary.
constexpr double kRounding = 1e-9;

void check_finite(const std::vector<Reading>& readings) {
  for (const Reading& reading : readings) {
    for (const auto& [name, value] : reading.fields) {
      if (!std::isfinite(value)) throw SensorError(cat(name, " is not a finite number; look at scale and offset"));
    }
  }
}

}  // namespace

SensorThread::SensorThread(SensorSettings settings, std::unique_ptr<Sensor> sensor, ReadingSink sink,
                           const common::Clock& clock, common::Liveness& liveness, common::BackOff back_off)
    : settings_(std::move(settings)),
      sensor_(std::move(sensor)),
      sink_(std::move(sink)),
      watch_(settings_.label, settings_.detectors, sink_, clock),
      clock_(clock),
      liveness_(liveness),
      back_off_(std::move(back_off)),
      next_back_off_ns_(back_off_.first_ns) {}

SensorThread::~SensorThread() {
  stop();
}

void SensorThread::start() {
  thread_ = common::start_thread(liveness_, cat("sensor ", settings_.label),
                                 [this](const std::stop_token& stop, Entry& entry) { run(stop, entry); });
}

void SensorThread::request_stop() {
  thread_.request_stop();
}

void SensorThread::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

void SensorThread::run(const std::stop_token& stop, Entry& entry) {
  while (!stop.stop_requested()) {
    // From beginning to beginning, so that a slow sensor is not read less often.
    const std::int64_t next_ns = clock_.monotonic_ns() + common::to_ns(settings_.interval_s);
    if (take(stop, entry, [&] { return sensor_->read(stop); })) {
      next_back_off_ns_ = back_off_.first_ns;
      if (wait(stop, entry, next_ns)) continue;
    }
    if (stop.stop_requested()) break;
    const common::Liveness::Waiting waiting(entry);
    back_off_.wait(stop, next_back_off_ns_);
    next_back_off_ns_ = std::min(2 * next_back_off_ns_, back_off_.longest_ns);
  }
  // The stop may have come when nobody watched, with something seen that is not handed on yet.
  if (sensor_->watches()) take(stop, entry, [&] { return sensor_->watch(stop, clock_.monotonic_ns()); });
}

bool SensorThread::take(const std::stop_token& stop, Entry& entry, const Work& work) {
  std::vector<Reading> readings;
  try {
    // Hardware may take as long as it likes; that must not end the program.
    const common::Liveness::Waiting waiting(entry);
    readings = work();
    check_finite(readings);
  } catch (const std::exception& error) {
    if (!stop.stop_requested()) lose(error.what());
    return false;
  }
  back();
  for (Reading& reading : readings) hand_on(std::move(reading));
  return true;
}

bool SensorThread::wait(const std::stop_token& stop, Entry& entry, std::int64_t until_ns) {
  if (!sensor_->watches()) {
    const common::Liveness::Waiting waiting(entry);
    back_off_.wait(stop, std::max<std::int64_t>(until_ns - clock_.monotonic_ns(), 0));
    return true;
  }
  while (!stop.stop_requested() && clock_.monotonic_ns() < until_ns) {
    if (!take(stop, entry, [&] { return sensor_->watch(stop, until_ns); })) return false;
  }
  return true;
}

bool SensorThread::is_due(const Reading& reading) const {
  return std::any_of(reading.fields.begin(), reading.fields.end(), [this](const auto& field) {
    const auto sent = sent_.find(field.first);
    return sent == sent_.end() ||
           std::abs(sensor_->judged(field.second) - sent->second) >= settings_.min_difference - kRounding;
  });
}

void SensorThread::hand_on(Reading reading) {
  if (is_due(reading)) {
    for (const auto& [name, value] : reading.fields) sent_[name] = sensor_->judged(value);
    if (settings_.log_name && !reading.text.empty()) reading.text += '|' + settings_.name;
  } else {
    reading.text.clear();
  }
  give(std::move(reading));
}

void SensorThread::lose(const std::string& why) {
  if (lost_) return;
  lost_ = true;
  common::log::warn(cat("sensor ", settings_.label, " is lost: ", why, "; it is tried again and again"));
  event("lost");
}

void SensorThread::back() {
  if (!lost_) return;
  lost_ = false;
  common::log::info(cat("sensor ", settings_.label, " is back"));
  event("back");
}

void SensorThread::event(const std::string& what) {
  Reading reading;
  reading.text = cat("sensor ", settings_.label, '|', what);
  if (settings_.log_name) reading.text += '|' + settings_.name;
  give(std::move(reading));
}

void SensorThread::give(Reading reading) {
  reading.source = settings_.label;
  if (reading.time_ns == 0) {
    if (reading.monotonic_ns == 0) reading.monotonic_ns = clock_.monotonic_ns();
    reading.time_ns = clock_.utc_of(reading.monotonic_ns);
    reading.clock_synchronised = clock_.synchronised();
  }
  try {
    sink_(reading);
    watch_.judge(reading);
    failing_ = false;
  } catch (const std::exception& error) {
    if (!failing_) common::log::error(cat("sensor ", settings_.label, ": a reading is lost: ", error.what()));
    failing_ = true;
  }
}

}  // namespace imagenode
