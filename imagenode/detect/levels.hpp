#pragma once

#include <cstdint>
#include <optional>

#include "common/settings_reader.hpp"

namespace imagenode {

struct LevelSettings {
  std::optional<double> above;
  std::optional<double> below;
  double hysteresis = 0;  ///< by which a value must have come back to be normal again
  double for_s = 0;       ///< how long it must be so to count
};

/// `above`, `below`, `hysteresis` and `for`. At least one of the first two; problems are reported to the file.
LevelSettings read_levels(common::Section& section, common::Range<double> above, common::Range<double> below);

enum class Level { normal, above, below };

/// Where a value is between two limits, with hysteresis and patience. It begins as normal.
class Levels {
 public:
  explicit Levels(const LevelSettings& settings);

  void begin_as(Level level) { level_ = level; }

  /// The level from now on, when this value or the time that the one before has lasted changes it.
  std::optional<Level> judge(double value, std::int64_t now_ns);
  /// The same by time alone: a value lasts until the next one.
  std::optional<Level> pass(std::int64_t now_ns);

 private:
  Level level_of(double value) const;

  const LevelSettings settings_;
  Level level_ = Level::normal;
  std::optional<Level> next_;  // what the values say, when that is something else
  std::int64_t since_ns_ = 0;  // they do so
};

}  // namespace imagenode
