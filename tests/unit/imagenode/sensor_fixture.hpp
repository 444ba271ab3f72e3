#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "common/disk.hpp"
#include "fake_gpio.hpp"
#include "imagenode/sensor/sensor_settings.hpp"
#include "temp_folder.hpp"

/// A folder in the place of /sys, pins of memory, sensors that read it, and what happens when one of its files is
/// opened.
class SensorBench {
 public:
  std::function<void(const std::filesystem::path& file)> on_open = [](const auto&) {};
  std::vector<std::int64_t> waits;  // of sensors between two tries, in s
  FakeGpio gpio;
  imagenode::OpenI2c i2c = imagenode::open_i2c;

  std::filesystem::path root() const { return folder_.path(); }
  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((root() / file).parent_path());
    std::ofstream(root() / file, std::ios::binary) << text;
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(root() / name); }

  /// Of the keys of one entry of `sensors:`, in flow style: "type: DS18B20, unit: C".
  static std::vector<imagenode::SensorSettings> settings(const std::string& keys) {
    auto file = common::SettingsFile::parse("sensors:\n  S1: {" + keys + "}\n", "imagenode.yaml");
    auto root = file.root();
    auto sensors = imagenode::read_sensors(root);
    file.finish();
    return sensors;
  }
  static std::string problems(const std::string& keys) {
    try {
      settings(keys);
    } catch (const common::SettingsError& error) {
      return error.what();
    }
    return "";
  }

  std::unique_ptr<imagenode::Sensor> sensor(const std::string& keys) {
    return settings(keys).front().make(
        {disk_, root(), [this](const std::stop_token&, std::int64_t ns) { waits.push_back(ns / common::kSecond); },
         gpio.chips(), i2c});
  }

  /// Why the sensor cannot be read; empty when it can.
  static std::string failure(imagenode::Sensor& sensor) {
    try {
      sensor.read({});
    } catch (const imagenode::SensorError& error) {
      return error.what();
    }
    return "";
  }

 private:
  class WatchedDisk final : public common::Disk {
   public:
    explicit WatchedDisk(SensorBench& bench) : bench_(bench) {}
    common::OpenFilePtr open(const Path& path, common::OpenMode mode) override {
      bench_.on_open(path);
      return Disk::open(path, mode);
    }

   private:
    SensorBench& bench_;
  };

  const TempFolder folder_;
  WatchedDisk disk_{*this};
};
