#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/file_system.hpp"

/// The pictures that lie on the disk, whoever put them there. Thread-safe.
namespace imagehub {

/// Calls `visit` with every file below `images`, at most eight folders deep, for which `known` is false; paths are
/// relative to it. What begins with a dot is left out, as is what vanishes meanwhile. Throws std::system_error.
void each_file(common::FileSystem& files, const std::filesystem::path& images,
               const std::function<bool(const std::string& path)>& known,
               const std::function<void(const std::string& path, const common::FileInfo& info)>& visit);

/// .jpg, .jpeg and .png, in small or capital letters.
bool is_picture_name(std::string_view path);

/// What a picture's name tells: "Barn-door-2026-11-20T08.18.31.809000-1.jpg". Nothing when it has another form.
struct PictureName {
  std::string stem;  ///< "Barn-door": node and view, with what is unsafe in a path turned into '-'
  std::int64_t time_ns = 0;
};
std::optional<PictureName> parse_picture_name(std::string_view path);

}  // namespace imagehub
