#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_source.hpp"

namespace common {
class ChildProgram;
}

namespace imagenode {

/// Copies planes whose rows are `stride` bytes apart (the two chrominance planes: half of it) into planes without gaps.
common::Bytes without_stride(common::ByteView planes, int width, int height, int stride);

/// The Raspberry Pi's camera by way of `rpicam-vid` (or `libcamera-vid`, its name before 2024): uncompressed YUV 4:2:0
/// from a pipe, so the Y plane is the grey picture. The program turns the picture itself (vflip).
///
/// The rows come with the stride of the camera's hardware, which depends on the model of the Pi and is told nowhere.
/// Where the width leaves it open, a first run of one frame measures it: its bytes tell the stride.
class PiCameraSource final : public FrameSource {
 public:
  PiCameraSource(const CameraSettings& settings, const SourceSeams& seams);
  ~PiCameraSource() override;

  void open(const std::stop_token& stop) override;
  FramePtr read(const std::stop_token& stop) override;
  void close() override;
  bool is_live() const override { return true; }
  std::string describe() const override;

 private:
  int measure_stride(const std::filesystem::path& program, const std::stop_token& stop) const;

  const common::Clock& clock_;
  std::vector<std::string> options_;
  Resolution size_;
  double fps_;
  std::optional<int> stride_;  // a matter of hardware and size: measured once
  common::Bytes padded_;       // one frame as it comes
  std::unique_ptr<common::ChildProgram> program_;
  std::int64_t next_ = 0;
};

}  // namespace imagenode
