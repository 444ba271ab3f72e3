#include "common/file_system.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include "common/text.hpp"

namespace common {
namespace {

void remove_quietly(FileSystem& files, const std::filesystem::path& path) {
  try {
    files.remove(path);
  } catch (const std::system_error&) {
    // What stays is removed at the next start.
  }
}

/// Cuts off what append() wrote, when it still is the end of the file.
void take_back(OpenFile& file, const OpenFile::Appended& written, ByteView text) {
  const std::uint64_t size = file.size();
  if (written.count == 0 || size != written.offset + written.count) return;
  Bytes end(written.count);
  if (file.read(written.offset, end) != end.size() || !std::equal(end.begin(), end.end(), text.begin())) return;
  file.resize(written.offset);
}

std::uint64_t append_lines(OpenFile& file, const std::filesystem::path& path, std::string_view lines, bool synced) {
  const std::string_view fresh = next_line(file) == file.size() ? "" : "\n";
  const std::string text = cat(fresh, lines);
  const ByteView bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  const OpenFile::Appended written = file.append(bytes);
  if (written.count < bytes.size()) {
    take_back(file, written, bytes);
    throw std::system_error(std::make_error_code(std::errc::no_space_on_device),
                            cat("cannot append to ", path.string()));
  }
  try {
    if (synced) file.sync();
  } catch (const std::system_error&) {
    take_back(file, written, bytes);
    throw;
  }
  return written.offset + fresh.size();
}

}  // namespace

bool is_folder(FileSystem& files, const std::filesystem::path& path) {
  const auto info = files.info(path);
  return info && info->is_folder;
}

std::string read_text(FileSystem& files, const std::filesystem::path& path) {
  const auto file = files.open(path, OpenMode::read);
  std::string text(file->size(), '\0');
  text.resize(file->read(0, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  return text;
}

OpenFilePtr begin_file(FileSystem& files, const std::filesystem::path& path, ByteView bytes) {
  OpenFilePtr file = files.open(path, OpenMode::replace);
  try {
    file->write(0, bytes);
  } catch (const std::system_error&) {
    remove_quietly(files, path);
    throw;
  }
  file->begin_sync();
  return file;
}

void sync_file(FileSystem& files, OpenFile& file, const std::filesystem::path& path) {
  try {
    file.sync();
  } catch (const std::system_error&) {
    remove_quietly(files, path);
    throw;
  }
}

std::uint64_t next_line(OpenFile& file) {
  const std::uint64_t size = file.size();
  std::array<std::uint8_t, 1> last{};
  const bool half = size > 0 && file.read(size - 1, last) == 1 && last[0] != '\n';
  return half ? size + 1 : size;
}

std::uint64_t append_lines(OpenFile& file, const std::filesystem::path& path, std::string_view lines) {
  return append_lines(file, path, lines, false);
}

std::uint64_t append_lines_synced(OpenFile& file, const std::filesystem::path& path, std::string_view lines) {
  return append_lines(file, path, lines, true);
}

void make_folders(FileSystem& files, const std::filesystem::path& folder) {
  if (folder.empty() || is_folder(files, folder)) return;
  make_folders(files, folder.parent_path());
  if (files.make_folder(folder) && !folder.parent_path().empty()) files.sync_folder(folder.parent_path());
}

}  // namespace common
