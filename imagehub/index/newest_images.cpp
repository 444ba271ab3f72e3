#include "imagehub/index/newest_images.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace imagehub {

std::vector<std::string> newest_images(Index& index, std::int64_t last, int count) {
  SQLite::Statement query(index.database(), "SELECT path FROM images WHERE id <= ? ORDER BY id DESC LIMIT ?");
  query.bind(1, last);
  query.bind(2, count);
  std::vector<std::string> paths;
  while (query.executeStep()) paths.push_back(query.getColumn(0).getString());
  return paths;
}

}  // namespace imagehub
