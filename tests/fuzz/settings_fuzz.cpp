// Any text as imagehub.yaml (behind an `h`), as key and value of a command Set (behind an `s`, a line each), or as
// imagenode.yaml (behind anything else, an `n` in the corpus): either a SettingsError that can be read, or values
// within the ranges that the two reference files give.

#include "common/message.hpp"
#include "common/settings_reader.hpp"
#include "common/utf8.hpp"
#include "fuzz.hpp"
#include "imagehub/settings.hpp"
#include "imagenode/settings.hpp"

using fuzz::require;

namespace {

constexpr const char* kName = "fuzz.yaml";

template <typename Number>
void within(Number value, Number low, Number high, const char* what) {
  require(value >= low && value <= high, what);
}

void check_hub(const imagehub::HubSettings& settings) {
  require(!settings.intake.addresses.empty() || !settings.intake.subscribe.empty(), "a hub has an address");
  within(settings.intake.max_message_mb, 1, 1024, "max_message_mb");
  within(settings.intake.intake_mb, 1, 1024 * 1024, "intake_mb");
  within(settings.filing.writers, 1, 64, "writers");
  within(settings.committer.max_images_per_day.value_or(1), 1, INT32_MAX, "max_images_write");
  within(settings.patience_s, 0.1, 366 * 86'400.0, "patience");
  within(settings.shutdown_timeout_s, 0.1, 3600.0, "shutdown_timeout");
  imagehub::describe(settings);
}

void check_detector(const imagenode::DetectorSettings& detector) {
  const imagenode::RoiPercent& roi = detector.roi;
  require(roi.x1 >= 0 && roi.x1 < roi.x2 && roi.x2 <= 100, "ROI from left to right");
  require(roi.y1 >= 0 && roi.y1 < roi.y2 && roi.y2 <= 100, "ROI from top to bottom");
  within(detector.send_count, 0, 100'000, "send_count");
  within(detector.send_after, 0, 100'000, "send_after");
  within(detector.send_fps.value_or(1), 0.001, 1000.0, "send_fps");
  within(detector.draw_time_x, 0.0, 100.0, "draw_time_org");
  within(detector.draw_time_y, 0.0, 100.0, "draw_time_org");
  for (const auto& pen : {detector.draw_roi, detector.draw_time}) {
    if (!pen) continue;
    for (const int colour : {pen->blue, pen->green, pen->red}) within(colour, 0, 255, "a colour");
    require(pen->width != 0, "a line has a width");
  }
  require(detector.form.is_whole() || detector.form.part == roi, "what is sent is the whole or the ROI");
  require(detector.make != nullptr, "a detector can be made");
}

void check_camera(const imagenode::CameraSettings& camera) {
  if (camera.resolution) {
    within(camera.resolution->width, 1, 16'384, "resolution");
    within(camera.resolution->height, 1, 16'384, "resolution");
  }
  within(camera.framerate.value_or(1), 0.001, 1000.0, "framerate");
  within(camera.resize_width.value_or(1), 0.1, 1000.0, "resize_width");
  within(camera.jpeg_quality, 1, 100, "jpeg_quality");
  within(camera.frozen_after_s, 0.0, 30 * 86'400.0, "frozen_after");
  within(camera.pi.brightness.value_or(0), 0, 100, "brightness");
  within(camera.pi.shutter_speed.value_or(0), 0, 1'000'000'000, "shutter_speed");
  require(camera.viewname.find('|') == std::string::npos, "a view's name does not end a field of a text");
}

void check_view(const imagenode::ViewEntry& view) {
  check_camera(view.camera);
  const int scale = view.analysis.scale;
  require(scale == 1 || scale == 2 || scale == 4 || scale == 8, "analysis_scale");
  for (const auto& detector : view.detectors) check_detector(detector);
}

void check_reading_detectors(const std::vector<imagenode::ReadingDetectorSettings>& detectors) {
  for (const auto& settings : detectors) {
    require(!settings.name.empty() && settings.name.find('|') == std::string::npos, "a detector's name ends no field");
    require(common::kind_of("node|" + settings.name, true) == common::Kind::event, "what a detector says is an event");
    const auto detector = settings.make();
    constexpr std::int64_t kMinute = 60'000'000'000;
    for (int minute = 0; minute < 10; ++minute) {
      detector->pass(minute * kMinute);
      detector->judge({minute % 3 * 8e307, minute * kMinute});
    }
  }
}

void check_sensor(const imagenode::SensorSettings& sensor) {
  require((sensor.label + sensor.name).find('|') == std::string::npos,
          "a sensor's name does not end a field of a text");
  within(sensor.interval_s, 0.1, 30 * 86'400.0, "read_interval");
  require(sensor.min_difference >= 0, "min_difference");
  require(sensor.make != nullptr, "a sensor can be made");
  check_reading_detectors(sensor.detectors);
}

void check_line(const imagenode::LineSettings& line) {
  require(!line.label.empty() && line.label.find('|') == std::string::npos, "a line's label ends no field of a text");
  within(line.chunk_rows, 1, 100'000, "rows of a chunk");
  within(line.chunk_seconds, 0.01, 3600.0, "max_seconds of a chunk");
  within(line.rejects_kb, 0, 1'000'000, "rejects_kb");
  require(line.transport.make && line.framing(), "a line can be read");
  const auto format = line.format.make();
  within<std::size_t>(format->fields().size(), 1, 256, "fields");
  imagenode::Row row;
  format->parse("1,2", row);
  check_reading_detectors(line.detectors);
}

void check_lamp(const imagenode::LampSettings& lamp) {
  require((lamp.label + lamp.name).find('|') == std::string::npos, "a light's name does not end a field of a text");
  require(!lamp.address.line.empty(), "a light has a line");
  if (lamp.dark) within(lamp.dark->hold_s, 0.0, 86'400.0, "hold");
  for (int minute = 0; minute < 24 * 60; minute += 30) lamp.on.is_on(minute);
}

void check_action(const imagenode::ActionSettings& action) {
  require(action.label.find('|') == std::string::npos, "an action's label does not end a field of a text");
  require(!action.when.empty(), "an action has an event");
  within(action.limits.cool_down_s, 0.0, 30 * 86'400.0, "cool_down");
  within(action.limits.at_most.value_or(1), 1, 10'000, "at_most");
  within(action.limits.within_s, 1.0, 30 * 86'400.0, "within");
  imagenode::SharedPins pins([] { return std::vector<std::unique_ptr<imagenode::GpioChip>>(); });
  common::Message event;
  event.text = "Barn door|motion|moving";
  for (const auto& pattern : action.when) pattern.matches(event.text);
  action.kind.make({pins, {}, {}})->plan(event);
}

void check_node(const imagenode::NodeSettings& settings) {
  require(!settings.name.empty() && settings.name.find('|') == std::string::npos, "a node has a name without |");
  within(settings.queuemax, 1, 100'000, "queuemax");
  within(settings.heartbeat_s, 0.0, 30 * 86'400.0, "heartbeat");
  within(settings.outbox_mb, 1, 1'000'000, "outbox_mb");
  within(settings.shutdown_timeout_s, 0.1, 3600.0, "shutdown_timeout");
  within(settings.link.window, 1, 1000, "window");
  within(settings.link.window_mb, 1, 1000, "window_mb");
  within(settings.link.patience_s, 0.1, 3600.0, "patience");
  within(settings.link.bandwidth_kbit.value_or(1), 1, INT32_MAX, "bandwidth_kbit");
  for (const auto& view : settings.views) check_view(view);
  for (const auto& sensor : settings.sensors) check_sensor(sensor);
  for (const auto& line : settings.lines) check_line(line);
  for (const auto& lamp : settings.lamps) check_lamp(lamp);
  for (const auto& action : settings.actions) check_action(action);
  imagenode::describe(settings);
}

/// Problems are read by people, one per line, each with its place.
void check_problems(std::string_view problems) {
  require(!problems.empty() && common::is_utf8(problems), "problems are said in UTF-8");
  while (!problems.empty()) {
    const std::string_view line = problems.substr(0, problems.find('\n'));
    require(line.starts_with("fuzz.yaml:"), "each problem names the file");
    require(!fuzz::has_control_character(line), "a problem is one line");
    problems.remove_prefix(std::min(line.size() + 1, problems.size()));
  }
}

template <typename Read, typename Check>
void try_reading(const std::string& text, Read read, Check check) {
  try {
    auto file = common::SettingsFile::parse(text, kName);
    const auto settings = read(file);
    file.finish();
    check(settings);
  } catch (const common::SettingsError& error) {
    check_problems(error.what());
  }
}

void try_set(std::string_view text) {
  const auto end = std::min(text.find('\n'), text.size());
  const std::string value(text.substr(std::min(end + 1, text.size())));
  imagenode::CameraSettings camera;
  camera.label = "P1";
  try {
    check_camera(camera.changed(std::string(text.substr(0, end)), value));
  } catch (const std::runtime_error& error) {
    require(error.what()[0] != '\0' && common::is_utf8(error.what()), "why it is not set is said in UTF-8");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(fuzz::text_of(data + 1, size - 1));
  if (*data == 'h') {
    try_reading(text, imagehub::read_hub_settings, check_hub);
  } else if (*data == 's') {
    try_set(text);
  } else {
    try_reading(text, imagenode::read_node_settings, check_node);
  }
  return 0;
}
