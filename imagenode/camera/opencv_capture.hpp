#pragma once

#include <string>

#include "imagenode/frame/frame.hpp"

namespace cv {
class Mat;
class VideoCapture;
}  // namespace cv

/// What the sources that capture through OpenCV share. Only their .cpp files include this.
namespace imagenode {

/// The fourcc that the capture reports, as text: "MJPG".
std::string fourcc_of(const cv::VideoCapture& capture);

/// One row of bytes.
common::ByteView bytes_of(const cv::Mat& packet);

/// A decoded picture (8 bits, BGR or grey) as a frame that owns the pixels.
FramePtr frame_of_picture(const cv::Mat& picture, CaptureTime time, std::int64_t number);

/// A packet of Motion JPEG as a frame; nothing when it is damaged.
FramePtr frame_of_jpeg_packet(common::ByteView packet, CaptureTime time, std::int64_t number);

}  // namespace imagenode
