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
  /// Flips bits of one byte, so that it differs whatever was there: salts and checksums are random.
  void damage_at(std::uint64_t offset) {
    const auto opened = disk.open(file(), common::OpenMode::change);
    common::Bytes byte(1);
    opened->read(offset, byte);
    byte[0] ^= 0x55;
    opened->write(offset, byte);
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
  log.damage_at(GENERATE(0U, 8U, 20U, 30U));
  CHECK(log.damage());
}

TEST_CASE("a broken frame is damage where commits lie behind it, wherever it is broken") {
  Log log;
  log.damage_at(kHeader + 3 * kFrame + GENERATE(0U, 10U, 17U, 24U, 2000U, 4119U));
  CHECK_THAT(log.damage().value_or(""), ContainsSubstring("frame 4 "));
}

TEST_CASE("a last commit that a power failure cut short is no damage") {
  Log log;
  const std::uint64_t last = kHeader + (log.frames() - 1) * kFrame;
  SECTION("its last frame is torn") {
    log.damage_at(last + 1000);
  }
  SECTION("a frame before its last is torn") {
    log.damage_at(last - kFrame + 1000);
  }
  SECTION("the file ends in the middle of it") {
    fs::resize_file(log.file(), last + 1000);
  }
  CHECK_FALSE(log.damage());
}
