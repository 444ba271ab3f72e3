#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/image.hpp"
#include "common/payload.hpp"
#include "imagenode/frame/roi_pixels.hpp"

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

/// One captured picture in the form that the camera gave it. Other forms are made on request, once, and kept until
/// trim(). Throws common::JpegError on damaged JPEG data. Bound to the thread of its camera; not thread-safe.
///
/// Luminance is what the camera calls it: of YUV forms the Y samples as they are, of JPEG its first component, of BGR
/// the grey that OpenCV makes of it. YUV 4:2:0 is full range (sYCC), as rpicam-vid and JPEG have it; YUYV is BT.601
/// in video range, as webcams have it.
class Frame {
 public:
  /// Throws std::invalid_argument when the data is too short for the form and size.
  Frame(PixelForm form, int width, int height, common::Payload data, CaptureTime time, std::int64_t number);

  PixelForm form() const { return form_; }
  bool is_gray() const { return form_ == PixelForm::gray8 || form_ == PixelForm::gray16; }
  int width() const { return width_; }
  int height() const { return height_; }
  CaptureTime time() const { return time_; }
  std::int64_t number() const { return number_; }  ///< from 0, in the order of capture
  const common::Payload& data() const { return data_; }

  /// 8-bit grey at 1/scale of the size (1, 2, 4 or 8; rounded up). A JPEG has the size that its own header says.
  const common::Image& gray(int scale = 1, Decoding decoding = Decoding::luminance) const;
  /// 8-bit colour at the same scales.
  const common::Image& bgr(int scale = 1) const;
  /// A part of bgr(). Unless the frame is a JPEG only this part is converted, and not kept. Where colour has fewer
  /// samples than brightness the pixels at its edges may differ a little. Throws std::out_of_range when the part does
  /// not lie in the picture.
  common::Image bgr_part(const RoiPixels& part) const;

  /// The camera's own JPEG when it gave one (`quality` then has no say), else encoded: colour, or grey for grey forms.
  const common::Payload& jpeg(int quality) const;

  /// Gives up the uncompressed forms made so far, so that a kept frame is as small as it came. Their memory is used
  /// again by the next frame of this thread. References to them end here.
  void trim() const;

 private:
  PixelForm form_;
  int width_;
  int height_;
  common::Payload data_;
  CaptureTime time_;
  std::int64_t number_;
  static constexpr std::size_t kScales = 4;

  static std::size_t index_of(int scale);
  void make_gray(int scale, Decoding decoding, common::Image& out) const;
  void make_bgr(int scale, common::Image& out) const;

  // What was made on request. Indexed by decoding and log2 of the scale.
  mutable std::array<std::array<common::Image, kScales>, 2> gray_;
  mutable std::array<common::Image, kScales> bgr_;
  mutable std::optional<common::Payload> jpeg_;
  mutable int jpeg_quality_ = 0;
};

using FramePtr = std::shared_ptr<const Frame>;

}  // namespace imagenode
