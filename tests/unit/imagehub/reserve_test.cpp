#include "imagehub/store/reserve.hpp"

#include "catch.hpp"
#include "common/files.hpp"
#include "forwarding_file.hpp"
#include "temp_folder.hpp"

using namespace imagehub;

namespace {

constexpr std::uint64_t kMb = 1024 * 1024;

[[noreturn]] void fail_full() {
  throw std::system_error(std::make_error_code(std::errc::no_space_on_device), "no room");
}

/// A disk of a given size on which everything but the reserve takes `used` bytes.
class SmallDisk : public common::Disk {
 public:
  explicit SmallDisk(std::filesystem::path reserve) : reserve_(std::move(reserve)) {}
  common::Space space(const Path& path) override {
    if (path.filename() == "images") return {100 * kMb, free_of_images, 1};
    const std::uint64_t taken = used + reserved();
    return {size, size > taken ? size - taken : 0};
  }
  std::uint64_t reserved() {
    const auto known = info(reserve_);
    return known ? known->bytes : 0;
  }
  common::OpenFilePtr open(const Path& path, common::OpenMode mode) override {
    return std::make_unique<File>(*this, common::Disk::open(path, mode));
  }

  std::uint64_t size = 1000 * kMb;
  std::uint64_t used = 0;
  std::uint64_t free_of_images = 100 * kMb;  ///< a disk of their own
  int allocate_error = 0;

 private:
  /// A file that cannot have more than there is.
  class File : public ForwardingFile {
   public:
    File(SmallDisk& disk, common::OpenFilePtr file) : ForwardingFile(std::move(file)), disk_(disk) {}
    void allocate(std::uint64_t bytes) override {
      if (disk_.allocate_error != 0) throw std::system_error(disk_.allocate_error, std::generic_category());
      if (bytes > size() + disk_.space({}).free_bytes) fail_full();
      resize(bytes);
    }

   private:
    SmallDisk& disk_;
  };

  std::filesystem::path reserve_;
};

struct Fixture {
  TempFolder folder;
  std::filesystem::path file = folder.path() / ".reserve";
  SmallDisk disk{file};
};

}  // namespace

TEST_CASE("the reserve takes its room at the start, and no more than an eighth of the disk") {
  Fixture fixture;
  CHECK(Reserve(fixture.disk, fixture.file, 64 * kMb).status().bytes_left == 64 * kMb);
  CHECK(fixture.disk.reserved() == 64 * kMb);
  fixture.disk.size = 80 * kMb;
  fixture.disk.used = 0;
  const Reserve small(fixture.disk, fixture.file, 64 * kMb);
  CHECK(small.status().bytes == 10 * kMb);
  CHECK(fixture.disk.reserved() == 10 * kMb);
}

TEST_CASE("work that finds no room gets the reserve piece by piece, and its result comes through") {
  Fixture fixture;
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb);
  int tries = 0;
  const int result = reserve.spend([&] {
    if (++tries < 4) fail_full();
    return 17;
  });
  CHECK(result == 17);
  CHECK(reserve.status().bytes_left == 52 * kMb);
  CHECK(fixture.disk.reserved() == 52 * kMb);
  CHECK(reserve.status().full);
}

TEST_CASE("when the reserve is used up the failure comes through, and other failures do so at once") {
  Fixture fixture;
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb);
  CHECK_THROWS_AS(reserve.spend([] { throw std::runtime_error("other"); }), std::runtime_error);
  CHECK_FALSE(reserve.status().full);
  CHECK_THROWS_AS(reserve.spend([] { fail_full(); }), std::system_error);
  CHECK(reserve.status().bytes_left == 0);
  CHECK(fixture.disk.reserved() == 0);
}

TEST_CASE("whatever a failure is called, with nothing free it is a full disk") {
  Fixture fixture;
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb);
  fixture.disk.used = fixture.disk.size - 64 * kMb;
  int tries = 0;
  reserve.spend([&] {
    if (++tries == 1) throw std::runtime_error("disk I/O error");
  });
  CHECK(tries == 2);
  CHECK(reserve.status().bytes_left == 60 * kMb);
}

TEST_CASE("images wait until the reserve can be whole again with room to spare") {
  Fixture fixture;
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb);
  REQUIRE(reserve.room_for_images());
  fixture.disk.used = fixture.disk.size - 64 * kMb;
  reserve.give_back();
  fixture.disk.used += 4 * kMb;
  CHECK_FALSE(reserve.room_for_images());
  fixture.disk.used -= 4 * kMb + 15 * kMb;  // a quarter of the reserve is the margin
  CHECK_FALSE(reserve.room_for_images());
  CHECK(fixture.disk.reserved() == 60 * kMb);
  fixture.disk.used -= kMb;
  CHECK(reserve.room_for_images());
  CHECK(reserve.status().bytes_left == 64 * kMb);
  CHECK(fixture.disk.reserved() == 64 * kMb);
}

TEST_CASE("an image that does not fit stops all, until there is room for its like") {
  Fixture fixture;
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb);
  fixture.disk.used = fixture.disk.size - 64 * kMb - 30 * kMb;
  reserve.found_full(40 * kMb);
  CHECK_FALSE(reserve.room_for_images());
  fixture.disk.used -= 50 * kMb;
  CHECK(reserve.room_for_images());
  CHECK(reserve.status().bytes_left == 64 * kMb);
}

TEST_CASE("images wait while a disk of their own is full, and the reserve is not touched") {
  Fixture fixture;
  const auto images = fixture.folder.path() / "images";
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb, {images, fixture.folder.path() / "missing"});
  std::filesystem::create_directory(images);
  fixture.disk.free_of_images = kMb;
  reserve.found_full(kMb);
  CHECK_FALSE(reserve.room_for_images());
  CHECK(reserve.status().full);
  fixture.disk.free_of_images = 3 * kMb;  // twice the image, and a bit of the disk
  CHECK_FALSE(reserve.room_for_images());
  fixture.disk.free_of_images = 4 * kMb;
  CHECK(reserve.room_for_images());
  CHECK(reserve.status().bytes_left == 64 * kMb);
}

TEST_CASE("the reserve gives nothing back for another disk that is full, and is whole again at once") {
  Fixture fixture;
  const auto images = fixture.folder.path() / "images";
  std::filesystem::create_directory(images);
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb, {images});
  fixture.disk.free_of_images = 0;
  CHECK_THROWS_AS(reserve.spend([] { fail_full(); }), std::system_error);
  CHECK(reserve.status().bytes_left == 64 * kMb);
  CHECK(reserve.status().full);
  // With both full a piece helps; when only the other is, it is taken back, and images go on waiting.
  fixture.disk.used = fixture.disk.size - 64 * kMb;
  CHECK(reserve.give_back());
  fixture.disk.used = 0;
  CHECK_FALSE(reserve.room_for_images());
  CHECK(reserve.status().bytes_left == 64 * kMb);
  fixture.disk.free_of_images = 100 * kMb;
  CHECK(reserve.room_for_images());
}

TEST_CASE("a start on a full disk goes on with what is left of the reserve, and images wait") {
  Fixture fixture;
  { Reserve(fixture.disk, fixture.file, 64 * kMb).give_back(); }
  fixture.disk.used = fixture.disk.size - 60 * kMb;
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb);
  CHECK(reserve.status().bytes_left == 60 * kMb);
  CHECK_FALSE(reserve.room_for_images());
  fixture.disk.used = 0;
  CHECK(reserve.room_for_images());
}

TEST_CASE("where room cannot be promised it is written") {
  Fixture fixture;
  fixture.disk.allocate_error = EOPNOTSUPP;
  Reserve reserve(fixture.disk, fixture.file, 3 * kMb + 5);
  CHECK(reserve.status().bytes_left == 3 * kMb + 5);
  CHECK(fixture.disk.reserved() == 3 * kMb + 5);
  CHECK(reserve.room_for_images());
}

TEST_CASE("a reserve that cannot be made for another reason is done without") {
  Fixture fixture;
  fixture.disk.allocate_error = EIO;
  Reserve reserve(fixture.disk, fixture.file, 64 * kMb);
  CHECK(reserve.room_for_images());
  CHECK_THROWS(reserve.spend([] { fail_full(); }));
}

TEST_CASE("reserve_mb 0 leaves no file, also not that of an earlier start") {
  Fixture fixture;
  { const Reserve before(fixture.disk, fixture.file, 8 * kMb); }
  Reserve reserve(fixture.disk, fixture.file, 0);
  CHECK_FALSE(std::filesystem::exists(fixture.file));
  CHECK(reserve.room_for_images());
}
