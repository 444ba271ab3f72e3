#include "imagehub/store/file_digest.hpp"

#include "common/crc32c.hpp"

namespace imagehub {

std::optional<FileDigest> read_digest(common::FileSystem& files, const std::filesystem::path& path,
                                      common::Bytes& buffer) {
  if (!common::exists(files, path)) return std::nullopt;
  const auto file = files.open(path, common::OpenMode::read);
  const std::uint64_t size = file->size();
  if (buffer.size() < size) buffer.resize(size);
  const std::size_t count = file->read(0, {buffer.data(), static_cast<std::size_t>(size)});
  return FileDigest{count, common::crc32c(common::ByteView(buffer.data(), count))};
}

}  // namespace imagehub
