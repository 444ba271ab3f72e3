#include "imagenode/health.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include "common/text.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;
using common::cat;

std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

/// Value in kB of a line such as "MemTotal:        8000000 kB".
std::optional<double> meminfo(const fs::path& root, const std::string& key) {
  std::ifstream in(root / "proc/meminfo");
  std::string name;
  double value = 0;
  std::string unit;
  while (in >> name >> value) {
    std::getline(in, unit);
    if (name == key + ":") return value;
  }
  return std::nullopt;
}

/// Signal level in dBm of the first wireless interface.
std::optional<double> wifi_signal(const fs::path& root) {
  std::ifstream in(root / "proc/net/wireless");
  std::string line;
  for (int header = 0; header < 2; ++header) std::getline(in, line);
  if (!std::getline(in, line)) return std::nullopt;
  std::istringstream columns(line);
  std::string interface;
  std::string status;
  double link = 0;
  double level = 0;
  if (columns >> interface >> status >> link >> level) return level;
  return std::nullopt;
}

std::string ip_address() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return "192.168x.y";
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr, text.data(), text.size());
    if (std::string(text.data()).starts_with("192.168.")) return text.data();
  }
  return "192.168x.y";  // what the Python program said when it found none
}

std::string system_type(const fs::path& root) {
  std::ifstream model_file(root / "proc/device-tree/model");
  std::string model;
  std::getline(model_file, model);
  if (common::lower(model).find("raspberry pi") != std::string::npos) return "RPi";
  std::ifstream release(root / "etc/os-release");
  std::ostringstream text;
  text << release.rdbuf();
  const std::string words = common::lower(text.str());
  if (words.find("raspbian") != std::string::npos) return "RPi";
  return words.find("ubuntu") != std::string::npos ? "Ubuntu" : "Linux";
}

}  // namespace

Health read_health(const fs::path& root) {
  Health health;
  const auto add = [&](const char* name, std::optional<double> value, const char* unit) {
    if (!value) return;
    health.fields[name] = *value;
    health.units[name] = unit;
  };
  if (const auto milli = number_in(root / "sys/class/thermal/thermal_zone0/temp"))
    add("cpu_temperature", *milli / 1000, "C");
  add("load", number_in(root / "proc/loadavg"), "1");
  const auto total = meminfo(root, "MemTotal");
  const auto available = meminfo(root, "MemAvailable");
  if (total && available && *total > 0) add("memory_used", 100 * (1 - *available / *total), "%");
  struct statvfs disk {};
  if (::statvfs(root.c_str(), &disk) == 0) {
    add("disk_free", static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / 1e6, "MB");
  }
  add("wifi_signal", wifi_signal(root), "dBm");
  add("system_uptime", number_in(root / "proc/uptime"), "s");
  return health;
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string describe_system(const fs::path& root) {
  const auto ram_mb = static_cast<long>(meminfo(root, "MemTotal").value_or(0) / 1024);
  const auto hours = static_cast<long>(number_in(root / "proc/uptime").value_or(0) / 3600);
  return cat(host_name(), '|', system_type(root), '|', ip_address(), '|', ram_mb, '|', hours);
}

}  // namespace imagenode
