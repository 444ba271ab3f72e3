#include <fstream>
#include <system_error>

#include "catch.hpp"
#include "common/file_system.hpp"
#include "common/files.hpp"
#include "shared_disk.hpp"
#include "temp_folder.hpp"

namespace {

/// A file that holds "old" and belongs to several programs.
class SharedFile {
 public:
  SharedFile() { write("old\n"); }

  void write(const std::string& text) const { std::ofstream(path_, std::ios::app | std::ios::binary) << text; }
  std::uint64_t append(std::string_view lines) { return common::append_lines(*open(), path_, lines); }
  std::uint64_t append_synced(std::string_view lines) { return common::append_lines_synced(*open(), path_, lines); }
  const std::filesystem::path& path() const { return path_; }
  std::string content() const { return common::read_text_file(path_); }

  SharedDisk disk;

 private:
  common::OpenFilePtr open() { return disk.open(path_, common::OpenMode::create); }

  TempFolder folder_;
  std::filesystem::path path_ = folder_.path() / "log";
};

}  // namespace

TEST_CASE("lines are appended, and it is told where they begin") {
  SharedFile file;
  CHECK(file.append("one\ntwo\n") == 4);
  CHECK(file.append_synced("three\n") == 12);
  CHECK(file.content() == "old\none\ntwo\nthree\n");
}

TEST_CASE("lines begin on a fresh one behind half a line") {
  SharedFile file;
  file.write("half");
  CHECK(file.append("one\n") == 9);
  CHECK(file.content() == "old\nhalf\none\n");
}

TEST_CASE("a line that another program appends at the same time is not overwritten") {
  SharedFile file;
  file.disk.before_append = [&] { file.write("theirs\n"); };
  CHECK(file.append("one\n") == 11);
  CHECK(file.content() == "old\ntheirs\none\n");
}

TEST_CASE("of lines that do not fit nothing stays") {
  SharedFile file;
  file.write("half");
  file.disk.room_for_append = 3;
  CHECK_THROWS_AS(file.append("one\n"), std::system_error);
  CHECK(file.content() == "old\nhalf");
  CHECK(file.append("one\n") == 9);
}

TEST_CASE("of lines that do not fit only our own part is cut off") {
  SharedFile file;
  file.disk.room_for_append = 2;
  file.disk.before_append = [&] { file.write("theirs\n"); };
  CHECK_THROWS_AS(file.append("one\n"), std::system_error);
  CHECK(file.content() == "old\ntheirs\n");

  // Behind our half line another program has already written: that must stay, and so must the half line then.
  file.disk.room_for_append = 2;
  file.disk.after_append = [&] { file.write("again\n"); };
  CHECK_THROWS_AS(file.append("one\n"), std::system_error);
  CHECK(file.content() == "old\ntheirs\nonagain\n");
}

TEST_CASE("what another program wrote over our part is not cut off") {
  SharedFile file;
  file.disk.room_for_append = 2;
  file.disk.after_append = [&] {
    std::filesystem::resize_file(file.path(), 4);
    file.write("xy");
  };
  CHECK_THROWS_AS(file.append("one\n"), std::system_error);
  CHECK(file.content() == "old\nxy");
}

TEST_CASE("lines that could not be synced do not stay, those of others do") {
  SharedFile file;
  file.disk.sync_fails = true;
  CHECK_THROWS_AS(file.append_synced("one\n"), std::system_error);
  CHECK(file.content() == "old\n");
  file.disk.sync_fails = true;
  file.disk.after_append = [&] { file.write("theirs\n"); };
  CHECK_THROWS_AS(file.append_synced("one\n"), std::system_error);
  CHECK(file.content() == "old\none\ntheirs\n");
}
