// file: a number in a file that something else keeps up to date.

#include "imagenode/sensor/device_files.hpp"
#include "imagenode/sensor/reading_text.hpp"
#include "imagenode/sensor/registry.hpp"
#include "imagenode/sensor/scaling.hpp"

namespace imagenode {
namespace {

class FileSensor final : public Sensor {
 public:
  FileSensor(std::filesystem::path path, Scaling scaling, std::string label, const SensorSeams& seams)
      : files_(seams.files), path_(std::move(path)), scaling_(std::move(scaling)), label_(std::move(label)) {}

  std::vector<Reading> read(const std::stop_token&) override {
    Reading reading;
    reading.fields["value"] = scaling_.of(read_device_number(files_, path_));
    if (!scaling_.unit.empty()) reading.units["value"] = scaling_.unit;
    reading.text = text_of(label_, reading);
    return {reading};
  }

 private:
  common::FileSystem& files_;
  const std::filesystem::path path_;
  const Scaling scaling_;
  const std::string label_;
};

SensorKind read_settings(common::Section& section, const std::string& label) {
  std::string path;
  section.read("path", path);
  if (!path.starts_with('/')) section.problem("path", "the whole path of a file is needed, such as /run/tank/level");
  const Scaling scaling = Scaling::read(section);
  return {[=](const SensorSeams& seams) { return std::make_unique<FileSensor>(path, scaling, label, seams); },
          {"value"}};
}

const RegisterSensor registered("file", read_settings);

}  // namespace
}  // namespace imagenode
