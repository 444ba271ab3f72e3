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
      next_back_off_ns_(back_off_.first_ns),
      dusk_(common::to_ns(settings_.dark.value_or(Darkness{}).hold_s)) {}

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

void Lamp::take(const common::Message& event) {
  // What has a source is no word of a camera.
  if (!settings_.dark || event.view != settings_.dark->view || !event.source.empty()) return;
  const auto fields = common::split_text(event.text);
  if (fields.size() < 3 || fields[1] != "light" || (fields[2] != "dark" && fields[2] != "lighted")) return;
  {
    const std::lock_guard lock(mutex_);
    dusk_.tell(fields[2] == "dark");
  }
  wake();
}

void Lamp::request(const LightRequestPtr& wanted) {
  LightRequestPtr before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(request_, wanted);
  }
  if (before) {
    before->failure = "something else was wanted before it was done";
    before->done = true;
  }
  wake();
}

void Lamp::run(const std::stop_token& stop, Entry& entry) {
  while (!stop.stop_requested()) {
    const LightOrder before = order_;
    const LightRequestPtr request = next_request();
    if (request) order_ = request->order;
    const std::string failure = set(entry, should_be_on());
    if (request) {
      if (!failure.empty()) order_ = before;
      request->failure = failure;
      request->done = true;
    }
    std::int64_t pause_ns = until_next_look();
    if (failure.empty()) {
      next_back_off_ns_ = back_off_.first_ns;
    } else {
      pause_ns = std::exchange(next_back_off_ns_, std::min(2 * next_back_off_ns_, back_off_.longest_ns));
    }
    pause(stop, entry, pause_ns);
  }
  if (line_) set(entry, false);
  line_.reset();
}

bool Lamp::should_be_on() {
  if (order_ != LightOrder::automatic) return order_ == LightOrder::on;
  if (!settings_.dark) return settings_.on.is_on(common::minute_of_local_day(clock_.utc_ns()));
  const std::lock_guard lock(mutex_);
  return dusk_.is_on(clock_.monotonic_ns());
}

std::int64_t Lamp::until_next_look() const {
  const std::int64_t minute_ns = kMinute - clock_.utc_ns() % kMinute;
  const std::lock_guard lock(mutex_);
  const auto due_ns = dusk_.due_ns();
  if (!due_ns || order_ != LightOrder::automatic) return minute_ns;
  return std::clamp<std::int64_t>(*due_ns - clock_.monotonic_ns(), 0, minute_ns);
}

LightRequestPtr Lamp::next_request() {
  const std::lock_guard lock(mutex_);
  return std::exchange(request_, nullptr);
}

void Lamp::pause(const std::stop_token& stop, Entry& entry, std::int64_t ns) {
  std::stop_source pause;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_news_, false)) return;
    pause_ = pause;
  }
  const std::stop_callback on_stop(stop, [&pause] { pause.request_stop(); });
  {
    const common::Liveness::Waiting waiting(entry);
    back_off_.wait(pause.get_token(), ns);
  }
  const std::lock_guard lock(mutex_);
  has_news_ = false;  // it is looked at now
}

void Lamp::wake() {
  const auto noted = [this] {
    const std::lock_guard lock(mutex_);
    has_news_ = true;
    return pause_;
  };
  // Outside the lock, which the callbacks of a stop may want.
  noted().request_stop();
}

/// The line is set even when it is so already: that is how it is seen that its chip has gone.
std::string Lamp::set(Entry& entry, bool on) {
  try {
    // A driver may take as long as it likes; that must not end the program.
    const common::Liveness::Waiting waiting(entry);
    if (!line_) line_ = open_output(chips_, settings_.address, on);
    line_->set(on);
  } catch (const std::exception& error) {
    line_.reset();
    lose(error.what());
    return error.what();
  }
  if (lost_.exchange(false)) {
    common::log::info(cat("light ", settings_.label, " is back"));
    event("back");
  }
  if (told_ != on) event(on ? "on" : "off");
  told_ = on;
  return "";
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
  reading.monotonic_ns = clock_.monotonic_ns();
  reading.time_ns = clock_.utc_of(reading.monotonic_ns);
  reading.clock_synchronised = clock_.synchronised();
  try {
    sink_(reading);
  } catch (const std::exception& error) {
    common::log::error(cat("light ", settings_.label, ": an event is lost: ", error.what()));
  }
}

}  // namespace imagenode
