#include "imagehub/filing/not_mounted.hpp"

#include "catch.hpp"
#include "imagehub/filing/retention.hpp"
#include "imagehub/index/newest_images.hpp"
#include "unit/imagehub/care_kit.hpp"

using namespace imagehub;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kBoot = 0xF00D;

/// A hub that was killed when images 1 to 4 were finished, and 5 acknowledged.
class Killed : public CareKit {
 public:
  Killed() {
    for (std::uint64_t seq = 1; seq <= 5; ++seq) {
      commit(message(kBoot, seq));
      if (seq == 3) restart();
    }
  }
  void unmount() { fs::rename(data() / "images", data() / "aside"); }
  void mount() {
    fs::remove_all(data() / "images");
    fs::rename(data() / "aside", data() / "images");
  }
};

}  // namespace

TEST_CASE("a start without the folder of pictures gives nothing up, and the next one has all") {
  Killed hub;
  hub.unmount();
  CHECK_THROWS_WITH(hub.restart(), ContainsSubstring("is it not mounted?"));
  CHECK(hub.number("SELECT count(*) FROM images") == 5);
  CHECK(hub.number("SELECT high FROM identities") == 5);
  hub.mount();
  hub.restart();
  CHECK(hub.number("SELECT count(*) FROM images") == 5);
}

TEST_CASE("garbage is not forgotten while the folder of pictures is not there") {
  Killed hub;
  hub.restart();
  {
    SQLite::Database(hub.directory().index().string(), SQLite::OPEN_READWRITE).exec("INSERT INTO garbage VALUES ('a')");
  }
  hub.unmount();
  CHECK_THROWS(finish_deletions(*hub.index, *hub.store));
  CHECK(hub.number("SELECT count(*) FROM garbage") == 1);
  CHECK_NOTHROW(finish_deletions(*hub.index, *hub.store, true));
  CHECK(hub.number("SELECT count(*) FROM garbage") == 0);
}

TEST_CASE("pictures that are known to be lost, or old ones that their owner removed, stop no start") {
  Killed hub;
  const auto rows = hub.index->unfinished_images();
  REQUIRE(rows.size() == 1);
  fs::remove(hub.store->path_of(rows.back().path));
  fs::remove(hub.store->path_of(newest_images(*hub.index, 1, 1).at(0)));
  hub.restart();
  CHECK(hub.number("SELECT count(*) FROM images") == 4);
  hub.commit(message(kBoot, 6));
  fs::remove_all(hub.data() / "images");
  hub.open();
  CHECK_THROWS(hub.committer->recover());
  CHECK(hub.committer->recover(true).rows == 1);
}
