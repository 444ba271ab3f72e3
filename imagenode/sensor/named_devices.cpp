#include "imagenode/sensor/named_devices.hpp"

#include <system_error>

#include "common/text.hpp"
#include "imagenode/sensor/device_files.hpp"
#include "imagenode/sensor/sensor.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;
using common::cat;

/// Empty when it has none; a device can go while it is looked at.
std::string text_if_there(common::FileSystem& files, const fs::path& file) {
  try {
    return read_device_text(files, file);
  } catch (const std::system_error&) {
    return "";
  }
}

}  // namespace

std::vector<fs::path> devices_named(common::FileSystem& files, const fs::path& folder, const std::string& name) {
  std::vector<fs::path> found;
  for (const std::string& entry : names_below(files, folder, "")) {
    const fs::path device = folder / entry;
    if (entry == name || text_if_there(files, device / "name") == name ||
        text_if_there(files, device / "label") == name) {
      found.push_back(device);
    }
  }
  return found;
}

fs::path only_device(common::FileSystem& files, const fs::path& folder, const std::string& name,
                     const std::string& setting) {
  const auto found = devices_named(files, folder, name);
  if (found.size() == 1) return found.front();
  std::vector<std::string> names;
  if (!found.empty()) {
    for (const fs::path& device : found) names.push_back(device.filename().string());
    throw SensorError(cat("there are several devices ", common::escaped(name), " (", listed(names),
                          "); say which, such as ", setting, ": ", names.front()));
  }
  for (const std::string& entry : names_below(files, folder, "")) {
    const std::string known = text_if_there(files, folder / entry / "name");
    if (!known.empty()) names.push_back(common::escaped(known));
  }
  throw SensorError(cat("there is no device ", common::escaped(name), " in ", folder.string(), ", which has ",
                        names.empty() ? "none" : listed(names), "; look at ", setting,
                        ", at the wiring and at the dtoverlay in config.txt"));
}

}  // namespace imagenode
