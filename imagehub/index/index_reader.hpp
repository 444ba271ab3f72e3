#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/file_system.hpp"
#include "imagehub/index/batch_rows.hpp"
#include "imagehub/index/index.hpp"

namespace imagehub {

/// Looks into an index, also while a hub writes to it: a read-only connection that never holds one state of the
/// database for long. Bound to one thread at a time. Failures throw std::runtime_error, common::CorruptDatabase when
/// the database is damaged.
class IndexReader {
 public:
  /// Throws when the file is missing or not of the format that this version writes.
  IndexReader(const common::FileSystem& files, const std::filesystem::path& file);
  ~IndexReader();
  IndexReader(const IndexReader&) = delete;
  IndexReader& operator=(const IndexReader&) = delete;

  /// What is older was there before the index.
  std::int64_t created_ns();
  Index::Finished finished();

  /// Rows with after < id <= last, in the order of id.
  void each_image(std::int64_t after, std::int64_t last, const std::function<void(const ImageRow&)>& visit);
  void each_event(std::int64_t after, std::int64_t last, const std::function<void(const EventRow&)>& visit);
  /// All batches, in the order of id.
  void each_batch(const std::function<void(const BatchRow&)>& visit);
  std::optional<ImageRow> image(std::int64_t id);
  std::optional<EventRow> event(std::int64_t id);

  std::uint64_t images();
  std::uint64_t events();
  std::uint64_t images_without_crc();

  /// Every node with each of its views that sent a picture; what adopted files guess is left out.
  std::vector<std::pair<std::string, std::string>> node_views();

  /// Paths below images/ whose rows are gone and whose files are about to go.
  std::vector<std::string> garbage();

  /// What SQLite finds when it reads every page; nothing when all is well.
  std::optional<std::string> damage();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
