#pragma once

#include <optional>
#include <string>

#include "imagenode/frame/send_type.hpp"

namespace common {
class Section;
}

namespace imagenode {

struct Resolution {
  int width = 0;
  int height = 0;
};

/// Files and folders of images: at their frame rate, or as fast as they can be read.
enum class Pace { real, fast };

/// Red and blue gain of a fixed white balance.
struct WhiteBalanceGains {
  double red = 0;
  double blue = 0;
};

/// Controls of a Pi camera, in the ranges of the Python picamera; what is not set is left to the camera.
/// docs/reference/pi-camera.md says how each becomes an option of rpicam-vid.
struct PiCameraControls {
  std::string exposure_mode;                 ///< auto, night, sports ...
  std::optional<int> iso;                    ///< 0 (automatic) to 1600
  std::optional<int> shutter_speed;          ///< us, 0 is automatic
  std::optional<int> sharpness;              ///< -100 to 100
  std::optional<int> contrast;               ///< -100 to 100
  std::optional<int> brightness;             ///< 0 to 100, 50 is neutral
  std::optional<int> exposure_compensation;  ///< -25 to 25, in sixths of a stop
  std::string awb_mode;                      ///< auto, sunlight, tungsten ...
  std::optional<WhiteBalanceGains> awb_gains;
  std::string meter_mode;         ///< average, spot, backlit, matrix
  std::optional<int> saturation;  ///< -100 to 100
};

/// One entry of `cameras:`, but for what belongs to its detectors (`detectors`, `analysis_scale`, `decoding`).
struct CameraSettings {
  std::string label;  ///< P1, W2 ...: names the camera in the log and in file names
  std::string viewname;
  std::string src;                             ///< empty: the Pi camera, or the first webcam, as the label says
  std::optional<Resolution> resolution;        ///< each source has its own default
  std::optional<Resolution> still_resolution;  ///< of a single picture that somebody asks for; else as the camera runs
  std::optional<double> framerate;             ///< frames per second; each source has its own default
  bool vflip = false;                          ///< turned by 180 degrees
  std::optional<double> resize_width;          ///< percent of the width
  bool threaded_read = true;
  std::optional<SendType> send_type;  ///< the node's when not set
  bool print_settings = false;
  PiCameraControls pi;

  double frozen_after_s = 0;  ///< the same picture for that long is reported; 0: never
  Pace pace = Pace::real;
  bool loop = false;
  int jpeg_quality = 95;

  /// Reports what is wrong through the section.
  static CameraSettings read(common::Section& section, const std::string& label);

  /// These with one setting that may be changed while a node runs: resolution, framerate, brightness ... `value` as in
  /// the settings file. Throws std::runtime_error with the reason when it cannot be.
  CameraSettings changed(const std::string& key, const std::string& value) const;

  /// Takes what the section gives; the rest stays.
  void take(common::Section& section);

  /// A label that begins with P or p and no source of another kind.
  bool is_pi_camera() const;
  /// Whether it gives pictures of the size that it is asked for: webcams, Pi cameras and the test scene do.
  bool has_any_size() const;
};

/// `0`, `1` ...: the index of a webcam or of a Pi camera.
std::optional<int> camera_index(const std::string& src);

}  // namespace imagenode
