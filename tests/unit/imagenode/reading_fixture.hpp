#pragma once

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "fake_clock.hpp"
#include "imagenode/detect/reading_watch.hpp"

/// Detectors of a source with the field `value` in C, readings that a test gives it, and what they say. Time passes
/// only as the test has it pass.
class ReadingBench {
 public:
  using Told = std::vector<std::string>;

  /// Of the entries of `detectors:`, in flow style: "cold: {type: threshold, below: 2}".
  explicit ReadingBench(const std::string& detectors)
      : watch(
            "S1", settings(detectors), [this](const imagenode::Reading& reading) { given.push_back(reading); }, clock) {
  }

  static imagenode::WatchedSource usual() { return {{"value"}, true, 0}; }
  static std::vector<imagenode::ReadingDetectorSettings> settings(const std::string& detectors,
                                                                  const imagenode::WatchedSource& source = usual()) {
    auto file = common::SettingsFile::parse("detectors: {" + detectors + "}", "imagenode.yaml");
    auto root = file.root();
    auto made = imagenode::read_reading_detectors(root, source);
    file.finish();
    return made;
  }
  static std::string problems(const std::string& detectors, const imagenode::WatchedSource& source = usual()) {
    try {
      settings(detectors, source);
    } catch (const common::SettingsError& error) {
      return error.what();
    }
    return "";
  }

  imagenode::Reading reading(std::map<std::string, double> fields) const {
    imagenode::Reading made;
    made.source = "S1";
    made.time_ns = clock.utc;
    made.monotonic_ns = clock.monotonic;
    made.fields = std::move(fields);
    for (const auto& [name, value] : made.fields) made.units[name] = "C";
    return made;
  }

  /// A reading so many seconds after the one before, or after pass().
  void read(double value, double after_s = 1) {
    clock.advance(ns(after_s));
    watch.judge(reading({{"value", value}}));
  }
  void pass(double seconds) {
    clock.advance(ns(seconds));
    watch.pass();
  }

  const imagenode::Reading& last() const { return given.at(given.size() - 1); }
  /// The texts of what they have said since it was asked last.
  Told told() {
    Told texts;
    for (; seen_ < given.size(); ++seen_) texts.push_back(given[seen_].text);
    return texts;
  }

  FakeClock clock;
  std::vector<imagenode::Reading> given;
  imagenode::ReadingWatch watch;

 private:
  static std::int64_t ns(double seconds) { return std::llround(seconds * 1e9); }

  std::size_t seen_ = 0;
};
