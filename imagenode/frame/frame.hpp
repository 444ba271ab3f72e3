#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/image.hpp"
#include "common/payload.hpp"

namespace imagenode {

/// How the camera gave the pixels. Planes and rows without padding; gray16 in the byte order of the machine.
enum class PixelForm { jpeg, yuv420, yuyv, bgr, gray8, gray16 };

const char* name_of(PixelForm form);

/// When a frame was captured, as close to the sensor as its source can tell.
struct CaptureTime {
  std::int64_t utc_ns = 0;
  std::int64_t monotonic_ns = 0;
};

/// How frames are decoded for analysis: luminance alone, or in full colour and then to grey as the Python reference
/// does.
enum class Decoding { luminance, full };

/// One captured picture in the form that the camera gave it. Other forms are made on request, once, and kept.
/// Throws common::JpegError on damaged JPEG data. Bound to the thread of its camera; not thread-safe.
class Frame {
 public:
  Frame(PixelForm form, int width, int height, common::Payload data, CaptureTime time, std::int64_t number);

  PixelForm form() const { return form_; }
  int width() const { return width_; }
  int height() const { return height_; }
  CaptureTime time() const { return time_; }
  std::int64_t number() const { return number_; }  ///< from 0, in the order of capture
  const common::Payload& data() const { return data_; }

  /// 8-bit grey at 1/scale of the size (1, 2, 4 or 8; rounded up).
  const common::Image& gray(int scale = 1, Decoding decoding = Decoding::luminance) const;
  const common::Image& bgr() const;

  /// The camera's own JPEG when it gave one (`quality` then has no say), else encoded.
  const common::Payload& jpeg(int quality) const;

 private:
  PixelForm form_;
  int width_;
  int height_;
  common::Payload data_;
  CaptureTime time_;
  std::int64_t number_;
  // What was made on request. Indexed by decoding and log2 of the scale.
  mutable std::array<std::array<common::Image, 4>, 2> gray_;
  mutable common::Image bgr_;
  mutable std::optional<common::Payload> jpeg_;
};

using FramePtr = std::shared_ptr<const Frame>;

}  // namespace imagenode
