#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace imagenode {

/// Numbers that stand in rows and columns, such as a thermal picture: row after row.
struct Grid {
  std::vector<float> values;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::string unit;
};

/// What a source other than a camera gives in one go: numbers with names and units, and what is to be told of them.
struct Reading {
  std::string source;        ///< label of the sensor or line
  std::int64_t time_ns = 0;  ///< of capture, UTC; 0 until it is known
  std::int64_t monotonic_ns = 0;
  bool clock_synchronised = true;
  std::map<std::string, double> fields;      ///< all finite
  std::map<std::string, std::string> units;  ///< of each field that has one
  std::optional<Grid> grid;                  ///< sent beside the event, and also without one
  std::string text;  ///< an event's text behind the node: "Temp|75 F"; empty: nothing to tell, not sent as an event
  /// Whether the source stands behind the node's name in that event, as a view does: "Barn freezer|warm|value|above".
  bool sender_is_source = false;
};

/// Where readings go; called from the thread of their source.
using ReadingSink = std::function<void(const Reading&)>;

}  // namespace imagenode
