#include "imagehub/store/image_tree.hpp"

#include <algorithm>

#include "catch.hpp"
#include "common/local_time.hpp"
#include "temp_folder.hpp"

using namespace imagehub;
using Texts = std::vector<std::string>;
namespace fs = std::filesystem;

TEST_CASE("a picture's name tells its stem and its time") {
  const auto expect = [](const std::string& path, const std::string& stem, const std::string& stamp) {
    const auto found = parse_picture_name(path);
    REQUIRE(found);
    CHECK(found->stem == stem);
    CHECK(common::file_stamp(found->time_ns) == stamp);
  };
  expect("2026-11-20/Barn-door-2026-11-20T08.18.31.809000.jpg", "Barn-door", "2026-11-20T08.18.31.809000");
  expect("Barn-2026-11-20T08.18.31.png", "Barn", "2026-11-20T08.18.31.000000");
  expect("a/b/Barn-2026-11-20T08.18.31.5.JPG", "Barn", "2026-11-20T08.18.31.500000");
  expect("Barn-2026-11-20T08.18.31.809000-12.jpg", "Barn", "2026-11-20T08.18.31.809000");
  expect("Barn-7-2026-11-20T08.18.31-2.jpeg", "Barn-7", "2026-11-20T08.18.31.000000");
}

TEST_CASE("other names tell nothing") {
  for (const char* name :
       {"", ".jpg", "T.jpg", "Barn.jpg", "2026-11-20T08.18.31.jpg", "Barn-2026-11-20T08.18.31.txt",
        "Barn-2026-13-20T08.18.31.jpg", "Barn-2026-11-20T08:18:31.jpg", "Barn-2026-11-20T08.18.31.1234567.jpg",
        "Barn-2026-11-20T08.18.jpg", "Barn2026-11-20T08.18.31.jpg", "Barn-2026-11-20T08.18.31..jpg"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_picture_name(name));
  }
}

TEST_CASE("every file is visited but hidden and known ones, and a loop of links ends") {
  TempFolder folder;
  for (const char* path : {"day/a.jpg", "day/known.jpg", "day/sub/b.png", "c.txt", ".incoming/d.jpg", "day/.e"}) {
    fs::create_directories((folder.path() / path).parent_path());
    write_file(folder.path() / path, {1, 2, 3});
  }
  fs::create_directory_symlink(folder.path() / "day", folder.path() / "day/sub/loop");
  Texts found;
  each_file(
      folder.disk, folder.path(), [](const std::string& path) { return path == "day/known.jpg"; },
      [&](const std::string& path, const common::FileInfo& info) {
        CHECK(info.bytes == 3);
        if (path.find("loop") == path.npos) found.push_back(path);
      });
  CHECK(found == Texts{"c.txt", "day/a.jpg", "day/sub/b.png"});
}
