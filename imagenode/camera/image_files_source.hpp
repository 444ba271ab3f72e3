#pragma once

#include <filesystem>
#include <vector>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_source.hpp"
#include "imagenode/camera/pacer.hpp"

namespace imagenode {

/// Whether `src` names images: a folder, a pattern with * ? or [, or a file with the ending of an image.
bool names_images(const std::string& src);

/// The images of a folder or glob in the order of their names, `framerate` (10) of them per second. JPEG files pass as
/// they are, others are decoded to BGR. Looked up when opened and, with `loop`, before each round.
class ImageFilesSource final : public FrameSource {
 public:
  ImageFilesSource(const CameraSettings& settings, const SourceSeams& seams);

  void open(const std::stop_token& stop) override;
  FramePtr read(const std::stop_token& stop) override;
  void close() override;
  bool is_live() const override { return false; }
  std::string describe() const override;

 private:
  void look_up();
  FramePtr load(const std::filesystem::path& path);

  const common::Clock& clock_;
  std::string src_;
  double fps_;
  Pace pace_;
  bool loop_;
  Pacer pacer_;
  std::vector<std::filesystem::path> files_;
  std::size_t at_ = 0;
  bool round_gave_a_frame_ = false;
  std::int64_t next_ = 0;
};

}  // namespace imagenode
