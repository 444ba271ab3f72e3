#include "common/files.hpp"

#include <poll.h>
#include <unistd.h>

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace common;
namespace fs = std::filesystem;

TEST_CASE("a lock is held by one, and the other is told by whom") {
  const TempFolder folder;
  const fs::path path = folder.path() / "lock";
  {
    const UniqueFd held = lock_file(path, "this folder");
    try {
      lock_file(path, "this folder");
      FAIL("locked twice");
    } catch (const LockedError& error) {
      CHECK_THAT(std::string(error.what()),
                 ContainsSubstring("this folder is in use by process " + std::to_string(::getpid())));
    }
  }
  CHECK(lock_file(path, "this folder"));
}

TEST_CASE("a wake-up wakes until it is cleared") {
  const WakeUp wake;
  pollfd waiting{wake.fd(), POLLIN, 0};
  CHECK(::poll(&waiting, 1, 0) == 0);
  wake.signal();
  wake.signal();
  CHECK(::poll(&waiting, 1, 0) == 1);
  wake.clear();
  CHECK(::poll(&waiting, 1, 0) == 0);
  wake.clear();
}

TEST_CASE("a moved descriptor has one owner") {
  UniqueFd a(::dup(0));
  const int number = a.get();
  UniqueFd b(std::move(a));
  CHECK(b.get() == number);
  UniqueFd c;
  CHECK_FALSE(c);
  c = std::move(b);
  CHECK(c.get() == number);
}
