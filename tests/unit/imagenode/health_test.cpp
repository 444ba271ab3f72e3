#include "imagenode/health.hpp"

#include <fstream>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace imagenode;

namespace {

void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("health is what the kernel tells, with units") {
  const TempFolder root;
  write(root.path() / "sys/class/thermal/thermal_zone0/temp", "48312\n");
  write(root.path() / "proc/loadavg", "0.52 0.58 0.59 1/345 12345\n");
  write(root.path() / "proc/meminfo", "MemTotal:        1000000 kB\nMemFree: 1 kB\nMemAvailable:     250000 kB\n");
  write(root.path() / "proc/uptime", "7200.51 13000.00\n");
  write(root.path() / "proc/net/wireless",
        "Inter-| sta-|   Quality        |   Discarded packets\n face | tus | link level noise\n"
        " wlan0: 0000   54.  -56.  -256        0      0      0\n");
  const Health health = read_health(root.path());
  CHECK(health.fields.at("cpu_temperature") == Approx(48.312));
  CHECK(health.fields.at("load") == Approx(0.52));
  CHECK(health.fields.at("memory_used") == Approx(75));
  CHECK(health.fields.at("system_uptime") == Approx(7200.51));
  CHECK(health.fields.at("wifi_signal") == Approx(-56));
  CHECK(health.fields.at("disk_free") > 0);
  for (const auto& [name, value] : health.fields) CHECK(health.units.contains(name));
}

TEST_CASE("what a computer cannot tell is left out") {
  const TempFolder root;
  const Health health = read_health(root.path());
  CHECK_FALSE(health.fields.contains("cpu_temperature"));
  CHECK_FALSE(health.fields.contains("wifi_signal"));
}

TEST_CASE("the startup text has the fields of the Python node") {
  const TempFolder root;
  write(root.path() / "proc/meminfo", "MemTotal:        2048000 kB\n");
  write(root.path() / "proc/uptime", "7300.00 13000.00\n");
  write(root.path() / "etc/os-release", "NAME=\"Ubuntu\"\n");
  const std::string text = describe_system(root.path());
  CHECK(text.starts_with(host_name() + "|Ubuntu|192.168"));
  CHECK(text.ends_with("|2000|2"));
  write(root.path() / "proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0");
  CHECK(describe_system(root.path()).starts_with(host_name() + "|RPi|"));
}
