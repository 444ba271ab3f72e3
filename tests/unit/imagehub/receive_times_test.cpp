#include "imagehub/filing/receive_times.hpp"

#include "catch.hpp"
#include "unit/imagehub/retention_kit.hpp"

namespace {

/// A hub whose computer has just started in 1970.
class LateClock : public Hub {
 public:
  LateClock() : Hub(keep_days(2)) { lose_clock(); }
  void lose_clock() {
    clock.in_sync = false;
    true_offset_ = clock.utc - clock.monotonic;
    clock.utc = 1000 * common::kSecond;
  }
  void set_clock() {
    clock.utc = clock.monotonic + true_offset_;
    clock.in_sync = true;
  }
  /// The computer goes on for a while, then starts again: both clocks begin anew.
  void restart_computer() {
    restart_all();
    true_offset_ += clock.monotonic;
    clock.monotonic = 0;
    clock.utc = 1000 * common::kSecond;
  }
  std::vector<std::int64_t> received(const std::string& table = "images") {
    return numbers("SELECT received_ns FROM " + table + " ORDER BY id");
  }
  std::string state() { return retention->status().state; }

 private:
  std::int64_t true_offset_ = 0;
};

}  // namespace

TEST_CASE("what came before the clock was set is not deleted as old, and has the right receive time") {
  LateClock hub;
  hub.store("Barn", 1);
  hub.clock.advance(kHour);
  hub.store("Barn", 2);
  hub.clock.advance(kHour);
  hub.set_clock();
  const std::int64_t now_ns = hub.clock.utc_ns();
  hub.store("Barn", 3);
  hub.look();
  CHECK(hub.state() == "at rest: receive times are corrected after the clock was set");
  CHECK(hub.seqs() == range(1, 3));
  hub.committer->catch_up();
  CHECK(hub.received() == std::vector<std::int64_t>{now_ns - 2 * kHour, now_ns - kHour, now_ns});
  CHECK(hub.count("clock_spans") == 0);
  hub.look();
  CHECK(hub.state() == "on");
  CHECK(hub.seqs() == range(1, 3));
  hub.clock.advance(2 * kDay - kHour - kHour / 2);
  hub.store("Barn", 4);
  hub.look();
  CHECK(hub.seqs() == range(2, 4));
}

TEST_CASE("steps of a clock that is not set yet are added up") {
  LateClock hub;
  hub.store("Barn", 1);
  hub.clock.advance(kHour);
  hub.clock.utc += 9000 * kDay;  // by hand, and wrong
  hub.store("Barn", 2);
  hub.clock.advance(kHour);
  hub.set_clock();
  hub.committer->catch_up();
  const std::int64_t now_ns = hub.clock.utc_ns();
  CHECK(hub.received() == std::vector<std::int64_t>{now_ns - 2 * kHour, now_ns - kHour});
}

TEST_CASE("what is received before a step of the clock and filed after it has the right time") {
  LateClock hub;
  Candidate made;
  made.message = std::make_shared<const common::Message>(message(kBoot, 1, "Barn|event"));
  made.monotonic_ns = hub.clock.monotonic_ns();
  hub.clock.advance(kHour);
  hub.set_clock();
  hub.committer->commit({&made});
  CHECK(hub.received("events") == std::vector<std::int64_t>{hub.clock.utc_ns() - kHour});
}

TEST_CASE("rows of earlier starts with a clock that was not set count from when it was set, in their order") {
  LateClock hub;
  hub.store("Barn", 1);
  hub.clock.advance(kHour);
  hub.store("Barn", 2);
  hub.restart_computer();
  hub.store("Barn", 3);
  hub.clock.advance(kHour);
  hub.store("Barn", 4);
  hub.restart_computer();
  hub.clock.advance(kHour);
  hub.set_clock();
  hub.look();
  CHECK(hub.state() == "at rest: receive times are corrected after the clock was set");
  hub.committer->catch_up();
  const std::int64_t now_ns = hub.clock.utc_ns() - 5 * common::kSecond;
  const std::vector<std::int64_t> latest{now_ns - 2 * kHour, now_ns - kHour, now_ns - kHour, now_ns};
  const auto received = hub.received();
  REQUIRE(received.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(received[i] - latest[i] == received[3] - latest[3]);
  CHECK(received[3] == hub.clock.utc_ns());
  hub.look();
  CHECK(hub.seqs() == range(1, 4));
}

TEST_CASE("a message that had waited bounds no rows of an earlier span that came while it did") {
  LateClock hub;
  Candidate waiting;
  waiting.message = std::make_shared<const common::Message>(message(kBoot, 7, "Barn|event", {}));
  waiting.monotonic_ns = hub.clock.monotonic_ns();
  hub.clock.advance(10 * kHour);
  Candidate young;
  young.message = std::make_shared<const common::Message>(message(kBoot + 1, 1, "Shed|event", {}));
  young.monotonic_ns = hub.clock.monotonic_ns();
  hub.committer->commit({&young});
  hub.clock.utc += kHour;  // a step: a new span
  Candidate newest;
  newest.message = std::make_shared<const common::Message>(message(kBoot + 1, 2, "Shed|event", {}));
  newest.monotonic_ns = hub.clock.monotonic_ns();
  hub.committer->commit({&waiting, &newest});
  hub.restart_computer();
  hub.set_clock();
  hub.committer->catch_up();
  const std::int64_t now_ns = hub.clock.utc_ns();
  CHECK(hub.received("events") == std::vector<std::int64_t>{now_ns, now_ns - 10 * kHour, now_ns});
}

TEST_CASE("the bytes of a day move with the receive times of its images") {
  LateClock hub;
  hub.store("Barn", 1);
  CHECK(hub.numbers("SELECT day FROM image_days") == std::vector<std::int64_t>{0});
  hub.clock.advance(kHour);
  hub.store("Barn", 2);
  hub.set_clock();
  hub.committer->catch_up();
  CHECK(hub.numbers("SELECT day FROM image_days") == std::vector<std::int64_t>{hub.clock.utc_ns() / kDay});
  CHECK(hub.numbers("SELECT bytes FROM image_days") == std::vector<std::int64_t>{2 * Hub::kBytes});
}

TEST_CASE("a clock that was ahead makes nothing older than it is, and a correction goes on after a crash") {
  LateClock hub;
  hub.clock.utc += 30'000 * kDay;
  hub.store("Barn", 1);
  hub.store("Barn", 2);
  hub.set_clock();
  ClockSpans spans(*hub.index);
  auto span = spans.all().at(0);
  span.shift_ns = 7;
  {
    Index::Transaction transaction(*hub.index);
    spans.save(span);
    spans.shift_some(span, 1);
    transaction.commit();
  }
  const std::int64_t wrong_ns = span.first_ns;
  CHECK(hub.received() == std::vector<std::int64_t>{wrong_ns + 7, wrong_ns});
  hub.restart_all();
  hub.look();
  CHECK(hub.state() != "on");
  hub.committer->catch_up();
  CHECK(hub.received() == std::vector<std::int64_t>{wrong_ns + 7, wrong_ns + 7});
  CHECK(hub.count("clock_spans") == 0);
}
