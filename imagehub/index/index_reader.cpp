#include "imagehub/index/index_reader.hpp"

#include <stdexcept>

#include "common/database.hpp"
#include "common/text.hpp"
#include "imagehub/index/read_batches.hpp"
#include "imagehub/index/read_rows.hpp"
#include "imagehub/index/schema.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr int kRowsAtOnce = 2000;

/// SQLite's exceptions as common::CorruptDatabase where they are that.
template <typename Work>
auto translated(const Work& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    common::rethrow(error);
  }
}

}  // namespace

struct IndexReader::Impl {
  SQLite::Database db;

  Impl(const common::FileSystem& files, const std::filesystem::path& file)
      : db(file.string(), SQLite::OPEN_READONLY, common::kBusyTimeoutMs, files.sqlite_vfs()) {
    const int format = db.execAndGet("PRAGMA user_version").getInt();
    if (format != static_cast<int>(kSchema.size())) {
      throw std::runtime_error(cat(file.string(), " has format ", format, ", this version needs ", kSchema.size(),
                                   "; start this version's hub once to bring it up to date"));
    }
  }

  std::int64_t number(const std::string& query) {
    return translated([&] {
      SQLite::Statement statement(db, query);
      return statement.executeStep() ? statement.getColumn(0).getInt64() : 0;
    });
  }

  /// A statement for every so many rows, so that the writer's log can be emptied in between.
  template <typename Row>
  void each(const std::string& select, std::int64_t after, std::int64_t last,
            const std::function<void(const Row&)>& visit) {
    for (;;) {
      const auto rows = translated([&] {
        SQLite::Statement query(db, select + "WHERE t.id > ? AND t.id <= ? ORDER BY t.id LIMIT ?");
        query.bind(1, after);
        query.bind(2, last);
        query.bind(3, kRowsAtOnce);
        return read_rows<Row>(query);
      });
      for (const Row& row : rows) visit(row);
      if (rows.size() < kRowsAtOnce) return;
      after = rows.back().id;
    }
  }

  template <typename Row>
  std::optional<Row> one(const std::string& select, std::int64_t id) {
    std::optional<Row> found;
    each<Row>(select, id - 1, id, [&](const Row& row) { found = row; });
    return found;
  }
};

IndexReader::IndexReader(const common::FileSystem& files, const std::filesystem::path& file)
    : impl_(translated([&] { return std::make_unique<Impl>(files, file); })) {}

IndexReader::~IndexReader() = default;

std::int64_t IndexReader::created_ns() {
  return impl_->number("SELECT value FROM meta WHERE key = 'created_ns'");
}

Index::Finished IndexReader::finished() {
  return {impl_->number("SELECT value FROM meta WHERE key = 'images_finished'"),
          impl_->number("SELECT value FROM meta WHERE key = 'events_finished'")};
}

void IndexReader::each_image(std::int64_t after, std::int64_t last, const std::function<void(const ImageRow&)>& visit) {
  impl_->each<ImageRow>(kSelectImages, after, last, visit);
}

void IndexReader::each_event(std::int64_t after, std::int64_t last, const std::function<void(const EventRow&)>& visit) {
  impl_->each<EventRow>(kSelectEvents, after, last, visit);
}

void IndexReader::each_batch(const std::function<void(const BatchRow&)>& visit) {
  for (std::int64_t after = 0;;) {
    const auto rows = translated([&] {
      SQLite::Statement query(impl_->db, kSelectBatches + "WHERE id > ? ORDER BY id LIMIT ?");
      query.bind(1, after);
      query.bind(2, kRowsAtOnce);
      return read_batches(impl_->db, query);
    });
    for (const BatchRow& row : rows) visit(row);
    if (rows.size() < kRowsAtOnce) return;
    after = rows.back().id;
  }
}

std::optional<ImageRow> IndexReader::image(std::int64_t id) {
  return impl_->one<ImageRow>(kSelectImages, id);
}

std::optional<EventRow> IndexReader::event(std::int64_t id) {
  return impl_->one<EventRow>(kSelectEvents, id);
}

std::uint64_t IndexReader::images() {
  return from_sql(impl_->number("SELECT count(*) FROM images"));
}

std::uint64_t IndexReader::events() {
  return from_sql(impl_->number("SELECT count(*) FROM events"));
}

std::uint64_t IndexReader::images_without_crc() {
  return from_sql(impl_->number("SELECT count(*) FROM images WHERE crc = -1"));
}

std::vector<std::pair<std::string, std::string>> IndexReader::node_views() {
  return translated([&] {
    SQLite::Statement query(impl_->db, "SELECT DISTINCT node, view FROM images WHERE adopted = 0");
    std::vector<std::pair<std::string, std::string>> found;
    while (query.executeStep()) found.emplace_back(query.getColumn(0).getString(), query.getColumn(1).getString());
    return found;
  });
}

std::vector<std::string> IndexReader::garbage() {
  return translated([&] {
    SQLite::Statement query(impl_->db, "SELECT path FROM garbage");
    std::vector<std::string> paths;
    while (query.executeStep()) paths.push_back(query.getColumn(0).getString());
    return paths;
  });
}

std::optional<std::string> IndexReader::damage() {
  return translated([&]() -> std::optional<std::string> {
    SQLite::Statement query(impl_->db, "PRAGMA quick_check(1)");
    if (!query.executeStep()) return "no answer";
    const std::string found = query.getColumn(0).getString();
    if (found == "ok") return std::nullopt;
    return found;
  });
}

}  // namespace imagehub
