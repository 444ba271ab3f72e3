#include "imagenode/camera/stream_source.hpp"

#include <opencv2/videoio.hpp>

#include "common/text.hpp"
#include "imagenode/camera/opencv_capture.hpp"

namespace imagenode {
namespace {

constexpr int kTimeoutMs = 5000;

}  // namespace

struct StreamSource::Stream {
  cv::VideoCapture capture;
  cv::Mat picture;
};

std::string without_password(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return url;
  const std::size_t path = url.find('/', host + 3);
  const std::size_t at = url.rfind('@', path);
  if (at == std::string::npos || at < host) return url;
  return url.substr(0, host + 3) + url.substr(at + 1);
}

StreamSource::StreamSource(const CameraSettings& settings, const SourceSeams& seams)
    : clock_(seams.clock), url_(settings.src) {}

StreamSource::~StreamSource() = default;

void StreamSource::open(const std::stop_token&) {
  auto stream = std::make_unique<Stream>();
  try {
    stream->capture.open(url_, cv::CAP_FFMPEG,
                         {cv::CAP_PROP_OPEN_TIMEOUT_MSEC, kTimeoutMs, cv::CAP_PROP_READ_TIMEOUT_MSEC, kTimeoutMs});
  } catch (const cv::Exception& error) {
    throw SourceError(common::cat(without_password(url_), ": ", error.what()));
  }
  if (!stream->capture.isOpened()) {
    throw SourceError(common::cat(without_password(url_), " does not answer, or gives no video"));
  }
  next_ = 0;
  stream_ = std::move(stream);
}

FramePtr StreamSource::read(const std::stop_token& stop) {
  if (!stream_ || stop.stop_requested()) return nullptr;
  try {
    if (!stream_->capture.read(stream_->picture)) {
      if (stop.stop_requested()) return nullptr;
      throw SourceError(common::cat(without_password(url_), " has ended"));
    }
    return frame_of_picture(stream_->picture, arrival(clock_), next_++);
  } catch (const cv::Exception& error) {
    throw SourceError(common::cat(without_password(url_), ": ", error.what()));
  }
}

void StreamSource::close() {
  stream_.reset();
}

std::string StreamSource::describe() const {
  if (!stream_) return without_password(url_);
  return describe_capture("stream, decoded to BGR", static_cast<int>(stream_->capture.get(cv::CAP_PROP_FRAME_WIDTH)),
                          static_cast<int>(stream_->capture.get(cv::CAP_PROP_FRAME_HEIGHT)),
                          stream_->capture.get(cv::CAP_PROP_FPS));
}

}  // namespace imagenode
