#include "common/disk.hpp"

#include <algorithm>
#include <system_error>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace common;
namespace fs = std::filesystem;

namespace {

Bytes bytes(std::size_t count, std::uint8_t value = 'x') {
  return Bytes(count, value);
}

Bytes content(FileSystem& files, const fs::path& path) {
  const auto file = files.open(path, OpenMode::read);
  Bytes found(file->size() + 1);
  found.resize(file->read(0, found));
  return found;
}

}  // namespace

TEST_CASE("a file is written whole and replaces the one before") {
  const TempFolder folder;
  const fs::path path = folder.path() / "a";
  sync_file(folder.disk, *begin_file(folder.disk, path, bytes(100'000)), path);
  CHECK(content(folder.disk, path) == bytes(100'000));
  begin_file(folder.disk, path, bytes(3));
  CHECK(content(folder.disk, path) == bytes(3));
  begin_file(folder.disk, path, {});
  CHECK(folder.disk.info(path)->bytes == 0);
}

TEST_CASE("a file is written at any place, appended to, cut and given room") {
  const TempFolder folder;
  const fs::path path = folder.path() / "a";
  const auto file = folder.disk.open(path, OpenMode::create);
  file->write(2, bytes(2, 'b'));
  file->append(bytes(1, 'c'));
  CHECK(content(folder.disk, path) == Bytes{0, 0, 'b', 'b', 'c'});
  file->write(0, bytes(3, 'a'));
  file->resize(4);
  CHECK(content(folder.disk, path) == Bytes{'a', 'a', 'a', 'b'});
  file->allocate(10'000);
  CHECK(file->size() == 10'000);
  CHECK(folder.disk.open(path, OpenMode::create)->size() == 10'000);
  CHECK(folder.disk.open(path, OpenMode::replace)->size() == 0);
}

TEST_CASE("a file that cannot be written is an error that names it, and nothing is left") {
  const TempFolder folder;
  const fs::path path = folder.path() / "missing" / "a";
  try {
    begin_file(folder.disk, path, bytes(1));
    FAIL("written into a folder that does not exist");
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::errc::no_such_file_or_directory);
    CHECK_THAT(std::string(error.what()), ContainsSubstring(path.string()));
  }
  CHECK_THROWS_AS(folder.disk.open(path, OpenMode::read), std::system_error);
  CHECK_THROWS_AS(folder.disk.open(folder.path() / "a", OpenMode::change), std::system_error);
  CHECK_THROWS_AS(folder.disk.sync_folder(path), std::system_error);
  CHECK_THROWS_AS(folder.disk.list(path), std::system_error);
  CHECK_THROWS_AS(folder.disk.space(path), std::system_error);
}

TEST_CASE("what is in a folder is listed, and what is not there has no info") {
  const TempFolder folder;
  write_file(folder.path() / "a", bytes(5));
  CHECK(folder.disk.make_folder(folder.path() / "b"));
  auto names = folder.disk.list(folder.path());
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"a", "b"});
  CHECK(folder.disk.info(folder.path() / "a")->bytes == 5);
  CHECK_FALSE(folder.disk.info(folder.path() / "a")->is_folder);
  CHECK(folder.disk.info(folder.path() / "b")->is_folder);
  CHECK_FALSE(folder.disk.info(folder.path() / "c"));
  CHECK_FALSE(folder.disk.info(folder.path() / "a" / "below a file"));
  CHECK(folder.disk.space(folder.path()).total_bytes >= folder.disk.space(folder.path()).free_bytes);
}

TEST_CASE("folders are made with their parents, and made twice without harm") {
  const TempFolder folder;
  const fs::path deep = folder.path() / "a/b/c";
  make_folders(folder.disk, deep);
  make_folders(folder.disk, deep);
  CHECK_FALSE(folder.disk.make_folder(deep));
  CHECK(is_folder(folder.disk, deep));
  write_file(folder.path() / "file", bytes(1));
  CHECK_THROWS_AS(make_folders(folder.disk, folder.path() / "file/below"), std::system_error);
  CHECK_THROWS_AS(folder.disk.make_folder(folder.path() / "file"), std::system_error);
}

TEST_CASE("a file is removed once") {
  const TempFolder folder;
  write_file(folder.path() / "a", bytes(1));
  CHECK(folder.disk.remove(folder.path() / "a"));
  CHECK_FALSE(folder.disk.remove(folder.path() / "a"));
  CHECK_THROWS_AS(folder.disk.remove(folder.path()), std::system_error);
}

TEST_CASE("a rename replaces a file only when asked to") {
  const TempFolder folder;
  const fs::path a = folder.path() / "a";
  const fs::path b = folder.path() / "b";
  write_file(a, bytes(1));
  write_file(b, bytes(2));
  CHECK_FALSE(folder.disk.rename_if_free(a, b));
  CHECK(fs::file_size(a) == 1);
  CHECK(fs::file_size(b) == 2);
  CHECK(folder.disk.rename_if_free(a, folder.path() / "c"));
  CHECK_FALSE(fs::exists(a));
  CHECK_THROWS_AS(folder.disk.rename_if_free(a, folder.path() / "d"), std::system_error);
  folder.disk.rename(folder.path() / "c", b);
  CHECK(fs::file_size(b) == 1);
}
