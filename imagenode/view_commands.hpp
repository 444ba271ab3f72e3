#pragma once

#include <memory>
#include <vector>

#include "imagenode/camera/camera.hpp"
#include "imagenode/command_runner.hpp"
#include "imagenode/detect/view_watch.hpp"

namespace imagenode {

/// A camera and who watches it.
struct View {
  std::unique_ptr<ViewWatch> watch;
  std::unique_ptr<Camera> camera;
};
using Views = std::vector<View>;

/// `SendFrames N [view]`: the newest frames of the view, and those to come until there are N; without a view, of each.
CommandProgress send_frames(const Views& views, const std::string& arguments);

/// `Still [view]`: the next frame as the camera gives it, before resize_width, without what is drawn.
CommandProgress take_still(const Views& views, const std::string& arguments);

}  // namespace imagenode
