#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "imagenode/line/chunk.hpp"
#include "imagenode/line/line_settings.hpp"
#include "imagenode/line/rejects.hpp"
#include "imagenode/reading/reading.hpp"

namespace imagenode {

/// Where a line's rows and news go; called from its thread.
struct LineSinks {
  ReadingSink reading;                     ///< each row, without text, and what is to be told
  std::function<void(Chunk chunk)> chunk;  ///< to be stored
  /// New rows for who looks on, a moment after they came; their chunk brings them too. May be left out.
  std::function<void(Chunk chunk)> live;
};

/// What became of what came. Thread-safe to read.
struct LineCounts {
  std::atomic<std::uint64_t> rows{0};
  std::atomic<std::uint64_t> rejected{0};  ///< rows that make no sense
  std::atomic<std::uint64_t> cut{0};       ///< rows that were not whole when their stream ended
};

/// From bytes to rows to chunks: gives each row the time of its first byte and an ID, and collects rows until a chunk
/// is full or old enough. What would wait in it for longer than kLiveDelay is shown before. Bound to a thread, but for
/// counts().
class LineRows final : public StreamUser, private FrameSink {
 public:
  LineRows(const LineSettings& settings, const LineSeams& seams, LineSinks sinks, const common::Clock& clock);

  void stream_begins(int stream) override;
  void stream_goes_on(int stream) override;
  bool stream_bytes(int stream, std::string_view bytes) override;
  void stream_ends(int stream) override;

  /// From the first byte of a row until it is on its way to who looks on. 50 ms are promised to the hub, network and
  /// all.
  static constexpr std::int64_t kLiveDelay = 30 * common::kMillisecond;

  /// When tick() has something to do, by the monotonic clock.
  std::int64_t due_ns() const { return std::min(live_due_ns(), chunk_due_ns()); }
  /// Gives away new rows and a chunk that are old enough.
  void tick();
  /// Gives away what there is.
  void flush();

  /// Goes on counting rows where another one of this line has ended.
  void succeed(const LineRows& before);

  /// So many have come.
  std::uint64_t bytes() const { return bytes_; }
  /// So many of them are of rows that are not whole yet.
  std::size_t pending() const;
  const LineCounts& counts() const { return counts_; }

 private:
  struct Stream {
    std::unique_ptr<Framing> framing;
    bool skip_next = false;
  };

  void frame(std::string_view bytes, const Moment& first) override;
  void bad_frame(std::string_view bytes, const Moment& first, const std::string& reason) override;
  void give_reading(const Moment& moment);
  std::int64_t live_due_ns() const;
  std::int64_t chunk_due_ns() const;

  const LineSettings settings_;
  const LineSinks sinks_;
  const common::Clock& clock_;
  const std::unique_ptr<LineFormat> format_;
  ChunkBuilder chunk_;
  Rejects rejects_;
  std::map<int, Stream> streams_;
  Stream* current_ = nullptr;  // whose bytes are being taken
  Row row_;
  Reading reading_;
  std::uint64_t last_id_ = 0;
  std::uint64_t bytes_ = 0;
  LineCounts counts_;
};

}  // namespace imagenode
