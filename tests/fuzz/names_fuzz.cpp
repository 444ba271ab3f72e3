// Any name and text from the network, on its way to a path and to a line of the log: eight bytes of time, then the
// name.

#include <cstring>
#include <filesystem>
#include <set>

#include "common/names.hpp"
#include "common/text.hpp"
#include "common/utf8.hpp"
#include "fuzz.hpp"
#include "imagehub/store/event_log.hpp"
#include "imagehub/store/image_store.hpp"

using fuzz::require;

namespace {

/// Where every folder is there, and files are only names.
class Names final : public common::FileSystem {
 public:
  std::set<std::string> taken;

  common::OpenFilePtr open(const Path&, common::OpenMode) override { return nullptr; }
  std::optional<common::FileInfo> info(const Path& path) override {
    const bool file = path.has_extension() && taken.contains(path.string());
    if (!file && path.extension() == ".jpg") return std::nullopt;
    return common::FileInfo{!file, 0, 0};
  }
  std::vector<std::string> list(const Path&) override { return {}; }
  bool remove(const Path&) override { return false; }
  void rename(const Path&, const Path&) override {}
  bool rename_if_free(const Path&, const Path&) override { return true; }
  bool make_folder(const Path&) override { return false; }
  bool remove_folder(const Path&) override { return false; }
  void sync_folder(const Path&) override {}
  common::Space space(const Path&) override { return {}; }
  std::string sqlite_vfs() const override { return {}; }
};

bool is_safe(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void check_component(std::string_view component, std::size_t max_bytes) {
  require(!component.empty() && component.front() != '.', "a name is not empty and not hidden");
  require(component.size() <= max_bytes, "a name is not too long for a file system");
  for (const char c : component) require(is_safe(c), "a name has safe characters only");
}

void check_paths(std::string_view name, std::int64_t time_ns) {
  check_component(common::path_component(name), 100);
  require(common::path_component(common::path_component(name)) == common::path_component(name),
          "a safe name stays as it is");
  Names files;
  imagehub::ImageStore store(files, "/images", false);
  std::set<std::string> reserved;
  for (int round = 0; round < 4; ++round) {
    const std::string path = store.reserve_name(name, time_ns, ".jpg");
    const std::size_t slash = path.find('/');
    require(slash != std::string::npos, "a picture lies in a day's folder");
    check_component(std::string_view(path).substr(0, slash), 20);
    check_component(std::string_view(path).substr(slash + 1), 160);
    require(path.ends_with(".jpg"), "a picture keeps its extension");
    require(reserved.insert(path).second, "no name is given twice");
    require(!files.taken.contains("/images/" + path), "no name is given that is taken");
    // What was reserved first becomes a file, the second name is given back without one, both stay different.
    if (round == 0) files.taken.insert("/images/" + path);
    if (round == 2) {
      store.release_name(path);
      reserved.erase(path);
    }
  }
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    require(i + 1 < text.size(), "nothing ends with half an escape");
    const char c = text[++i];
    if (c == 'x') {
      require(i + 2 < text.size(), "an escaped byte has two digits");
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      require(c == '\\' || c == 'n' || c == 'r' || c == 't', "only these are escaped by a letter");
      out += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : '\\';
    }
  }
  return out;
}

void check_line(std::string_view text, std::int64_t time_ns) {
  const std::string line = imagehub::EventLog::line(time_ns, text);
  require(line.ends_with('\n') && line.find('\n') == line.size() - 1, "one message, one line");
  require(!fuzz::has_control_character(std::string_view(line).substr(0, line.size() - 1)),
          "without control characters");
  require(common::is_utf8(line), "in UTF-8");
  const std::size_t begin = line.find(" ~ ");
  require(begin != std::string::npos, "behind its stamp");
  require(unescaped(std::string_view(line).substr(begin + 3, line.size() - begin - 4)) == text,
          "out of which it can be read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::int64_t time_ns = 0;
  const std::size_t head = std::min(size, sizeof time_ns);
  if (head > 0) std::memcpy(&time_ns, data, head);
  const std::string_view name = fuzz::text_of(data + head, size - head);
  check_paths(name, time_ns);
  check_line(name, time_ns);
  return 0;
}
