#pragma once

#include <memory>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_source.hpp"

namespace imagenode {

/// A network camera (`rtsp://`, `http://` ...) through OpenCV's FFmpeg, decoded to BGR. Opening and each read end
/// after 5 s at the latest, so a stop waits no longer than that.
class StreamSource final : public FrameSource {
 public:
  StreamSource(const CameraSettings& settings, const SourceSeams& seams);
  ~StreamSource() override;

  void open(const std::stop_token& stop) override;
  FramePtr read(const std::stop_token& stop) override;
  void close() override;
  bool is_live() const override { return true; }
  std::string describe() const override;

 private:
  struct Stream;

  const common::Clock& clock_;
  std::string url_;
  std::unique_ptr<Stream> stream_;
  std::int64_t next_ = 0;
};

/// The address without user name and password, for the log.
std::string without_password(const std::string& url);

}  // namespace imagenode
