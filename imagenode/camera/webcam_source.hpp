#pragma once

#include <memory>
#include <optional>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_source.hpp"

namespace imagenode {

/// A V4L2 camera through OpenCV: Motion JPEG as the camera compresses it, else YUYV, else what OpenCV converts to BGR.
/// Keeps its own size and rate unless they are set. A stop is seen within 200 ms; while the driver starts the stream,
/// within OpenCV's limit of 10 s.
class WebcamSource final : public FrameSource {
 public:
  WebcamSource(const CameraSettings& settings, const SourceSeams& seams);
  ~WebcamSource() override;

  void open(const std::stop_token& stop) override;
  FramePtr read(const std::stop_token& stop) override;
  void close() override;
  bool is_live() const override { return true; }
  std::string describe() const override;

 private:
  struct Device;

  void configure(Device& device) const;
  bool wait_for_picture(const std::stop_token& stop);
  FramePtr frame_of(Device& device);

  const common::Clock& clock_;
  std::string src_;
  std::optional<Resolution> resolution_;
  std::optional<double> framerate_;
  std::unique_ptr<Device> device_;
  std::int64_t next_ = 0;
};

}  // namespace imagenode
