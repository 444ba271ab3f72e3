#include "common/file_system.hpp"

#include <system_error>

namespace common {
namespace {

void remove_quietly(FileSystem& files, const std::filesystem::path& path) {
  try {
    files.remove(path);
  } catch (const std::system_error&) {
    // What stays is removed at the next start.
  }
}

}  // namespace

bool is_folder(FileSystem& files, const std::filesystem::path& path) {
  const auto info = files.info(path);
  return info && info->is_folder;
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

void make_folders(FileSystem& files, const std::filesystem::path& folder) {
  if (folder.empty() || is_folder(files, folder)) return;
  make_folders(files, folder.parent_path());
  if (files.make_folder(folder) && !folder.parent_path().empty()) files.sync_folder(folder.parent_path());
}

}  // namespace common
