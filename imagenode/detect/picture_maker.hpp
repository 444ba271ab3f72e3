#pragma once

#include <vector>

#include "common/message.hpp"
#include "imagenode/detect/detector_settings.hpp"
#include "imagenode/frame/send_type.hpp"

namespace imagenode {

/// Makes the pictures of a view that are sent: the whole frame or a part of it, in colour or grey, as JPEG or array,
/// with what the detectors draw. A camera's JPEG is sent as it came, and its grey without loss, where that is possible.
/// Throws common::JpegError when a frame cannot be decoded. Bound to the thread of its camera.
class PictureMaker {
 public:
  PictureMaker(SendType send_type, int jpeg_quality, std::vector<DetectorSettings> detectors);

  /// Puts a picture of the frame into the message, with what the detectors draw on it.
  void put(const Frame& frame, const PictureForm& form, common::Message& message) const;
  /// The whole frame as it is.
  void put_plain(const Frame& frame, common::Message& message) const { put_form(frame, {}, message); }
  /// An 8-bit picture, or 16-bit grey when pictures are sent as arrays.
  void put(const common::Image& picture, common::Message& message) const;

 private:
  void put_form(const Frame& frame, const PictureForm& form, common::Message& message) const;
  void put_gray(const Frame& frame, const PictureForm& form, common::Message& message) const;
  common::Image drawn(const Frame& frame, const PictureForm& form) const;

  SendType send_type_;
  int jpeg_quality_;
  std::vector<DetectorSettings> detectors_;
  bool draws_;
};

}  // namespace imagenode
