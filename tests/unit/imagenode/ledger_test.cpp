#include "imagenode/link/ledger.hpp"

#include <fstream>

#include "catch.hpp"
#include "common/files.hpp"
#include "shared_disk.hpp"
#include "temp_folder.hpp"

using imagenode::Ledger;

namespace {

common::Message acknowledged(std::uint64_t seq, const std::string& text) {
  common::Message message;
  message.text = text;
  message.boot = 0xabc;
  message.seq = seq;
  message.time_ns = 1'795'168'800'000'000'001;
  message.crc = 77;
  message.payload = common::Payload(common::Bytes(5, 1));
  return message;
}

}  // namespace

TEST_CASE("the ledger has a line per acknowledged message after its sync, and goes on after a restart") {
  const TempFolder folder;
  const auto file = folder.path() / "audit" / "ledger.tsv";
  {
    Ledger ledger(folder.disk, file);
    ledger.acknowledged(acknowledged(1, "Barn door|jpg"), "0123");
    CHECK_FALSE(common::exists(folder.disk, file));
    ledger.sync();
  }
  Ledger ledger(folder.disk, file);
  ledger.acknowledged(acknowledged(2, "Barn|a\tb|c"), "");
  ledger.sync();
  CHECK(common::read_text_file(file) ==
        "0000000000000abc\t1\t1795168800000000001\timage\t77\t5\t0123\tBarn door|jpg\n"
        "0000000000000abc\t2\t1795168800000000001\tevent\t77\t5\t-\tBarn|a\\tb|c\n");
}

TEST_CASE("half a line that a crash left in the ledger is not continued") {
  const TempFolder folder;
  const auto file = folder.path() / "ledger.tsv";
  std::ofstream(file) << "0000000000000abc\t1\t17951";
  Ledger ledger(folder.disk, file);
  ledger.acknowledged(acknowledged(2, "Barn|two"), "0123");
  ledger.sync();
  CHECK(common::read_text_file(file) ==
        "0000000000000abc\t1\t17951\n0000000000000abc\t2\t1795168800000000001\tevent\t77\t5\t0123\tBarn|two\n");
}

TEST_CASE("lines that did not fit on the disk come again, whole and once") {
  const TempFolder folder;
  SharedDisk disk;
  const auto file = folder.path() / "ledger.tsv";
  Ledger ledger(disk, file);
  ledger.acknowledged(acknowledged(1, "Barn|one"), "0123");
  disk.room_for_append = 20;
  ledger.sync();
  CHECK(common::read_text_file(file).empty());
  ledger.sync();
  CHECK(common::read_text_file(file) == Ledger::line(acknowledged(1, "Barn|one"), "0123"));
}

TEST_CASE("a ledger that cannot be written keeps its lines for the next sync") {
  const TempFolder folder;
  const auto file = folder.path() / "ledger.tsv";
  std::filesystem::create_directory(file);
  Ledger ledger(folder.disk, file);
  ledger.acknowledged(acknowledged(1, "Barn|one"), "0123");
  ledger.sync();
  std::filesystem::remove(file);
  ledger.acknowledged(acknowledged(2, "Barn|two"), "0123");
  ledger.sync();
  const std::string text = common::read_text_file(file);
  CHECK(text.find("Barn|one\n") < text.find("Barn|two\n"));
  CHECK(text.find("Barn|two\n") != std::string::npos);
}
