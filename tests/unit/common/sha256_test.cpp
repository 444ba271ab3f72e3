#include "common/sha256.hpp"

#include <string_view>

#include "catch.hpp"
#include "common/disk.hpp"
#include "temp_folder.hpp"

using namespace common;

namespace {

ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

// From FIPS 180-4's examples.
TEST_CASE("SHA-256 is that of the standard") {
  CHECK(sha256(bytes_of("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const Bytes million(1'000'000, 'a');
  CHECK(sha256(million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 of a file is that of its first bytes") {
  const TempFolder folder;
  Disk disk;
  const Bytes million(1'000'000, 'a');
  begin_file(disk, folder.path() / "file", million);
  const auto file = disk.open(folder.path() / "file", OpenMode::read);
  CHECK(sha256(*file, million.size()) == sha256(million));
  CHECK(sha256(*file, million.size() + 5) == sha256(million));
  CHECK(sha256(*file, 300'000) == sha256(ByteView(million).first(300'000)));
  CHECK(sha256(*file, 0) == sha256({}));
}
