#include "imagehub/index/deletions.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "common/database.hpp"

namespace imagehub {
namespace {

std::int64_t to_limit(std::size_t count) {
  return static_cast<std::int64_t>(count);
}

}  // namespace

struct Deletions::Impl {
  explicit Impl(Index& the_index) : index(the_index), db(the_index.database()) {}

  std::int64_t oldest_received_ns(const std::string& node, bool adopted) {
    oldest_of_node.bindNoCopy(1, node);
    oldest_of_node.bind(2, adopted ? 1 : 0);
    const std::int64_t found = oldest_of_node.executeStep() ? oldest_of_node.getColumn(0).getInt64() : 0;
    oldest_of_node.reset();
    return found;
  }

  Index& index;
  SQLite::Database& db;
  SQLite::Statement oldest_of_node{
      db, "SELECT received_ns FROM images WHERE node = ? AND adopted = ? ORDER BY received_ns LIMIT 1"};
  SQLite::Statement oldest{db,
                           "SELECT id, path, bytes, received_ns FROM images WHERE node = ? AND adopted = ? AND "
                           "received_ns <= ? AND id <= ? ORDER BY received_ns LIMIT ?"};
  SQLite::Statement add_garbage{db, "INSERT OR IGNORE INTO garbage VALUES (?)"};
  SQLite::Statement remove_garbage{db, "DELETE FROM garbage WHERE path = ?"};
  SQLite::Statement remove_image{db, "DELETE FROM images WHERE id = ?"};
};

Deletions::Deletions(Index& index) : impl_(std::make_unique<Impl>(index)) {}
Deletions::~Deletions() = default;

std::vector<ImageTotal> Deletions::totals(const ImageTotal* behind, std::size_t limit) {
  SQLite::Statement query(impl_->db,
                          "SELECT node, adopted, images, bytes FROM image_totals WHERE (node, adopted) > (?, ?) AND "
                          "images > 0 ORDER BY node, adopted LIMIT ?");
  query.bind(1, behind == nullptr ? std::string() : behind->node);
  query.bind(2, behind == nullptr ? -1 : static_cast<int>(behind->adopted));
  query.bind(3, to_limit(limit));
  std::vector<ImageTotal> found;
  while (query.executeStep()) {
    ImageTotal& total = found.emplace_back();
    total.node = query.getColumn(0).getString();
    total.adopted = query.getColumn(1).getInt() != 0;
    total.images = static_cast<std::uint64_t>(query.getColumn(2).getInt64());
    total.bytes = static_cast<std::uint64_t>(query.getColumn(3).getInt64());
    total.oldest_received_ns = impl_->oldest_received_ns(total.node, total.adopted);
  }
  return found;
}

std::vector<OldImage> Deletions::oldest(const std::string& node, bool adopted, std::int64_t received_until_ns,
                                        std::int64_t last_id, std::size_t limit) {
  SQLite::Statement& query = impl_->oldest;
  query.tryReset();
  query.bindNoCopy(1, node);
  query.bind(2, adopted ? 1 : 0);
  query.bind(3, received_until_ns);
  query.bind(4, last_id);
  query.bind(5, to_limit(limit));
  std::vector<OldImage> found;
  while (query.executeStep()) {
    found.push_back({query.getColumn(0).getInt64(), query.getColumn(1).getString(),
                     static_cast<std::uint64_t>(query.getColumn(2).getInt64()), query.getColumn(3).getInt64()});
  }
  query.reset();
  return found;
}

void Deletions::to_garbage(const OldImage& image) {
  impl_->add_garbage.bindNoCopy(1, image.path);
  common::run(impl_->add_garbage);
  impl_->remove_image.bind(1, image.id);
  common::run(impl_->remove_image);
}

void Deletions::forget_garbage(const std::string& path) {
  impl_->remove_garbage.bindNoCopy(1, path);
  common::run(impl_->remove_garbage);
}

std::vector<std::string> Deletions::garbage() {
  SQLite::Statement query(impl_->db, "SELECT path FROM garbage");
  std::vector<std::string> paths;
  while (query.executeStep()) paths.push_back(query.getColumn(0).getString());
  return paths;
}

void Deletions::spare_adopted() {
  // Nobody else takes the name of a file in the garbage; but a salvage puts rows together from several places.
  const bool salvaging = impl_->index.salvage_report().has_value();
  SQLite::Statement remove(impl_->db, salvaging ? "DELETE FROM garbage WHERE path IN (SELECT path FROM images)"
                                                : "DELETE FROM garbage WHERE path IN (SELECT path FROM images WHERE "
                                                  "adopted = 1 AND boot_id IS NULL)");
  common::run(remove);
}

std::vector<std::int64_t> Deletions::newest_received_ns() {
  // Looking back a thousand rows keeps this short when the newest are all of another kind.
  std::vector<std::int64_t> found;
  for (const char* sql : {"SELECT received_ns FROM images WHERE id > (SELECT max(id) FROM images) - 1000 AND "
                          "adopted = 0 ORDER BY id DESC LIMIT 1",
                          "SELECT received_ns FROM events WHERE id > (SELECT max(id) FROM events) - 1000 AND "
                          "node <> 'imagehub' ORDER BY id DESC LIMIT 1"}) {
    SQLite::Statement query(impl_->db, sql);
    if (query.executeStep()) found.push_back(query.getColumn(0).getInt64());
  }
  return found;
}

}  // namespace imagehub
