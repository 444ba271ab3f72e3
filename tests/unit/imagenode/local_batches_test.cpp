#include "imagenode/link/local_batches.hpp"

#include "catch.hpp"
#include "common/files.hpp"
#include "common/local_time.hpp"
#include "common/text.hpp"
#include "fake_clock.hpp"
#include "temp_folder.hpp"

using namespace imagenode;
using common::cat;

namespace {

namespace fs = std::filesystem;
using Numbers = std::vector<std::uint64_t>;

constexpr std::uint64_t kBoot = 7;
const std::string kHeader = "ID,Timestamp,level (m)";

struct Fixture {
  TempFolder folder;
  FakeClock clock;
  fs::path data = folder.path() / "data";
  LocalBatches batches{data, kBoot, folder.disk, clock};

  /// A chunk with the rows of these IDs, a second apart.
  common::MessagePtr chunk(std::uint64_t first_id, std::uint64_t count, std::uint64_t boot = kBoot,
                           const std::string& header = kHeader) {
    auto message = std::make_shared<common::Message>();
    message->text = "Lab|data|gauge";
    message->content = "text/csv";
    message->node = "Lab";
    message->source = "gauge";
    message->boot = boot;
    message->seq = ++seq_;
    std::string csv = header + "\r\n";
    for (std::uint64_t id = first_id; id < first_id + count; ++id) csv += cat(id, ',', 1'795'168'800 + id, ".5,1\r\n");
    message->payload = common::Payload(common::Bytes(csv.begin(), csv.end()));
    return message;
  }

  fs::path source_folder() const {
    return data / common::local_date(1'795'168'801 * common::kSecond) / "Lab" / "gauge";
  }
  /// Batches that are closed, in the order of their names.
  std::vector<fs::path> closed() const {
    if (!fs::exists(source_folder())) return {};
    std::vector<fs::path> all(fs::directory_iterator(source_folder()), {});
    std::sort(all.begin(), all.end());
    return all;
  }
  static common::Batch manifest(const fs::path& batch) {
    return common::parse_manifest(common::read_text_file(batch / common::kManifestName)).value();
  }
  /// IDs in all closed batches, as their manifests name the files.
  Numbers ids() const {
    Numbers all;
    for (const fs::path& batch : closed()) {
      for (const auto& file : manifest(batch).files) {
        const std::string csv = common::read_text_file(batch / file.name);
        const auto read = common::parse_rows(csv);
        for (const auto& row : std::get<common::RowChunk>(read).rows) all.push_back(std::stoull(std::string(row.text)));
      }
    }
    return all;
  }

 private:
  std::uint64_t seq_ = 0;
};

Numbers from_one_to(std::uint64_t last) {
  Numbers all(last);
  for (std::uint64_t i = 0; i < last; ++i) all[i] = i + 1;
  return all;
}

}  // namespace

TEST_CASE("rows without a hub become batches of the hub's form") {
  Fixture fixture;
  CHECK(fixture.batches.write({fixture.chunk(1, 1500), fixture.chunk(1501, 600)}).empty());
  REQUIRE(fixture.closed().size() == 1);
  const common::Batch full = Fixture::manifest(fixture.closed().front());
  CHECK(full.complete);
  CHECK(full.number == 1);
  CHECK(full.rows() == 2000);
  CHECK(full.files.size() == 5);
  CHECK(full.node + ' ' + full.source == "Lab gauge");
  CHECK(full.boot == kBoot);
  CHECK_FALSE(full.files.back().sha256.empty());
  fixture.batches.close_all();
  REQUIRE(fixture.closed().size() == 2);
  const common::Batch rest = Fixture::manifest(fixture.closed().back());
  CHECK_FALSE(rest.complete);
  CHECK(rest.number == 2);
  CHECK(fixture.ids() == from_one_to(2100));
  CHECK(fs::is_empty(fixture.data / ".incoming"));
}

TEST_CASE("a batch to which nothing comes any more is closed after ten minutes") {
  Fixture fixture;
  CHECK(fixture.batches.close_idle() == std::numeric_limits<std::int64_t>::max());
  fixture.batches.write({fixture.chunk(1, 3)});
  CHECK(fixture.batches.close_idle() == fixture.clock.monotonic_ns() + 600 * common::kSecond);
  CHECK(fixture.closed().empty());
  fixture.clock.advance(600 * common::kSecond);
  fixture.batches.close_idle();
  CHECK(fixture.ids() == from_one_to(3));
}

TEST_CASE("other columns begin another batch") {
  Fixture fixture;
  fixture.batches.write({fixture.chunk(1, 2), fixture.chunk(3, 2, kBoot, "ID,Timestamp,height (m)")});
  fixture.batches.close_all();
  CHECK(fixture.closed().size() == 2);
  CHECK(fixture.ids() == from_one_to(4));
}

TEST_CASE("rows that come again after a kill are there once, and none is missing") {
  Fixture fixture;
  fixture.batches.write({fixture.chunk(1, 2100)});
  // The process dies: one batch is closed, one is not, and the spool forgot neither.
  LocalBatches next(fixture.data, kBoot + 1, fixture.folder.disk, fixture.clock);
  next.write({fixture.chunk(1, 2100), fixture.chunk(2101, 5)});
  next.write({fixture.chunk(10'000, 1, kBoot + 1)});
  next.close_all();
  Numbers expected = from_one_to(2105);
  expected.push_back(10'000);
  CHECK(fixture.ids() == expected);
}

TEST_CASE("rows of one boot are not taken for those of another, though their IDs are the same") {
  Fixture fixture;
  fixture.batches.write({fixture.chunk(1, 3)});
  LocalBatches next(fixture.data, kBoot + 2, fixture.folder.disk, fixture.clock);
  next.write({fixture.chunk(1, 3, kBoot + 1)});
  next.close_all();
  CHECK(fixture.ids() == Numbers{1, 2, 3, 1, 2, 3});
}

TEST_CASE("what is no chunk of rows is refused with the reason, and its neighbours are written") {
  Fixture fixture;
  auto wrong = std::make_shared<common::Message>(*fixture.chunk(3, 1));
  const std::string csv = kHeader + "\r\n3,1795168803\r\n";
  wrong->payload = common::Payload(common::Bytes(csv.begin(), csv.end()));
  const auto refused = fixture.batches.write({fixture.chunk(1, 2), wrong, fixture.chunk(3, 1)});
  REQUIRE(refused.size() == 1);
  CHECK(refused.front().identity.seq == *wrong->seq);
  CHECK_THAT(refused.front().reason, ContainsSubstring("2 columns"));
  fixture.batches.close_all();
  CHECK(fixture.ids() == from_one_to(3));
}
