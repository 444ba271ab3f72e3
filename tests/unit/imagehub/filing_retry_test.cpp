#include "catch.hpp"
#include "imagehub/filing/filing.hpp"
#include "unit/imagehub/filing_hub.hpp"

using namespace imagehub;
using common::kSecond;

TEST_CASE("a plain message that cannot be stored is tried again until it can, unanswered") {
  Hub hub;
  hub.break_store();
  const Ticket image = hub.send(plain_message("Barn|jpg"));
  CHECK(hub.filing->drain(kLong));  // it does not count as under way
  CHECK_FALSE(hub.outcomes.has(image));
  CHECK(hub.filing->queued_bytes() == picture().size());
  hub.mend_store();
  hub.clock.advance(kSecond);
  CHECK(hub.outcome(image) == "stored");
  CHECK(hub.pictures().size() == 1);
  CHECK(hub.filing->queued_bytes() == 0);
}

TEST_CASE("what plain senders wait for is tried at once when there is room again") {
  Hub hub;
  hub.disk.fill();
  const Ticket image = hub.send(plain_message("Barn|jpg"));
  hub.outcomes.wait_until_waiting(image);
  CHECK(hub.filing->drain(kLong));
  hub.disk.free();
  hub.filing->retry_now();  // the clock stands still: its time has not come
  CHECK(hub.outcome(image) == "stored");
}

TEST_CASE("what was being tried when the room came back is tried again by the next look, not by its time") {
  Hub hub;
  hub.disk.fill();
  const Ticket image = hub.send(plain_message("Barn|jpg"));
  hub.outcomes.wait_until_waiting(image);
  // It fails once more after each look, as when somebody else takes the room.
  for (int i = 0; i < 8; ++i) {
    hub.filing->retry_now();
    hub.filing->between_groups([] {});
    CHECK(hub.filing->drain(kLong));
  }
  hub.disk.free();
  CHECK(hub.reserve->room_for_images());  // seen by another thread before
  hub.filing->retry_now();
  CHECK(hub.outcome(image) == "stored");
}

TEST_CASE("without a full disk what plain senders wait for has to wait its time") {
  Hub hub;
  hub.break_store();
  const Ticket image = hub.send(plain_message("Barn|jpg"));
  hub.outcomes.wait_until_waiting(image);
  hub.mend_store();
  hub.filing->retry_now();
  hub.filing->between_groups([] {});
  CHECK(hub.filing->drain(kLong));
  CHECK_FALSE(hub.outcomes.has(image));
}

TEST_CASE("what a publisher sends gives way while others wait for room") {
  Hub hub;
  hub.disk.fill();
  const Ticket waits = hub.send(plain_message("Barn|jpg"));
  hub.outcomes.wait_until_waiting(waits);
  hub.disk.free();
  CHECK(hub.outcome(hub.send(plain_message("Field|jpg", picture(2)), "", false)) == "retry: disk full");
  CHECK(hub.outcome(hub.send(plain_message("Field|motion|moving"), "", false)) == "stored");
  hub.filing->retry_now();
  CHECK(hub.outcome(waits) == "stored");
  CHECK(hub.outcome(hub.send(plain_message("Field|jpg", picture(2)), "", false)) == "stored");
  CHECK(hub.pictures().size() == 2);
}

TEST_CASE("what nobody waits for any more is dropped, and holds nothing") {
  Hub hub;
  hub.disk.fill();
  const Ticket given_up = hub.send(plain_message("Barn|jpg"));
  const Ticket waits = hub.send(plain_message("Barn|jpg", picture(2)));
  hub.outcomes.wait_until_waiting(given_up);
  hub.outcomes.wait_until_waiting(waits);
  hub.filing->give_up(given_up, "its sender has gone");
  CHECK(hub.outcome(given_up) == "dropped: its sender has gone");
  CHECK(hub.filing->queued_bytes() == picture(2).size());
  hub.disk.free();
  hub.filing->retry_now();
  CHECK(hub.outcome(waits) == "stored");
  CHECK(hub.pictures().size() == 1);
  // A stored one is nothing that could be given up.
  hub.filing->give_up(waits, "too late");
  CHECK(hub.filing->drain(kLong));
  CHECK(hub.outcomes.count(waits) == 1);
  CHECK(hub.filing->queued_bytes() == 0);
}
