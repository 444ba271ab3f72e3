#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "imagenode/camera/camera.hpp"
#include "imagenode/command_runner.hpp"
#include "imagenode/detect/view_watch.hpp"
#include "imagenode/settings.hpp"

namespace imagenode {

/// A camera and who watches it.
struct View {
  ViewEntry entry;
  std::unique_ptr<ViewWatch> watch;
  std::unique_ptr<Camera> camera;
  bool set_by_command = false;  ///< `entry` is not what the settings file says
};
using Views = std::vector<View>;

// Without a view each is meant whose camera has not come to its end. They throw std::runtime_error when there is none.

/// `SendFrames N [view]`: the newest frames of the view, and those to come until there are N; without a view, of each.
CommandProgress send_frames(const Views& views, const std::string& arguments);

/// `Still [view]`: the next frame as the camera gives it, before resize_width, without what is drawn.
CommandProgress take_still(const Views& views, const std::string& arguments);

/// A view with these settings, not started. Throws std::exception when there is no such camera.
using MakeView = std::function<View(const ViewEntry&)>;

/// `Set <setting> <value> [view]` and, with the setting given, `SetResolution (640,480) [view]`: the cameras are made
/// anew with that setting, until the settings are read again. When one of them cannot have it none is changed.
CommandProgress set_camera(Views& views, const MakeView& make_view, const std::string& arguments);

}  // namespace imagenode
