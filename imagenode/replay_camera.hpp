#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

#include "imagenode/settings.hpp"

namespace imagenode {

/// `imagenode --replay VIDEO --camera LABEL`: that camera's detectors over the file, as fast as it can be read, without
/// a hub. Events go to `out`, progress and frames/s to `err`. An empty label stands for the only camera.
/// Throws std::runtime_error when the camera is not in the settings or the file cannot be read.
void replay_camera(const NodeSettings& settings, const std::string& label, const std::filesystem::path& video,
                   std::ostream& out, std::ostream& err);

}  // namespace imagenode
