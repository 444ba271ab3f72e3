#include "imagehub/intake/open_requests.hpp"

#include "catch.hpp"

using namespace imagehub;

namespace {

Request request(std::optional<std::uint64_t> connection, std::uint64_t bytes = 100) {
  Request request;
  request.connection = connection;
  request.bytes = bytes;
  return request;
}

}  // namespace

TEST_CASE("what waits to be stored is counted apart until it is answered") {
  OpenRequests requests;
  requests.add(1, request(7));
  requests.add(2, request(8, 50));
  requests.set_waiting(2);
  requests.set_waiting(2);
  requests.set_waiting(3);  // answered meanwhile
  CHECK(requests.in_flight().messages == 2);
  CHECK(requests.in_flight().bytes == 150);
  CHECK(requests.waiting().messages == 1);
  CHECK(requests.waiting().bytes == 50);
  CHECK(requests.take(2));
  CHECK_FALSE(requests.take(2));
  CHECK(requests.waiting().messages == 0);
  CHECK(requests.waiting().bytes == 0);
  CHECK(requests.in_flight().bytes == 100);
}

TEST_CASE("what waits is given up once when its connection has ended") {
  OpenRequests requests;
  requests.add(1, request(7));
  requests.add(2, request(8));
  requests.add(3, request(0));             // ended before the message was read
  requests.add(4, request(std::nullopt));  // no such thing as a connection
  requests.add(5, request(9));             // about to be stored
  for (const Ticket ticket : {1U, 2U, 3U, 4U}) requests.set_waiting(ticket);
  CHECK(requests.give_up_closed({7}) == std::vector<Ticket>{2, 3});
  CHECK(requests.give_up_closed({7}).empty());
}

TEST_CASE("beyond the bound the oldest gives way, but never the last of a connection") {
  OpenRequests requests;
  for (Ticket ticket = 1; ticket <= 6; ++ticket) {
    requests.add(ticket, request(ticket % 2));
    requests.set_waiting(ticket);
  }
  CHECK(requests.give_up_beyond(600).empty());
  CHECK(requests.give_up_beyond(450) == std::vector<Ticket>{1, 2});
  CHECK(requests.give_up_beyond(450).empty());
  CHECK(requests.give_up_beyond(0) == std::vector<Ticket>{3, 4});
  CHECK(requests.give_up_beyond(0).empty());
}
