#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.hpp"
#include "common/files.hpp"
#include "common/thread.hpp"
#include "common/wait.hpp"
#include "imagenode/detect/reading_watch.hpp"
#include "imagenode/line/line_rows.hpp"

namespace imagenode {

/// Waits until one of the descriptors has news or the time is over; a seam, so that tests decide how time passes.
using PollWait = std::function<void(std::vector<pollfd>& polls, std::int64_t timeout_ns)>;
void poll_for_real(std::vector<pollfd>& polls, std::int64_t timeout_ns);

/// How long a port or peer that is lost is left alone before it is tried again; doubled from try to try until bytes
/// come.
struct LineTimes {
  std::int64_t first_ns = common::kSecond;
  std::int64_t longest_ns = 60 * common::kSecond;
  PollWait wait = poll_for_real;
};

/// One line: reads its transport, hands what comes to LineRows, has its detectors judge each row, and opens anew what
/// is lost. That is told as `<kind>|lost|<label>`, and as `|back|`. lost() and counts() are thread-safe, the rest
/// belongs to the thread that owns it.
class LineThread : private StreamUser {
 public:
  LineThread(const LineSettings& settings, const LineSeams& seams, const LineSinks& sinks, const common::Clock& clock,
             common::Liveness& liveness, LineTimes times = {});
  ~LineThread() override;
  LineThread(const LineThread&) = delete;
  LineThread& operator=(const LineThread&) = delete;

  /// Before start(): IDs, counts of rows, what detectors have told, and the place in a file that is followed go on from
  /// this one, which has stopped.
  void succeed(LineThread& before) {
    rows_.succeed(before.rows_);
    watch_.succeed(before.watch_);
    transport_->succeed(*before.transport_, before.rows_.pending());
  }
  void start();
  void request_stop();
  /// request_stop(), then waits for the thread, which gives away what it has.
  void stop();

  /// One turn of the thread: waits for news, and sees to it. Public for tests, which do without a thread.
  void turn(const std::stop_token& stop, common::Liveness::Thread& entry);
  /// The end of the thread: takes what has come by now, and gives away what it has.
  void finish();

  /// Once a second: for what detectors see in time alone, such as silence.
  void tick() { watch_.pass(); }

  const LineSettings& settings() const { return settings_; }
  bool lost() const { return lost_; }
  const LineCounts& counts() const { return rows_.counts(); }
  std::uint64_t relay_dropped() const { return relay_dropped_; }

 private:
  using Entry = common::Liveness::Thread;

  LineSinks judged(LineSinks sinks);
  void run(const std::stop_token& stop, Entry& entry);
  void open(const std::stop_token& stop, Entry& entry);
  void wait(std::int64_t timeout_ns);
  void read();
  void open_relay();
  void serve_relay();
  void stream_begins(int stream) override { rows_.stream_begins(stream); }
  void stream_goes_on(int stream) override { rows_.stream_goes_on(stream); }
  bool stream_bytes(int stream, std::string_view bytes) override;
  void stream_ends(int stream) override { rows_.stream_ends(stream); }
  void close(const std::string& why);
  std::int64_t time_left_ns() const;
  void lose(const std::string& why);
  void back();
  void event(const std::string& what);

  const LineSettings settings_;
  const LineSinks sinks_;
  const common::Clock& clock_;
  common::Liveness& liveness_;
  const LineTimes times_;
  const common::WakeUp wake_;
  ReadingWatch watch_;

  // Of the line's thread.
  const std::unique_ptr<LineTransport> transport_;
  LineRows rows_;
  Relay relay_;
  std::vector<pollfd> polls_;    // ours, those of the transport, those of the relay
  std::size_t relay_polls_ = 1;  // where the last begin
  bool open_ = false;
  bool had_stream_ = false;  // since it was opened
  std::int64_t next_open_ns_ = 0;
  std::int64_t back_off_ns_;
  std::int64_t next_relay_ns_ = 0;
  bool relay_failing_ = false;

  std::atomic<bool> lost_{false};
  std::atomic<std::uint64_t> relay_dropped_{0};

  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace imagenode
