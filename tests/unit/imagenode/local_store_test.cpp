#include "imagenode/link/local_store.hpp"

#include "catch.hpp"
#include "common/local_time.hpp"
#include "fake_clock.hpp"
#include "imagenode/link/stamper.hpp"
#include "temp_folder.hpp"

using namespace imagenode;

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBoot = 1;
const common::Bytes kJpeg{0xff, 0xd8, 1, 2, 3, 0xff, 0xd9};

struct Fixture {
  TempFolder folder;
  FakeClock clock;
  fs::path root = folder.path() / "here";
  Outbox outbox{OutboxSettings{}};
  Stamper stamper{kBoot, clock, {&outbox}};
  LocalStore store{root, kBoot, outbox, folder.disk, clock};

  void put(const std::string& text, const common::Bytes& bytes = {}) {
    common::Message message;
    message.text = text;
    message.payload = common::Payload(bytes);
    stamper.put(std::move(message));
  }
  std::string stem() const { return "Barn-door-" + common::file_stamp(clock.utc); }
  fs::path day() const { return root / "images" / common::local_date(clock.utc); }
  std::string log() const { return common::read_text_file(root / "logs" / "imagehub.log"); }
};

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("without a hub pictures and events are written as a hub would, and leave the outbox") {
  Fixture fixture;
  fixture.put("Barn door|jpg", kJpeg);
  fixture.put("Barn door|motion|mov\ning");
  CHECK(fixture.store.work());
  CHECK_FALSE(fixture.store.work());
  CHECK(fixture.outbox.counts().queued_messages == 0);
  CHECK(fs::file_size(fixture.day() / (fixture.stem() + ".jpg")) == kJpeg.size());
  CHECK(fixture.log() == common::log_stamp(fixture.clock.utc) + " ~ Barn door|motion|mov\\ning\n");
  CHECK(fs::is_empty(fixture.root / "images" / ".incoming"));
}

TEST_CASE("what a kill left unfinished is removed, and what is not of a node stays") {
  Fixture fixture;
  const fs::path incoming = fixture.root / "images" / ".incoming";
  common::make_folders(fixture.folder.disk, incoming);
  write_file(incoming / "local-00000000000000aa-22", kJpeg);
  write_file(incoming / "00000000000000aa-22", kJpeg);
  fixture.put("Barn door|jpg", kJpeg);
  CHECK(fixture.store.work());
  CHECK_FALSE(fs::exists(incoming / "local-00000000000000aa-22"));
  CHECK(fs::exists(incoming / "00000000000000aa-22"));
  CHECK(fs::exists(fixture.day() / (fixture.stem() + ".jpg")));
}

TEST_CASE("a raw picture is written as PNG, and two of one moment get names of their own") {
  Fixture fixture;
  for (const std::uint8_t value : {std::uint8_t{1}, std::uint8_t{2}}) {
    common::Message message;
    message.text = "Barn door|image";
    message.payload = common::Payload(common::Bytes(12, value));
    message.array = common::ArrayForm{"uint8", {2, 2, 3}};
    fixture.stamper.put(std::move(message));
  }
  fixture.store.work();
  CHECK(fs::exists(fixture.day() / (fixture.stem() + ".png")));
  CHECK(fs::exists(fixture.day() / (fixture.stem() + "-1.png")));
}

TEST_CASE("what was written before a crash is not doubled when it comes again") {
  Fixture fixture;
  fixture.put("Barn door|jpg", kJpeg);
  fixture.put("Barn door|motion|moving");
  fixture.store.work();
  // As if the process had died before the spool forgot them.
  LocalStore again(fixture.root, kBoot, fixture.outbox, fixture.folder.disk, fixture.clock);
  fixture.put("Barn door|jpg", kJpeg);
  fixture.put("Barn door|motion|moving");
  fixture.put("Barn door|motion|still");
  CHECK(again.work());
  CHECK(files_in(fixture.day()) == 1);
  const std::string stamp = common::log_stamp(fixture.clock.utc);
  CHECK(fixture.log() == stamp + " ~ Barn door|motion|moving\n" + stamp + " ~ Barn door|motion|still\n");
}

TEST_CASE("half a line of a power failure keeps a line of its own, and each day has its log") {
  Fixture fixture;
  fs::create_directories(fixture.root / "logs");
  write_file(fixture.root / "logs" / "imagehub.log", {'h', 'a', 'l', 'f'});
  fixture.clock.utc = common::SystemClock().utc_ns();
  fixture.put("Barn|one");
  fixture.store.work();
  CHECK(fixture.log() == "half\n" + common::log_stamp(fixture.clock.utc) + " ~ Barn|one\n");
  const std::string yesterday = common::local_date(fixture.clock.utc);
  fixture.clock.advance(26 * 3600 * common::kSecond);
  fixture.put("Barn|two");
  fixture.store.work();
  CHECK(fixture.log() == common::log_stamp(fixture.clock.utc) + " ~ Barn|two\n");
  CHECK(fs::exists(fixture.root / "logs" / ("imagehub.log." + yesterday)));
}

TEST_CASE("what the disk does not take stays in the outbox") {
  Fixture fixture;
  write_file(fixture.root, {1});
  fixture.put("Barn door|jpg", kJpeg);
  CHECK_THROWS(fixture.store.work());
  CHECK(fixture.outbox.counts().queued_messages == 1);
  fs::remove(fixture.root);
  CHECK(fixture.store.work());
  CHECK(fixture.outbox.counts().queued_messages == 0);
}

TEST_CASE("events do not come twice into the log while only the pictures cannot be written") {
  Fixture fixture;
  fs::create_directories(fixture.root);
  write_file(fixture.root / "images", {1});  // a file where the folder should be
  fixture.put("Barn|motion|moving");
  fixture.put("Barn door|jpg", kJpeg);
  CHECK_THROWS(fixture.store.work());
  CHECK_THROWS(fixture.store.work());
  CHECK(fixture.log() == common::log_stamp(fixture.clock.utc) + " ~ Barn|motion|moving\n");
  CHECK(fixture.outbox.counts().queued_messages == 1);
  fs::remove(fixture.root / "images");
  CHECK(fixture.store.work());
  CHECK(files_in(fixture.day()) == 1);
  CHECK(fixture.outbox.counts().queued_messages == 0);
}
