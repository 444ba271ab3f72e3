#include "imagenode/line/line_thread.hpp"

#include <algorithm>
#include <ctime>
#include <exception>
#include <limits>
#include <utility>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

void poll_for_real(std::vector<pollfd>& polls, std::int64_t timeout_ns) {
  const timespec timeout{timeout_ns / common::kSecond, timeout_ns % common::kSecond};
  for (auto& one : polls) one.revents = 0;
  // An interruption is as good as no news.
  if (::ppoll(polls.data(), polls.size(), timeout_ns == kNever ? nullptr : &timeout, nullptr) < 0) {
    for (auto& one : polls) one.revents = 0;
  }
}

LineThread::LineThread(const LineSettings& settings, const LineSeams& seams, const LineSinks& sinks,
                       const common::Clock& clock, common::Liveness& liveness, LineTimes times)
    : settings_(settings),
      sinks_(sinks),
      clock_(clock),
      liveness_(liveness),
      times_(std::move(times)),
      watch_(settings.label, settings.detectors, sinks.reading, clock),
      transport_(settings.transport.make(seams)),
      rows_(settings, seams, judged(sinks), clock),
      relay_(settings.relay),
      back_off_ns_(times_.first_ns) {}

LineThread::~LineThread() {
  stop();
}

/// Rows come by the thousand: those of a line without detectors take no way round.
LineSinks LineThread::judged(LineSinks sinks) {
  if (watch_.empty()) return sinks;
  sinks.reading = [this, give = std::move(sinks.reading)](const Reading& row) {
    give(row);
    watch_.judge(row);
  };
  return sinks;
}

void LineThread::start() {
  thread_ = common::start_thread(liveness_, cat("line ", settings_.label),
                                 [this](const std::stop_token& stop, Entry& entry) { run(stop, entry); });
}

void LineThread::request_stop() {
  thread_.request_stop();
  wake_.signal();
}

void LineThread::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

void LineThread::run(const std::stop_token& stop, Entry& entry) {
  while (!stop.stop_requested()) turn(stop, entry);
  finish();
}

void LineThread::turn(const std::stop_token& stop, Entry& entry) {
  if (!open_ && clock_.monotonic_ns() >= next_open_ns_) open(stop, entry);
  if (relay_.wanted() && !relay_.is_open() && clock_.monotonic_ns() >= next_relay_ns_) open_relay();
  {
    const common::Liveness::Waiting waiting(entry);
    wait(time_left_ns());
  }
  if (stop.stop_requested()) return;
  read();
  serve_relay();
  rows_.tick();
}

void LineThread::finish() {
  // What has been sent by now; one who goes on sending is not listened to for ever.
  constexpr int kMostReads = 16;
  const auto has_news = [](const pollfd& one) { return one.revents != 0; };
  for (int reads = 0; reads < kMostReads; ++reads) {
    wait(0);
    if (std::none_of(polls_.begin() + 1, polls_.begin() + static_cast<std::ptrdiff_t>(relay_polls_), has_news)) break;
    read();
  }
  transport_->close(*this);
  rows_.flush();
}

void LineThread::open(const std::stop_token& stop, Entry& entry) {
  try {
    // A name server or a driver may take as long as it likes; that must not end the program.
    const common::Liveness::Waiting waiting(entry);
    transport_->open(stop, *this);
  } catch (const std::exception& error) {
    if (!stop.stop_requested()) close(error.what());
    return;
  }
  open_ = true;
  had_stream_ = false;
  back();
}

void LineThread::wait(std::int64_t timeout_ns) {
  polls_.assign(1, {wake_.fd(), POLLIN, 0});
  if (open_) transport_->watch(polls_);
  relay_polls_ = polls_.size();
  relay_.watch(polls_, transport_->room());
  times_.wait(polls_, timeout_ns);
}

void LineThread::read() {
  if (!open_) return;
  const std::uint64_t before = rows_.bytes();
  try {
    transport_->work(std::span(polls_).subspan(1, relay_polls_ - 1), *this);
  } catch (const std::exception& error) {
    close(error.what());
    return;
  }
  if (rows_.bytes() > before) back_off_ns_ = times_.first_ns;
  if (transport_->has_stream()) {
    had_stream_ = true;
    back();
  } else if (std::exchange(had_stream_, false)) {
    lose("nobody is connected any more");
  }
}

bool LineThread::stream_bytes(int stream, std::string_view bytes) {
  relay_.give(bytes);
  return rows_.stream_bytes(stream, bytes);
}

void LineThread::open_relay() {
  try {
    relay_.open();
    if (std::exchange(relay_failing_, false)) common::log::info(cat("line ", settings_.label, ": the relay is back"));
  } catch (const std::exception& error) {
    next_relay_ns_ = clock_.monotonic_ns() + times_.first_ns;
    if (std::exchange(relay_failing_, true)) return;
    common::log::warn(cat("line ", settings_.label, ": no relay: ", error.what(), "; it is tried again and again"));
  }
}

/// Readers come and go, and what they send goes back to the line.
void LineThread::serve_relay() {
  try {
    // Whoever would take their bytes may have gone since they were waited for.
    const std::string back = relay_.work(std::span(polls_).subspan(relay_polls_), transport_->room());
    if (!back.empty()) transport_->write(back);  // standard input may be there for reading only
  } catch (const std::exception& error) {
    common::log::warn(cat("line ", settings_.label, ": ", error.what()));
    next_relay_ns_ = clock_.monotonic_ns() + times_.first_ns;
  }
  if (relay_.dropped() == relay_dropped_) return;
  common::log::warn(cat("line ", settings_.label, ": a reader of the relay was too slow and is dropped"));
  relay_dropped_ = relay_.dropped();
}

void LineThread::close(const std::string& why) {
  transport_->close(*this);
  open_ = false;
  next_open_ns_ = clock_.monotonic_ns() + back_off_ns_;
  back_off_ns_ = std::min(2 * back_off_ns_, times_.longest_ns);
  lose(why);
}

/// Until there is something to do that nobody brings news of.
std::int64_t LineThread::time_left_ns() const {
  std::int64_t due = std::min(rows_.due_ns(), open_ ? kNever : next_open_ns_);
  if (relay_.wanted() && !relay_.is_open()) due = std::min(due, next_relay_ns_);
  return due == kNever ? kNever : std::max<std::int64_t>(due - clock_.monotonic_ns(), 0);
}

void LineThread::lose(const std::string& why) {
  if (lost_) return;
  lost_ = true;
  common::log::warn(cat("line ", settings_.label, " is lost: ", why, "; it is tried again and again"));
  event("lost");
}

void LineThread::back() {
  if (!lost_) return;
  lost_ = false;
  common::log::info(cat("line ", settings_.label, " is back"));
  event("back");
}

void LineThread::event(const std::string& what) {
  if (!settings_.report) return;
  Reading reading;
  reading.source = settings_.label;
  reading.monotonic_ns = clock_.monotonic_ns();
  reading.time_ns = clock_.utc_of(reading.monotonic_ns);
  reading.clock_synchronised = clock_.synchronised();
  reading.text = cat(settings_.kind, '|', what, '|', settings_.label);
  sinks_.reading(reading);
}

}  // namespace imagenode
