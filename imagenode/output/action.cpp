#include "imagenode/output/action.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/field_text.hpp"
#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::size_t kMaxReason = 300;

}  // namespace

Action::Action(ActionSettings settings, const DeedSeams& seams, ReadingSink sink, const common::Clock& clock,
               common::Liveness& liveness)
    : settings_(std::move(settings)),
      deed_(settings_.kind.make(seams)),
      sink_(std::move(sink)),
      clock_(clock),
      liveness_(liveness),
      limits_(settings_.limits) {}

Action::~Action() {
  stop();
}

void Action::start() {
  thread_ = common::start_thread(liveness_, cat("action ", settings_.label),
                                 [this](const std::stop_token& stop, Entry& entry) { run(stop, entry); });
}

void Action::request_stop() {
  thread_.request_stop();
}

void Action::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
    if (!waiting_.empty()) held_back_["at_stop"] += waiting_.size();
    counts_.held_back += waiting_.size();
    waiting_.clear();
  }
  tell_held_back(true);
}

void Action::take(const common::MessagePtr& event) {
  const auto is_meant = [&](const EventPattern& pattern) { return pattern.matches(event->text); };
  if (std::none_of(settings_.when.begin(), settings_.when.end(), is_meant)) return;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    const std::int64_t now_ns = clock_.monotonic_ns();
    const char* why = nullptr;
    if (waiting_.size() >= kMaxWaiting) {
      why = "queue_full";
    } else if (const auto verdict = limits_.ask(now_ns); verdict != ActionLimits::Verdict::go) {
      why = verdict == ActionLimits::Verdict::cooling_down ? "cool_down" : "at_most";
    }
    if (why == nullptr) {
      waiting_.push_back(event);
    } else {
      ++held_back_[why];
      ++counts_.held_back;
      if (!held_since_ns_) held_since_ns_ = now_ns;
    }
  }
  changed_.notify_one();
}

void Action::tick() {
  tell_held_back(false);
}

ActionCounts Action::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Action::run(const std::stop_token& stop, Entry& entry) {
  try {
    const common::Liveness::Waiting waiting(entry);
    if (!settings_.dry_run) deed_->prepare();
  } catch (const std::exception& error) {
    common::log::warn(cat("action ", settings_.label, " could not be done now: ", error.what()));
  }
  while (const auto event = next(stop, entry)) carry_out(*event, stop, entry);
}

common::MessagePtr Action::next(const std::stop_token& stop, Entry& entry) {
  const common::Liveness::Waiting waiting(entry);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
  if (stop.stop_requested()) return nullptr;
  auto event = std::move(waiting_.front());
  waiting_.pop_front();
  return event;
}

void Action::carry_out(const common::Message& event, const std::stop_token& stop, Entry& entry) {
  const std::int64_t begun_ns = clock_.monotonic_ns();
  std::string failure;
  try {
    // A server or program may take its whole timeout; that must not end ours.
    const common::Liveness::Waiting waiting(entry);
    if (settings_.dry_run) {
      common::log::info(cat("action ", settings_.label, ", dry run: ", common::escaped(deed_->plan(event))));
    } else {
      deed_->carry_out(event, stop);
    }
  } catch (const std::exception& error) {
    failure = error.what();
    if (failure.empty()) failure = "for an unknown reason";
  }
  {
    const std::lock_guard lock(mutex_);
    ++(failure.empty() ? counts_.done : counts_.failed);
  }
  const bool fails = !failure.empty();
  if (std::exchange(failing_, fails) != fails) {
    if (fails) {
      common::log::warn(cat("action ", settings_.label, " failed: ", common::escaped(failure)));
    } else {
      common::log::info(cat("action ", settings_.label, " works again"));
    }
  }
  const double took_s = static_cast<double>(clock_.monotonic_ns() - begun_ns) / 1e9;
  tell(fails ? "failed|" + common::as_field(failure, kMaxReason) : (settings_.dry_run ? "dry run" : "done"),
       {{"took", took_s}});
}

void Action::tell_held_back(bool is_end) {
  HeldBack held_back;
  {
    const std::lock_guard lock(mutex_);
    const bool is_due = is_end || (held_since_ns_ && clock_.monotonic_ns() >= *held_since_ns_ + kTellEvery);
    if (!is_due || held_back_.empty()) return;
    held_back = std::exchange(held_back_, {});
    held_since_ns_.reset();
  }
  std::uint64_t all = 0;
  std::map<std::string, double> fields;
  for (const auto& [why, count] : held_back) {
    all += count;
    fields[why] = static_cast<double>(count);
  }
  tell(cat("held back|", all), std::move(fields));
}

void Action::tell(const std::string& outcome, std::map<std::string, double> fields) {
  Reading reading;
  reading.source = settings_.label;
  reading.text = cat("action|", settings_.label, '|', outcome);
  reading.fields = std::move(fields);
  if (reading.fields.contains("took")) reading.units["took"] = "s";
  reading.monotonic_ns = clock_.monotonic_ns();
  reading.time_ns = clock_.utc_of(reading.monotonic_ns);
  reading.clock_synchronised = clock_.synchronised();
  try {
    sink_(reading);
  } catch (const std::exception& error) {
    common::log::error(cat("action ", settings_.label, ": an event is lost: ", error.what()));
  }
}

}  // namespace imagenode
