#include "imagenode/link/bandwidth.hpp"

#include "catch.hpp"
#include "imagenode/link/link_settings.hpp"

using imagenode::Bandwidth;

TEST_CASE("sending is spread over the time that the bandwidth needs") {
  Bandwidth bandwidth(800);  // 100 bytes in a millisecond
  const std::int64_t start = 5 * common::kSecond;
  CHECK(bandwidth.next_ns() <= start);
  bandwidth.sent(1000, start);
  CHECK(bandwidth.next_ns() == start + 10 * common::kMillisecond);
  bandwidth.sent(1000, start + 10 * common::kMillisecond);
  CHECK(bandwidth.next_ns() == start + 20 * common::kMillisecond);
}

TEST_CASE("a pause is not saved up for a burst") {
  Bandwidth bandwidth(800);
  bandwidth.sent(1000, common::kSecond);
  bandwidth.sent(1000, 100 * common::kSecond);
  CHECK(bandwidth.next_ns() == 100 * common::kSecond + 10 * common::kMillisecond);
}

TEST_CASE("without a limit everything may go at once") {
  Bandwidth bandwidth(std::nullopt);
  bandwidth.sent(1'000'000, common::kSecond);
  CHECK(bandwidth.next_ns() <= common::kSecond);
}

TEST_CASE("a large bandwidth does not turn the patience of a link round") {
  imagenode::LinkSettings settings;
  settings.bandwidth_kbit = 20'000'000;
  CHECK(settings.transfer_ns(32 * 1024) == common::kSecond);
}
