#include "common/process_lock.hpp"

#include <unistd.h>

#include <optional>

#include "catch.hpp"
#include "common/text.hpp"

using common::LockedError;
using common::ProcessLock;

TEST_CASE("a name is held by one at a time, and the refusal names the holder") {
  const std::string name = common::cat("test:", ::getpid());
  std::optional<ProcessLock> first(std::in_place, name, "the node name Barn");
  try {
    const ProcessLock second(name, "the node name Barn");
    FAIL("taken twice");
  } catch (const LockedError& error) {
    CHECK(std::string(error.what()) == common::cat("the node name Barn is in use by process ", ::getpid()));
  }
  const ProcessLock other(name + "-other", "another name");
  first.reset();
  const ProcessLock again(name, "the node name Barn");
}

TEST_CASE("long names that differ only at their end are different names") {
  const std::string folder = common::cat("test:", ::getpid(), std::string(150, 'x'));
  const ProcessLock first(folder + "1", "one spool");
  const ProcessLock second(folder + "2", "another spool");
  CHECK_THROWS_AS(ProcessLock(folder + "1", "one spool"), LockedError);
}
