#pragma once

#include <string>
#include <vector>

#include "imagenode/detect/reading_detector_settings.hpp"
#include "imagenode/line/registry.hpp"
#include "imagenode/line/relay.hpp"

namespace imagenode {

/// One entry of `lines:`.
struct LineSettings {
  std::string label;
  std::string kind;         ///< of its transport
  bool report = true;       ///< whether lost and back are told as events
  bool skip_first = false;  ///< the first row of each stream is a header, or not whole
  int chunk_rows = 400;
  double chunk_seconds = 2;
  int rejects_kb = 1024;  ///< size of rejects.csv; 0: none
  Relay::Settings relay;
  std::vector<ReadingDetectorSettings> detectors;
  // Empty only after a problem was reported.
  TransportKind transport;
  FormatKind format;
  FramingMaker framing;
};

/// Problems are reported to the file.
std::vector<LineSettings> read_lines(common::Section& root);

}  // namespace imagenode
