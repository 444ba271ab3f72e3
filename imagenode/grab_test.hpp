#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "imagenode/camera/camera_settings.hpp"
#include "imagenode/camera/frame_source.hpp"

namespace imagenode {

/// `imagenode --test`: reads up to ten frames (two seconds) from each camera, one after the other, saves the last one
/// as `imagenode-test-<label>.jpg` in `folder` and prints a line with size, rate and capture form, or why it failed.
/// Returns whether every camera gave a picture.
bool grab_test(const std::vector<CameraSettings>& cameras, const std::filesystem::path& folder,
               const SourceSeams& seams, std::ostream& out);

}  // namespace imagenode
