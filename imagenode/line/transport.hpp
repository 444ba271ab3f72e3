#pragma once

#include <poll.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.hpp"

namespace imagenode {

/// There is nothing to read, or not any more. Says what a user can do about it.
struct LineError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Who takes what a transport brings. A stream is a port, a connection or a file: bytes in their order, with one
/// beginning and one end.
class StreamUser {
 public:
  virtual ~StreamUser() = default;
  virtual void stream_begins(int stream) = 0;
  /// The same for one of which another transport has brought the rows before.
  virtual void stream_goes_on(int stream) = 0;
  /// False when the stream makes no sense any more and is to be closed.
  virtual bool stream_bytes(int stream, std::string_view bytes) = 0;
  virtual void stream_ends(int stream) = 0;
};

/// Where the bytes of a line come from. Bound to its thread; may be made elsewhere. Closed at first.
class LineTransport {
 public:
  LineTransport() = default;
  LineTransport(const LineTransport&) = delete;
  LineTransport& operator=(const LineTransport&) = delete;
  virtual ~LineTransport() = default;

  /// Before open(): this one takes the place of a closed one; the last `pending` bytes which that one brought were of a
  /// row that was not whole yet.
  virtual void succeed(LineTransport& /*before*/, std::size_t /*pending*/) {}

  /// Throws LineError or std::system_error when that is not possible now; the transport stays closed. A stop ends it.
  virtual void open(const std::stop_token& stop, StreamUser& user) = 0;
  /// Ends all streams, but for what can go on when it is opened again.
  virtual void close(StreamUser& user) = 0;

  /// Whether there is a stream to read. One that listens has none while nobody is connected.
  virtual bool has_stream() const = 0;
  /// Adds the descriptors on which there will be news.
  virtual void watch(std::vector<pollfd>& polls) const = 0;
  /// Reads what is there, not more than a few 100 KB. `news` is what watch() added, as poll left it. Throws LineError
  /// or std::system_error when it is lost; it is then to be closed.
  virtual void work(std::span<const pollfd> news, StreamUser& user) = 0;

  /// Room for bytes that go back to whoever sends, none while nobody is there; and such bytes, no more than that.
  virtual std::size_t room() const = 0;
  virtual void write(std::string_view bytes) = 0;
};

/// What a line needs from outside.
struct LineSeams {
  common::FileSystem& files;
  std::filesystem::path folder;  ///< of what lines leave on this computer
};

using TransportMaker = std::function<std::unique_ptr<LineTransport>(const LineSeams&)>;

}  // namespace imagenode
