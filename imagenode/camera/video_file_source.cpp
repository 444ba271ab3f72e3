#include "imagenode/camera/video_file_source.hpp"

#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>

#include "common/jpeg.hpp"
#include "common/text.hpp"
#include "imagenode/camera/opencv_capture.hpp"

namespace imagenode {
namespace {

/// What a file that does not tell its rate is played at.
constexpr double kDefaultFps = 25;
constexpr double kMaxFps = 1000;

/// Opened for raw packets, when they are single JPEG pictures of the size of the video; else left closed. (Interlaced
/// Motion JPEG holds two half pictures in a packet.)
bool open_compressed(cv::VideoCapture& capture, const std::string& path) {
  cv::VideoCapture trial(path, cv::CAP_FFMPEG, {cv::CAP_PROP_FORMAT, -1});
  if (!trial.isOpened() || fourcc_of(trial) != "MJPG") return false;
  const auto height = static_cast<int>(trial.get(cv::CAP_PROP_FRAME_HEIGHT));
  cv::Mat packet;
  if (!trial.read(packet)) return false;
  const FramePtr first = frame_of_jpeg_packet(bytes_of(packet), {}, 0);
  if (!first || first->height() != height) return false;
  return capture.open(path, cv::CAP_FFMPEG, {cv::CAP_PROP_FORMAT, -1});
}

}  // namespace

struct VideoFileSource::Video {
  cv::VideoCapture capture;
  cv::Mat picture;
  bool compressed = false;
  double fps = 0;
  std::int64_t frames_of_this_pass = 0;
};

VideoFileSource::VideoFileSource(const CameraSettings& settings, const SourceSeams& seams)
    : clock_(seams.clock), path_(settings.src), pace_(settings.pace), loop_(settings.loop), pacer_(seams) {}

VideoFileSource::~VideoFileSource() = default;

void VideoFileSource::open(const std::stop_token&) {
  next_ = 0;
  open_video();
  pacer_.start(pace_ == Pace::real ? video_->fps : 0);
}

void VideoFileSource::open_video() {
  if (!std::filesystem::exists(path_)) throw SourceError(common::cat("there is no file ", path_));
  auto video = std::make_unique<Video>();
  try {
    video->compressed = open_compressed(video->capture, path_);
    if (!video->compressed) video->capture.open(path_, cv::CAP_FFMPEG);
  } catch (const cv::Exception& error) {
    throw SourceError(common::cat(path_, " cannot be read as a video: ", error.what()));
  }
  if (!video->capture.isOpened()) throw SourceError(common::cat(path_, " cannot be read as a video"));
  video->fps = video->capture.get(cv::CAP_PROP_FPS);
  if (!(video->fps > 0 && video->fps <= kMaxFps)) video->fps = kDefaultFps;
  video_ = std::move(video);
}

FramePtr VideoFileSource::read(const std::stop_token& stop) {
  if (!video_) return nullptr;
  pacer_.wait_for_turn(stop);
  while (!stop.stop_requested()) {
    if (FramePtr frame = next_frame()) return frame;
    if (!loop_) return nullptr;
    // A file without any frame would be opened again and again.
    if (video_->frames_of_this_pass == 0) throw SourceError(common::cat(path_, " holds no picture"));
    open_video();
  }
  return nullptr;
}

FramePtr VideoFileSource::next_frame() {
  while (video_->capture.read(video_->picture)) {
    FramePtr frame = video_->compressed ? frame_of_jpeg_packet(bytes_of(video_->picture), arrival(clock_), next_)
                                        : frame_of_picture(video_->picture, arrival(clock_), next_);
    if (frame) {
      ++next_;
      ++video_->frames_of_this_pass;
      return frame;
    }
    ++damaged_;
  }
  return nullptr;
}

void VideoFileSource::close() {
  video_.reset();
}

std::string VideoFileSource::describe() const {
  if (!video_) return path_;
  return describe_capture(video_->compressed ? "video file, JPEG" : "video file, decoded to BGR",
                          static_cast<int>(video_->capture.get(cv::CAP_PROP_FRAME_WIDTH)),
                          static_cast<int>(video_->capture.get(cv::CAP_PROP_FRAME_HEIGHT)), video_->fps);
}

}  // namespace imagenode
