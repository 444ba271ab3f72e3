#include "imagehub/care/salvage_source.hpp"

#include "catch.hpp"
#include "common/database.hpp"
#include "imagehub/index/schema.hpp"
#include "temp_folder.hpp"

using namespace imagehub;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::int64_t kRows = 500;

/// Every number of a row is its id, and none holds a zero byte: 0x01010101 and more.
constexpr std::int64_t kFirst = 0x01010101;

/// A closed index whose table of images has kRows rows.
fs::path index_in(const TempFolder& folder) {
  const fs::path file = folder.path() / "index.sqlite3";
  SQLite::Database db = common::open_database(folder.disk, file, common::Synchronous::off, kSchema);
  SQLite::Transaction transaction(db);
  SQLite::Statement insert(
      db,
      "INSERT INTO images SELECT ?1, NULL, NULL, 'Barn', 'door', '', 'Barn door|jpg', ?1, ?1, NULL, 0, ?1, '{}', '{}', "
      "'2026-11-20/' || ?1, ?1, ?1, '', 0");
  for (std::int64_t id = kFirst; id < kFirst + kRows; ++id) {
    insert.bind(1, id);
    common::run(insert);
  }
  transaction.commit();
  return file;
}

}  // namespace

TEST_CASE("a row of a page that was cut in two is not taken") {
  const TempFolder folder;
  const fs::path whole = index_in(folder);
  const std::uint64_t pages = fs::file_size(whole) / kPage;
  const fs::path cut = folder.path() / "cut.sqlite3", scratch = folder.path() / "scratch.sqlite3";
  std::int64_t rows = 0;
  // The roots of all tables are before that.
  for (std::uint64_t page = 2 * pages / 3; page < pages; ++page) {
    for (const std::uint64_t left : {1000U, 2048U, 3500U, 4000U, 4095U}) {
      fs::copy_file(whole, cut, fs::copy_options::overwrite_existing);
      fs::resize_file(cut, page * kPage + left);
      const auto source = SalvageSource::open(folder.disk, cut, scratch);
      REQUIRE(source);
      source->each("id, received_ns, payload_crc, crc, path", "images", "1", "id", [&](SQLite::Statement& row) {
        ++rows;
        const std::int64_t id = row.getColumn(0).getInt64();
        for (int column = 1; column < 4; ++column) REQUIRE(row.getColumn(column).getInt64() == id);
        REQUIRE(row.getColumn(4).getString() == "2026-11-20/" + std::to_string(id));
      });
      // What was cut stays as it was, for those who look at it by hand.
      REQUIRE(fs::file_size(cut) == page * kPage + left);
    }
    REQUIRE_FALSE(fs::exists(scratch));
  }
  CHECK(rows > kRows);
}
