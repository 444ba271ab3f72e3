#include "common/thread.hpp"

#include <pthread.h>

#include <array>
#include <limits>
#include <string>

#include "catch.hpp"
#include "common/log.hpp"

using namespace common;

TEST_CASE("a thread at work for too long is stuck, one that waits is not") {
  Liveness liveness;
  const auto thread = liveness.add("camera");
  CHECK_FALSE(liveness.stuck(-1));
  thread->working();
  CHECK(liveness.stuck(-1) == "camera");
  CHECK_FALSE(liveness.stuck(std::numeric_limits<std::int64_t>::max()));
  {
    const Liveness::Waiting waiting(*thread);
    CHECK_FALSE(liveness.stuck(-1));
  }
  CHECK(liveness.stuck(-1) == "camera");
}

TEST_CASE("a thread that has ended is not stuck") {
  Liveness liveness;
  liveness.add("gone")->working();
  CHECK_FALSE(liveness.stuck(-1));
}

TEST_CASE("a started thread has its name, cut to the kernel's length, and is stopped by its owner") {
  Liveness liveness;
  std::string name;
  {
    const auto thread = start_thread(liveness, "a-name-that-is-too-long", [&](const std::stop_token& stop, auto&) {
      std::array<char, 32> buffer{};
      pthread_getname_np(pthread_self(), buffer.data(), buffer.size());
      name = buffer.data();
      while (!stop.stop_requested()) std::this_thread::yield();
    });
  }
  CHECK(name == "a-name-that-is-");
  CHECK_FALSE(liveness.stuck(-1));
}

TEST_CASE("one line per key and interval passes; the next says how many did not") {
  RateGate gate(100);
  CHECK(gate.pass("a", 1000) == 0);
  CHECK_FALSE(gate.pass("a", 1050));
  CHECK_FALSE(gate.pass("a", 1099));
  CHECK(gate.pass("b", 1050) == 0);
  CHECK(gate.pass("a", 1100) == 2);
  CHECK(gate.pass("a", 1200) == 0);
}

TEST_CASE("keys without end share one place") {
  RateGate gate(1'000'000);
  int passed = 0;
  for (int i = 0; i < 5000; ++i) passed += gate.pass(std::to_string(i), 0) ? 1 : 0;
  CHECK(passed == 1001);
}
