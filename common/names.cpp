#include "common/names.hpp"

#include "common/local_time.hpp"

namespace common {

std::string path_component(std::string_view name) {
  static constexpr std::size_t kMaxBytes = 100;
  std::string component;
  for (const char c : name) {
    const bool safe =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (c == '.' && component.empty()) continue;
    // A character of several bytes becomes one '-': its continuation bytes are left out.
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) continue;
    component += safe ? c : '-';
    if (component.size() == kMaxBytes) break;
  }
  return component.empty() ? "unnamed" : component;
}

std::string image_stem(std::string_view node_view, std::int64_t time_ns) {
  return path_component(node_view) + '-' + file_stamp(time_ns);
}

}  // namespace common
