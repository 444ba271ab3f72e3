#include "common/bounded_queue.hpp"

#include <thread>
#include <vector>

#include "catch.hpp"

using common::BoundedQueue;

TEST_CASE("the oldest go for the newest, and are counted") {
  BoundedQueue<int> queue(2);
  CHECK(queue.push_dropping_oldest(1) == 0);
  CHECK(queue.push_dropping_oldest(2) == 0);
  CHECK(queue.push_dropping_oldest(3) == 1);
  CHECK(queue.pop() == 2);
  CHECK(queue.pop() == 3);
}

TEST_CASE("a closed queue gives what is left, then nothing, and takes nothing") {
  BoundedQueue<int> queue(2);
  queue.push_dropping_oldest(1);
  queue.close();
  CHECK(queue.push_dropping_oldest(3) == 1);
  CHECK(queue.pop() == 1);
  CHECK_FALSE(queue.pop());
}

TEST_CASE("closing wakes who waits, and everything pushed arrives in order") {
  BoundedQueue<int> queue(1000);
  std::vector<int> got;
  std::jthread reader([&] {
    while (const auto item = queue.pop()) got.push_back(*item);
  });
  std::vector<int> expected;
  for (int i = 0; i < 1000; ++i) {
    CHECK(queue.push_dropping_oldest(i) == 0);
    expected.push_back(i);
  }
  queue.close();
  reader.join();
  CHECK(got == expected);
}
