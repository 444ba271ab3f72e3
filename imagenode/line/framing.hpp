#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "imagenode/line/moment.hpp"

namespace imagenode {

/// Who takes the frames. The bytes are gone afterwards.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  /// `first` is when the first byte of the frame came.
  virtual void frame(std::string_view bytes, const Moment& first) = 0;
  /// What cannot be a frame; of a long one the beginning.
  virtual void bad_frame(std::string_view bytes, const Moment& first, const std::string& reason) = 0;
};

/// Cuts one stream of bytes into frames, however they come in pieces. Holds at most one frame. Bound to its thread.
class Framing {
 public:
  Framing() = default;
  Framing(const Framing&) = delete;
  Framing& operator=(const Framing&) = delete;
  virtual ~Framing() = default;

  /// False when nobody can say any more where a frame begins: the stream has to be closed.
  virtual bool take(std::string_view bytes, const Moment& now, FrameSink& sink) = 0;

  /// Bytes of the frame that is not whole yet.
  virtual std::size_t pending() const = 0;
};

using FramingMaker = std::function<std::unique_ptr<Framing>()>;

}  // namespace imagenode
