#include "common/files.hpp"

#include <poll.h>
#include <unistd.h>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace common;
namespace fs = std::filesystem;

namespace {

Bytes bytes(std::size_t count) {
  return Bytes(count, 'x');
}

}  // namespace

TEST_CASE("a file is written whole and replaces the one before") {
  const TempFolder folder;
  const fs::path path = folder.path() / "a";
  write_file(path, bytes(100'000), true);
  write_file(path, bytes(3), true);
  CHECK(read_text_file(path) == "xxx");
  write_file(path, {}, false);
  CHECK(fs::file_size(path) == 0);
}

TEST_CASE("a file that cannot be written is an error that names it, and nothing is left") {
  const TempFolder folder;
  const fs::path path = folder.path() / "missing" / "a";
  try {
    write_file(path, bytes(1), true);
    FAIL("written into a folder that does not exist");
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::errc::no_such_file_or_directory);
    CHECK_THAT(std::string(error.what()), ContainsSubstring(path.string()));
  }
  CHECK_THROWS_AS(read_text_file(path), std::system_error);
  CHECK_THROWS_AS(sync_folder(path), std::system_error);
}

TEST_CASE("folders are made with their parents, and made twice without harm") {
  const TempFolder folder;
  const fs::path deep = folder.path() / "a/b/c";
  make_folder(deep);
  make_folder(deep);
  CHECK(fs::is_directory(deep));
  write_file(folder.path() / "file", bytes(1), false);
  CHECK_THROWS_AS(make_folder(folder.path() / "file/below"), std::system_error);
}

TEST_CASE("a rename never replaces a file") {
  const TempFolder folder;
  const fs::path a = folder.path() / "a";
  const fs::path b = folder.path() / "b";
  write_file(a, bytes(1), false);
  write_file(b, bytes(2), false);
  CHECK_FALSE(rename_if_free(a, b));
  CHECK(fs::file_size(a) == 1);
  CHECK(fs::file_size(b) == 2);
  CHECK(rename_if_free(a, folder.path() / "c"));
  CHECK_FALSE(fs::exists(a));
  CHECK_THROWS_AS(rename_if_free(a, folder.path() / "d"), std::system_error);
}

TEST_CASE("a lock is held by one, and the other is told by whom") {
  const TempFolder folder;
  const fs::path path = folder.path() / "lock";
  {
    const UniqueFd held = lock_file(path, "this folder");
    try {
      lock_file(path, "this folder");
      FAIL("locked twice");
    } catch (const LockedError& error) {
      CHECK_THAT(std::string(error.what()),
                 ContainsSubstring("this folder is in use by process " + std::to_string(::getpid())));
    }
  }
  CHECK(lock_file(path, "this folder"));
}

TEST_CASE("a wake-up wakes until it is cleared") {
  const WakeUp wake;
  pollfd waiting{wake.fd(), POLLIN, 0};
  CHECK(::poll(&waiting, 1, 0) == 0);
  wake.signal();
  wake.signal();
  CHECK(::poll(&waiting, 1, 0) == 1);
  wake.clear();
  CHECK(::poll(&waiting, 1, 0) == 0);
  wake.clear();
}

TEST_CASE("a moved descriptor has one owner") {
  UniqueFd a(::dup(0));
  const int number = a.get();
  UniqueFd b(std::move(a));
  CHECK(b.get() == number);
  UniqueFd c;
  CHECK_FALSE(c);
  c = std::move(b);
  CHECK(c.get() == number);
}
