#include "imagehub/store/image_store.hpp"

#include "catch.hpp"
#include "common/clock.hpp"
#include "common/disk.hpp"
#include "common/files.hpp"
#include "common/local_time.hpp"
#include "temp_folder.hpp"

using imagehub::ImageStore;
using Finish = ImageStore::Finish;

namespace {

constexpr std::int64_t kNoon = 1'795'176'000 * common::kSecond;

const common::Bytes kPicture{1, 2, 3};

/// A disk that fails to sync one folder once, and counts.
class FailingOnce : public common::Disk {
 public:
  void sync_folder(const Path& folder) override {
    if (folder != watched) return;
    if (!failed) {
      failed = true;
      throw std::system_error(EIO, std::generic_category(), "cannot sync");
    }
    ++syncs;
    Disk::sync_folder(folder);
  }
  Path watched;
  bool failed = false;
  int syncs = 0;
};

}  // namespace

TEST_CASE("a picture gets its name in the folder of its local day only when it is finished") {
  const TempFolder folder;
  ImageStore store(folder.disk, folder.path(), true);
  store.sync("a", *store.begin("a", kPicture));
  const std::string path = store.reserve_name("Barn door", kNoon, ".jpg");
  CHECK(path == common::local_date(kNoon) + "/Barn-door-" + common::file_stamp(kNoon) + ".jpg");
  CHECK_FALSE(std::filesystem::exists(store.path_of(path)));
  CHECK(store.finish("a", path) == Finish::renamed);
  store.sync_days();
  CHECK(std::filesystem::file_size(store.path_of(path)) == 3);
  CHECK(std::filesystem::is_empty(folder.path() / ".incoming"));
}

TEST_CASE("pictures of one moment get -1, -2, reserved or on the disk") {
  const TempFolder folder;
  ImageStore store(folder.disk, folder.path(), false);
  const std::string first = store.reserve_name("Barn", kNoon, ".jpg");
  const std::string second = store.reserve_name("Barn", kNoon, ".jpg");
  const std::string third = store.reserve_name("Barn", kNoon, ".jpg");
  const std::string stem = first.substr(0, first.size() - 4);
  CHECK(second == stem + "-1.jpg");
  CHECK(third == stem + "-2.jpg");
  store.sync("a", *store.begin("a", kPicture));
  CHECK(store.finish("a", first) == Finish::renamed);
  CHECK(ImageStore(folder.disk, folder.path(), false).reserve_name("Barn", kNoon, ".jpg") == stem + "-1.jpg");
  CHECK(store.reserve_name("Barn", kNoon, ".png") == stem + ".png");
}

TEST_CASE("the folder of a day is synced in its parent even when the first try failed, once in a run") {
  const TempFolder folder;
  FailingOnce disk;
  ImageStore store(disk, folder.path(), true);
  disk.watched = folder.path();
  CHECK_THROWS_AS(store.reserve_name("Barn", kNoon, ".jpg"), std::system_error);
  REQUIRE(std::filesystem::exists(folder.path() / common::local_date(kNoon)));
  store.reserve_name("Barn", kNoon, ".jpg");
  CHECK(disk.syncs == 1);
  store.reserve_name("Barn", kNoon, ".jpg");
  CHECK(disk.syncs == 1);
  // What an earlier run made.
  ImageStore(disk, folder.path(), true).reserve_name("Shed", kNoon, ".jpg");
  CHECK(disk.syncs == 2);
}

TEST_CASE("a name that was given back can be had again") {
  const TempFolder folder;
  ImageStore store(folder.disk, folder.path(), false);
  const std::string path = store.reserve_name("Barn", kNoon, ".jpg");
  store.release_name(path);
  CHECK(store.reserve_name("Barn", kNoon, ".jpg") == path);
}

TEST_CASE("finishing tells what it found, and never replaces a file") {
  const TempFolder folder;
  ImageStore store(folder.disk, folder.path(), true);
  const std::string path = store.reserve_name("Barn", kNoon, ".jpg");
  CHECK(store.finish("a", path) == Finish::missing);
  write_file(store.path_of(path), common::Bytes(10, 9));
  store.sync("a", *store.begin("a", kPicture));
  CHECK(store.finish("a", path) == Finish::taken);
  CHECK(std::filesystem::file_size(store.path_of(path)) == 10);
  CHECK(std::filesystem::exists(folder.path() / ".incoming/a"));
  store.discard("a");
  CHECK(store.finish("a", path) == Finish::already_there);
  store.discard("a");
}

TEST_CASE("what is left of an earlier run is discarded") {
  const TempFolder folder;
  {
    const ImageStore store(folder.disk, folder.path(), true);
    store.sync("a", *store.begin("a", kPicture));
    store.sync("b", *store.begin("b", kPicture));
  }
  const ImageStore store(folder.disk, folder.path(), true);
  CHECK(store.discard_all_incoming() == 2);
  CHECK(std::filesystem::is_empty(folder.path() / ".incoming"));
  CHECK(store.discard_all_incoming() == 0);
}
