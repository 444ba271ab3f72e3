#include "reference_settings.hpp"

#include <algorithm>
#include <map>

#include "catch.hpp"
#include "common/files.hpp"
#include "imagenode/settings.hpp"

using namespace imagenode;

namespace {

std::string reference() {
  return common::read_text_file(std::filesystem::path(PROJECT_ROOT) / "imagenode.yaml");
}

NodeSettings read(const std::string& yaml) {
  auto file = common::SettingsFile::parse(yaml, "imagenode.yaml");
  const NodeSettings settings = read_node_settings(file);
  file.finish();
  return settings;
}

/// A camera with each kind of detector, each kind of sensor, one of them with each kind of detector of readings, each
/// kind of what makes a line, lights, and each kind of action, so that the keys of all of them are asked for.
std::string smallest() {
  std::string yaml = "node: {name: N}\nhub_address: {H1: 'tcp://127.0.0.1:5555'}\ncameras:\n  W1:\n    detectors:\n";
  for (const std::string& kind : detector_kinds()) {
    yaml += "      " + kind + (kind == "color" ? ": {states: [{name: red, hue: [340, 20]}]}\n" : ": {}\n");
  }
  yaml += "sensors:\n";
  const std::map<std::string, std::string> needed{{"gpio", ", gpio: 17"},
                                                  {"command", ", command: [date, +%s]"},
                                                  {"file", ", path: /run/level"},
                                                  {"hwmon", ", chip: cpu_thermal, input: temp1"},
                                                  {"iio", ", device: bme280, channel: pressure"}};
  for (const std::string& kind : sensor_kinds()) {
    const auto keys = needed.find(kind);
    yaml += "  " + kind + ": {type: " + kind + (keys == needed.end() ? "" : keys->second) + "}\n";
  }
  yaml += "  counted: {type: gpio, gpio: 18, pulses: True}\n";
  yaml += "  judged:\n    type: DS18B20\n    detectors:\n";
  const std::map<std::string, std::string> limits{
      {"change", "by: 1"}, {"missing", "after: 1h"}, {"rate", "above: 1"}, {"threshold", "above: 1"}};
  for (const std::string& kind : reading_detector_kinds()) yaml += "      " + kind + ": {" + limits.at(kind) + "}\n";
  yaml += "lines:\n";
  const std::map<std::string, std::string> transports{{"file", ", path: /run/log"},
                                                      {"serial", ", port: /dev/ttyUSB0"},
                                                      {"tcp", ", listen: 'tcp://*:7000'"},
                                                      {"unix", ", path: /run/imagenode/feed"}};
  for (const std::string& kind : transport_kinds()) {
    const auto keys = transports.find(kind);
    yaml += "  1-" + kind + ": {type: " + kind + (keys == transports.end() ? "" : keys->second) + ", fields: [a]}\n";
  }
  const std::map<std::string, std::string> formats{
      {"regex", ", fields: [a], pattern: '(?<a>.)'"}, {"struct", ", fields: [{name: a, type: int8}]"}, {"raw", ""}};
  for (const std::string& kind : format_kinds()) {
    const auto keys = formats.find(kind);
    yaml += "  2-" + kind + ": {type: unix, path: /run/f, format: " + kind +
            (keys == formats.end() ? ", fields: [a]" : keys->second) + "}\n";
  }
  yaml += "  3-length: {type: unix, path: /run/f, framing: length, fields: [a]}\n";
  yaml += "lights:\n  L1: {}\n  L2: {gpio: 23, on: dark}\n";
  yaml += "actions:\n";
  const std::map<std::string, std::string> deeds{
      {"gpio", ", gpio: 24, set: on"}, {"command", ", command: [date]"}, {"http", ", url: 'http://host/'"}};
  for (const std::string& kind : action_kinds()) {
    const auto keys = deeds.find(kind);
    yaml += "  " + kind + ": {when: '*', type: " + kind + (keys == deeds.end() ? "" : keys->second) + "}\n";
  }
  return yaml;
}

}  // namespace

TEST_CASE("the reference imagenode.yaml is good as it is") {
  CHECK_NOTHROW(load_node_settings(std::filesystem::path(PROJECT_ROOT) / "imagenode.yaml"));
}

TEST_CASE("the reference imagenode.yaml is good with all its settings taken in") {
  CHECK_NOTHROW(read(reference_settings::with_all_settings(reference())));
}

TEST_CASE("the reference imagenode.yaml holds every key of the node's settings") {
  auto file = common::SettingsFile::parse(smallest(), "imagenode.yaml");
  read_node_settings(file);
  const auto keys = reference_settings::keys(
      reference_settings::with_all_settings(reference()),
      {"cameras", "sensors", "sensors.*.detectors", "lights", "lines", "lines.*.detectors", "actions"});
  for (const std::string& key : file.known_keys()) {
    INFO(key);
    CHECK(keys.contains(key));
  }
}

TEST_CASE("the values of the reference imagenode.yaml are the defaults") {
  const NodeSettings all = read(reference_settings::with_all_settings(reference()));
  const NodeSettings defaults = read(smallest());
  CHECK(all.queuemax == defaults.queuemax);
  CHECK(all.send_type == defaults.send_type);
  CHECK(all.outbox_mb == defaults.outbox_mb);
  CHECK(all.spool.max_mb == defaults.spool.max_mb);
  CHECK(all.spool.when == defaults.spool.when);
  CHECK(all.catch_up == defaults.catch_up);
  CHECK(all.shutdown_timeout_s == defaults.shutdown_timeout_s);
  CHECK(all.link.patience_s == defaults.link.patience_s);
  CHECK(all.commands == defaults.commands);
  CHECK(all.mirror == defaults.mirror);
  CHECK(all.link.retry_first_s == defaults.link.retry_first_s);
  CHECK(all.link.window == defaults.link.window);
  CHECK(all.link.window_mb == defaults.link.window_mb);

  const auto label_is_w1 = [](const ViewEntry& view) { return view.camera.label == "W1"; };
  const ViewEntry& view = *std::find_if(all.views.begin(), all.views.end(), label_is_w1);
  const ViewEntry& plain = defaults.views.front();
  CHECK(view.camera.vflip == plain.camera.vflip);
  CHECK(view.camera.jpeg_quality == plain.camera.jpeg_quality);
  CHECK(view.camera.frozen_after_s == plain.camera.frozen_after_s);
  CHECK(view.camera.pace == plain.camera.pace);
  CHECK(view.camera.loop == plain.camera.loop);
  CHECK(view.camera.threaded_read == plain.camera.threaded_read);
  CHECK(view.analysis.scale == plain.analysis.scale);
  CHECK(view.analysis.decoding == plain.analysis.decoding);
  const auto label_is_t1 = [](const SensorSettings& sensor) { return sensor.label == "T1"; };
  const SensorSettings& sensor = *std::find_if(all.sensors.begin(), all.sensors.end(), label_is_t1);
  CHECK(sensor.interval_s == defaults.sensors.front().interval_s);
  CHECK(sensor.min_difference == defaults.sensors.front().min_difference);
  CHECK(sensor.log_name == defaults.sensors.front().log_name);
  const auto label_is_weather = [](const LineSettings& line) { return line.label == "weather"; };
  const LineSettings& line = *std::find_if(all.lines.begin(), all.lines.end(), label_is_weather);
  CHECK(line.chunk_rows == defaults.lines.front().chunk_rows);
  CHECK(line.chunk_seconds == defaults.lines.front().chunk_seconds);
  CHECK(line.report == defaults.lines.front().report);
  CHECK(line.skip_first == defaults.lines.front().skip_first);
  CHECK(line.rejects_kb == defaults.lines.front().rejects_kb);
  const auto has_label = [](const auto& wanted) { return [wanted](const auto& one) { return one.label == wanted; }; };
  const auto lamp = *std::find_if(all.lamps.begin(), all.lamps.end(), has_label("dusk"));
  CHECK(lamp.dark->hold_s == defaults.lamps.back().dark->hold_s);
  const auto action = *std::find_if(all.actions.begin(), all.actions.end(), has_label("phone"));
  CHECK(action.limits.cool_down_s == defaults.actions.front().limits.cool_down_s);
  CHECK(action.limits.within_s == defaults.actions.front().limits.within_s);
  CHECK(action.dry_run == defaults.actions.front().dry_run);
  REQUIRE(view.detectors.size() == detector_kinds().size());
  for (const DetectorSettings& detector : view.detectors) {
    const DetectorSettings& plain_detector = plain.detectors.front();
    CHECK(detector.send_count == plain_detector.send_count);
    CHECK(detector.send_after == plain_detector.send_after);
    CHECK(detector.form == plain_detector.form);
    CHECK(detector.log_roi_name == plain_detector.log_roi_name);
    CHECK(detector.draw_time_x == plain_detector.draw_time_x);
    CHECK(detector.draw_time_y == plain_detector.draw_time_y);
    CHECK(detector.draw_time_font_scale == plain_detector.draw_time_font_scale);
  }
}
