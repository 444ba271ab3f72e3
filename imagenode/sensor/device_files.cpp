#include "imagenode/sensor/device_files.hpp"

#include <algorithm>

#include "common/setting_values.hpp"
#include "common/text.hpp"
#include "imagenode/sensor/sensor.hpp"

namespace imagenode {

using common::cat;

std::string read_device_text(common::FileSystem& files, const std::filesystem::path& file) {
  // In /sys every file says that it has a page of bytes, and is read in one go.
  common::Bytes page(4096);
  page.resize(files.open(file, common::OpenMode::read)->read(0, page));
  return std::string(common::trimmed({reinterpret_cast<const char*>(page.data()), page.size()}));
}

double read_device_number(common::FileSystem& files, const std::filesystem::path& file) {
  const std::string text = read_device_text(files, file);
  const auto number = common::to_double(text.substr(0, text.find_first_of(" \t\n")));
  if (!number) {
    constexpr std::size_t kMaxShown = 40;
    throw SensorError(cat(file.string(), " holds no number but \"", common::escaped(text.substr(0, kMaxShown)), '"'));
  }
  return *number;
}

std::optional<double> read_number_if_there(common::FileSystem& files, const std::filesystem::path& file) {
  if (!common::exists(files, file)) return std::nullopt;
  return read_device_number(files, file);
}

std::vector<std::string> names_below(common::FileSystem& files, const std::filesystem::path& folder,
                                     const std::string& beginning) {
  if (!common::exists(files, folder)) return {};
  std::vector<std::string> names = files.list(folder);
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(beginning); });
  std::sort(names.begin(), names.end());
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace imagenode
