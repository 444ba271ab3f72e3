#include "imagehub/filing/recognition.hpp"

#include "catch.hpp"
#include "imagehub/care/adopt.hpp"
#include "unit/imagehub/care_kit.hpp"

using namespace imagehub;

namespace {

constexpr std::uint64_t kBoot = 0xF00D;

/// A hub whose index lost a picture and an event with their identities, and adopted them.
class Forgetful : public CareKit {
 public:
  Forgetful() {
    commit(given(1, "Barn door|jpg", picture(1)));
    commit(given(2, "Barn|motion|moving", {}));
    close();
    std::filesystem::remove(directory().index());
    open();
    committer->recover();
    adopt(disk, directory(), AdoptWhat::own_tree, *index, kNoProgress);
    restart();
    CHECK_FALSE(index->contains({kBoot, 1}));
  }
  common::Message given(std::uint64_t seq, const std::string& text, common::Payload payload) {
    auto made = message(kBoot, seq, text, std::move(payload));
    made.time_ns = clock.utc_ns() + static_cast<std::int64_t>(seq) * 1'001'000'000;
    return made;
  }
};

}  // namespace

TEST_CASE("what comes again after its identity was lost is known by its content, once") {
  Forgetful hub;
  for (int round = 0; round < 2; ++round) {
    hub.commit(hub.given(1, "Barn door|jpg", picture(1)));
    hub.commit(hub.given(2, "Barn|motion|moving", {}));
    CHECK(hub.pictures().size() == 1);
    CHECK(hub.number("SELECT count(*) FROM images") == 1);
    CHECK(hub.number("SELECT count(*) FROM events") == 1);
    CHECK(hub.log_texts().size() == 1);
    CHECK(hub.index->contains({kBoot, 1}));
    CHECK(hub.index->contains({kBoot, 2}));
  }
  CHECK(hub.number("SELECT count(*) FROM images WHERE seq = 1 AND boot_id IS NOT NULL AND adopted = 0") == 1);
}

TEST_CASE("another picture of the same name is another picture") {
  Forgetful hub;
  hub.commit(hub.given(1, "Barn door|jpg", picture(200)));
  CHECK(hub.pictures().size() == 2);
}

TEST_CASE("two messages that look alike do not share what was adopted") {
  Forgetful hub;
  auto other = hub.given(1, "Barn door|jpg", picture(1));
  other.boot = kBoot + 1;
  hub.commit(hub.given(1, "Barn door|jpg", picture(1)));
  hub.commit(other);
  CHECK(hub.pictures().size() == 2);
}
