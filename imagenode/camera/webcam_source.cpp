#include "imagenode/camera/webcam_source.hpp"

#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <utility>
#include <vector>

#include "common/text.hpp"
#include "imagenode/camera/opencv_capture.hpp"

namespace imagenode {
namespace {

/// How long one wait for the driver lasts, before it is looked whether to stop.
constexpr std::int64_t kWaitSlice = 200 * common::kMillisecond;
/// A camera that gives nothing for so long is lost.
constexpr std::int64_t kSilence = 10 * common::kSecond;
/// A camera that gives so many damaged pictures in a row is lost.
constexpr int kMaxDamagedInARow = 50;

}  // namespace

struct WebcamSource::Device {
  // A vector, because that is what OpenCV waits for.
  std::vector<cv::VideoCapture> capture{1};
  PixelForm form = PixelForm::bgr;
  bool streaming = false;
  int damaged_in_a_row = 0;

  cv::VideoCapture& get() { return capture.front(); }
  int width() { return static_cast<int>(get().get(cv::CAP_PROP_FRAME_WIDTH)); }
  int height() { return static_cast<int>(get().get(cv::CAP_PROP_FRAME_HEIGHT)); }
};

WebcamSource::WebcamSource(const CameraSettings& settings, const SourceSeams& seams)
    : clock_(seams.clock),
      src_(settings.src.empty() ? "0" : settings.src),
      resolution_(settings.resolution),
      framerate_(settings.framerate) {
  if (const auto index = camera_index(src_)) src_ = common::cat("/dev/video", *index);
}

WebcamSource::~WebcamSource() = default;

void WebcamSource::open(const std::stop_token&) {
  if (!std::filesystem::exists(src_)) throw SourceError(common::cat("there is no camera ", src_));
  auto device = std::make_unique<Device>();
  try {
    device->get().open(src_, cv::CAP_V4L2);
    if (!device->get().isOpened()) {
      throw SourceError(
          common::cat(src_, " cannot be opened as a camera; is it in use, or is the group video missing?"));
    }
    configure(*device);
  } catch (const cv::Exception& error) {
    throw SourceError(common::cat(src_, ": ", error.what()));
  }
  next_ = 0;
  device_ = std::move(device);
}

void WebcamSource::configure(Device& device) const {
  cv::VideoCapture& capture = device.get();
  capture.set(cv::CAP_PROP_FOURCC, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'));
  if (resolution_) {
    capture.set(cv::CAP_PROP_FRAME_WIDTH, resolution_->width);
    capture.set(cv::CAP_PROP_FRAME_HEIGHT, resolution_->height);
  }
  if (framerate_) capture.set(cv::CAP_PROP_FPS, *framerate_);
  const std::string fourcc = fourcc_of(capture);
  if (fourcc == "MJPG" || fourcc == "JPEG") {
    device.form = PixelForm::jpeg;
  } else if (fourcc == "YUYV") {
    device.form = PixelForm::yuyv;
  }
  if (device.form != PixelForm::bgr && !capture.set(cv::CAP_PROP_CONVERT_RGB, 0)) device.form = PixelForm::bgr;
}

FramePtr WebcamSource::read(const std::stop_token& stop) {
  if (!device_) throw SourceError(common::cat(src_, " is not open"));
  try {
    while (wait_for_picture(stop)) {
      if (FramePtr frame = frame_of(*device_)) {
        ++next_;
        return frame;
      }
    }
  } catch (const cv::Exception& error) {
    throw SourceError(common::cat(src_, ": ", error.what()));
  }
  return nullptr;
}

bool WebcamSource::wait_for_picture(const std::stop_token& stop) {
  // The stream starts with the first grab; before that there is nothing to wait for.
  if (!device_->streaming) return !stop.stop_requested();
  std::vector<int> ready;
  for (std::int64_t waited = 0; waited < kSilence; waited += kWaitSlice) {
    if (stop.stop_requested()) return false;
    if (cv::VideoCapture::waitAny(device_->capture, ready, kWaitSlice)) return true;
  }
  throw SourceError(common::cat(src_, " has given no picture for ", kSilence / common::kSecond, " s"));
}

FramePtr WebcamSource::frame_of(Device& device) {
  cv::Mat picture;
  if (!device.get().grab()) throw SourceError(common::cat(src_, " gives no picture; is it unplugged?"));
  device.streaming = true;
  const auto stamp_ns = static_cast<std::int64_t>(device.get().get(cv::CAP_PROP_POS_MSEC) * common::kMillisecond);
  const CaptureTime time = captured_at(clock_, stamp_ns);
  FramePtr frame;
  if (device.get().retrieve(picture) && !picture.empty()) {
    if (device.form == PixelForm::jpeg) {
      frame = frame_of_jpeg_packet(bytes_of(picture), time, next_);
    } else if (device.form == PixelForm::yuyv) {
      const common::ByteView view = bytes_of(picture);
      const auto size = static_cast<std::size_t>(device.width()) * static_cast<std::size_t>(device.height()) * 2;
      if (view.size() >= size) {
        frame = std::make_shared<const Frame>(
            PixelForm::yuyv, device.width(), device.height(),
            common::Payload(common::Bytes(view.begin(), view.begin() + static_cast<std::ptrdiff_t>(size))), time,
            next_);
      }
    } else {
      frame = frame_of_picture(picture, time, next_);
    }
  }
  if (frame) {
    device.damaged_in_a_row = 0;
  } else {
    ++damaged_;
    if (++device.damaged_in_a_row > kMaxDamagedInARow) {
      throw SourceError(common::cat(src_, " gives nothing but damaged pictures"));
    }
  }
  return frame;
}

void WebcamSource::close() {
  device_.reset();
}

std::string WebcamSource::describe() const {
  if (!device_) return src_;
  const std::string form = device_->form == PixelForm::jpeg   ? "webcam, JPEG"
                           : device_->form == PixelForm::yuyv ? "webcam, YUYV"
                                                              : "webcam, BGR";
  return describe_capture(form, device_->width(), device_->height(), device_->get().get(cv::CAP_PROP_FPS));
}

}  // namespace imagenode
