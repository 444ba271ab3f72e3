#include "imagenode/camera/source_factory.hpp"

#include "imagenode/camera/image_files_source.hpp"
#include "imagenode/camera/pi_camera_source.hpp"
#include "imagenode/camera/stream_source.hpp"
#include "imagenode/camera/test_source.hpp"
#include "imagenode/camera/video_file_source.hpp"
#include "imagenode/camera/webcam_source.hpp"

namespace imagenode {

std::unique_ptr<FrameSource> make_source(const CameraSettings& settings, const SourceSeams& seams) {
  const std::string& src = settings.src;
  if (settings.is_pi_camera()) return std::make_unique<PiCameraSource>(settings, seams);
  if (src == "test") return std::make_unique<TestSource>(settings, seams);
  if (src.empty() || camera_index(src) || src.starts_with("/dev/")) {
    return std::make_unique<WebcamSource>(settings, seams);
  }
  if (src.find("://") != std::string::npos) return std::make_unique<StreamSource>(settings, seams);
  if (names_images(src)) return std::make_unique<ImageFilesSource>(settings, seams);
  return std::make_unique<VideoFileSource>(settings, seams);
}

}  // namespace imagenode
