#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/settings_reader.hpp"
#include "imagenode/detect/picture_form.hpp"
#include "imagenode/detect/registry.hpp"
#include "imagenode/detect/roi.hpp"

namespace imagenode {

/// Colour and line width of what is drawn on frames that are sent.
struct Pen {
  int blue = 0;
  int green = 0;
  int red = 0;
  int width = 1;  ///< pixels; -1 fills
};

/// Which frames a detector sends: all, those around its events, none.
enum class SendFrames { continuous, event, none };

/// The settings that every detector has, and under `make` those of its kind.
struct DetectorSettings {
  std::string kind;
  RoiPercent roi;
  std::string roi_name;
  bool log_roi_name = false;
  std::optional<Pen> draw_roi;
  std::optional<Pen> draw_time;
  double draw_time_x = 0;  ///< percent of the width, left end of the text
  double draw_time_y = 0;  ///< percent of the height, base line of the text
  double draw_time_font_scale = 1;
  SendFrames send_frames = SendFrames::continuous;
  int send_count = 5;              ///< frames up to the event
  int send_after = 0;              ///< frames after it
  std::optional<double> send_fps;  ///< bound for continuous frames
  PictureForm form;                ///< what of those frames
  bool send_test_images = false;
  DetectorMaker make;
};

/// The section `detectors` of a camera, in the order of the file.
std::vector<DetectorSettings> read_detectors(common::Section& camera);

/// `analysis_scale` and `decoding` (luminance, full) of a camera.
Analysis read_analysis(common::Section& camera);

}  // namespace imagenode
