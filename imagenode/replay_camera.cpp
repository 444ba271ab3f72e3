#include "imagenode/replay_camera.hpp"

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "common/text.hpp"
#include "imagenode/camera/source_factory.hpp"
#include "imagenode/camera/transform.hpp"
#include "imagenode/detect/detector_set.hpp"
#include "imagenode/replay.hpp"

namespace imagenode {
namespace {

using common::cat;

const ViewEntry& find_view(const NodeSettings& settings, const std::string& label) {
  if (label.empty() && settings.views.size() == 1) return settings.views.front();
  std::string labels;
  for (const ViewEntry& view : settings.views) {
    if (view.camera.label == label) return view;
    labels += (labels.empty() ? "" : ", ") + view.camera.label;
  }
  throw std::runtime_error(
      cat("--replay needs --camera with one of: ", labels.empty() ? "(no cameras are set)" : labels));
}

}  // namespace

void replay_camera(const NodeSettings& settings, const std::string& label, const std::filesystem::path& video,
                   std::ostream& out, std::ostream& err) {
  const ViewEntry& view = find_view(settings, label);
  CameraSettings camera = view.camera;
  const Transform transform = transform_of(camera);
  camera.label = "replay";
  camera.src = video.string();
  camera.pace = Pace::fast;
  camera.loop = false;
  const common::SystemClock clock;
  const auto source = make_source(camera, SourceSeams{clock});
  const std::stop_token never;
  source->open(never);
  DetectorSet detectors(view.detectors, view.analysis);
  const std::string sender(common::trimmed(cat(settings.name, ' ', camera.viewname)));
  replay(
      [&] {
        const FramePtr frame = source->read(never);
        return frame ? transformed(frame, transform) : frame;
      },
      detectors, sender, out, err);
}

}  // namespace imagenode
