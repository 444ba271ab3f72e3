#include "imagehub/store/image_tree.hpp"

#include <algorithm>
#include <system_error>

#include "common/local_time.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

namespace fs = std::filesystem;

/// A link that leads back up ends here.
constexpr int kMaxDepth = 8;

struct Walk {
  common::FileSystem& files;
  const fs::path& images;
  const std::function<bool(const std::string&)>& known;
  const std::function<void(const std::string&, const common::FileInfo&)>& visit;

  void folder(const std::string& relative, int depth) const {
    auto names = files.list(images / relative);
    std::sort(names.begin(), names.end());
    for (const auto& name : names) {
      if (name.starts_with('.')) continue;
      const std::string path = relative.empty() ? name : common::cat(relative, '/', name);
      if (known(path)) continue;
      const auto info = files.info(images / path);
      if (!info) continue;
      if (!info->is_folder) {
        visit(path, *info);
      } else if (depth < kMaxDepth) {
        folder(path, depth + 1);
      }
    }
  }
};

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void each_file(common::FileSystem& files, const fs::path& images, const std::function<bool(const std::string&)>& known,
               const std::function<void(const std::string&, const common::FileInfo&)>& visit) {
  if (!common::exists(files, images)) return;
  Walk{files, images, known, visit}.folder({}, 1);
}

bool is_picture_name(std::string_view path) {
  const std::string extension = common::lower(fs::path(path).extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

std::optional<PictureName> parse_picture_name(std::string_view path) {
  static constexpr std::size_t kStampWithoutFraction = 19;
  if (!is_picture_name(path)) return std::nullopt;
  path.remove_prefix(path.rfind('/') + 1);
  path = path.substr(0, path.rfind('.'));
  // The number of a name that was taken comes behind the stamp, whose own last '-' is followed by "20T08...".
  if (const auto dash = path.rfind('-'); dash != path.npos && is_number(path.substr(dash + 1))) {
    path = path.substr(0, dash);
  }
  const auto separator = path.rfind('T');
  if (separator == path.npos || separator < 11) return std::nullopt;
  const std::size_t start = separator - 10;
  if (path[start - 1] != '-' || path.size() < start + kStampWithoutFraction) return std::nullopt;
  const auto time_ns = common::parse_file_stamp(path.substr(start));
  if (!time_ns) return std::nullopt;
  return PictureName{std::string(path.substr(0, start - 1)), *time_ns};
}

}  // namespace imagehub
