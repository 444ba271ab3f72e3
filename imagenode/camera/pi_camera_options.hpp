#pragma once

#include <string>
#include <vector>

#include "imagenode/camera/camera_settings.hpp"

/// Translates the settings of the Python picamera into options of rpicam-vid (libcamera-vid has the same ones).
/// Pure functions. docs/reference/pi-camera.md holds the table.
namespace imagenode {

const std::vector<std::string>& picamera_exposure_modes();
const std::vector<std::string>& picamera_awb_modes();
const std::vector<std::string>& picamera_meter_modes();

inline constexpr Resolution kPiResolution{320, 240};
inline constexpr double kPiFramerate = 32;

/// Everything but the name of the program and how long it runs.
std::vector<std::string> pi_camera_options(const CameraSettings& settings);

}  // namespace imagenode
