#include "imagehub/care/wal_check.hpp"

#include "catch.hpp"
#include "unit/imagehub/care_kit.hpp"

using namespace imagehub;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kHeader = 32;
constexpr std::uint64_t kFrame = 24 + 4096;

/// A write-ahead log as a hub leaves it that is killed.
class Log : public CareKit {
 public:
  explicit Log(int commits = 20) {
    for (int n = 1; n <= commits; ++n) commit(message(1, static_cast<std::uint64_t>(n), "Barn|event"));
    fs::copy_file(data() / "index.sqlite3-wal", file());
  }
  fs::path file() const { return data() / "copy-wal"; }
  void overwrite(std::uint64_t offset, common::Bytes bytes) {
    disk.open(file(), common::OpenMode::change)->write(offset, bytes);
  }
  std::uint64_t frames() { return (fs::file_size(file()) - kHeader) / kFrame; }
  std::optional<std::string> damage() { return wal_damage(disk, file()); }
};

}  // namespace

TEST_CASE("the log of a hub that was killed is good") {
  Log log;
  CHECK(log.frames() > 20);
  CHECK_FALSE(log.damage());
}

TEST_CASE("no log, an empty one and one of zeros are good") {
  Log log;
  CHECK_FALSE(wal_damage(log.disk, log.data() / "none"));
  fs::resize_file(log.file(), 0);
  CHECK_FALSE(log.damage());
  fs::resize_file(log.file(), 100'000);
  CHECK_FALSE(log.damage());
}

TEST_CASE("a beginning that is none is damage") {
  Log log;
  log.overwrite(GENERATE(0U, 8U, 20U, 30U), {0x55, 0xAA});
  CHECK(log.damage());
}

TEST_CASE("a broken frame is damage where commits lie behind it, wherever it is broken") {
  Log log;
  log.overwrite(kHeader + 3 * kFrame + GENERATE(0U, 10U, 17U, 24U, 2000U, 4119U), {0x55});
  CHECK_THAT(log.damage().value_or(""), ContainsSubstring("frame 4 "));
}

TEST_CASE("a last commit that a power failure cut short is no damage") {
  Log log;
  const std::uint64_t last = kHeader + (log.frames() - 1) * kFrame;
  SECTION("its last frame is torn") {
    log.overwrite(last + 1000, {0x55});
  }
  SECTION("a frame before its last is torn") {
    log.overwrite(last - kFrame + 1000, {0x55});
  }
  SECTION("the file ends in the middle of it") {
    fs::resize_file(log.file(), last + 1000);
  }
  CHECK_FALSE(log.damage());
}
