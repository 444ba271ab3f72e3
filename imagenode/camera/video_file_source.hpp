#pragma once

#include <memory>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_source.hpp"
#include "imagenode/camera/pacer.hpp"

namespace imagenode {

/// A video file through OpenCV. Motion JPEG stays compressed, byte for byte; all else is decoded to BGR.
/// Frame numbers go on when the file is played again (`loop`).
class VideoFileSource final : public FrameSource {
 public:
  VideoFileSource(const CameraSettings& settings, const SourceSeams& seams);
  ~VideoFileSource() override;

  void open(const std::stop_token& stop) override;
  FramePtr read(const std::stop_token& stop) override;
  void close() override;
  bool is_live() const override { return false; }
  std::string describe() const override;

 private:
  struct Video;

  void open_video();
  FramePtr next_frame();

  const common::Clock& clock_;
  std::string path_;
  Pace pace_;
  bool loop_;
  Pacer pacer_;
  std::unique_ptr<Video> video_;
  std::int64_t next_ = 0;
};

}  // namespace imagenode
