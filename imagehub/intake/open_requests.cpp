#include "imagehub/intake/open_requests.hpp"

#include <utility>

namespace imagehub {

void OpenRequests::add(Ticket ticket, Request request) {
  ++in_flight_.messages;
  in_flight_.bytes += request.bytes;
  requests_.emplace(ticket, std::move(request));
}

std::optional<Request> OpenRequests::take(Ticket ticket) {
  const auto at = requests_.find(ticket);
  if (at == requests_.end()) return std::nullopt;
  Request request = std::move(at->second);
  requests_.erase(at);
  --in_flight_.messages;
  in_flight_.bytes -= request.bytes;
  if (request.waits) {
    --waiting_.messages;
    waiting_.bytes -= request.bytes;
  }
  return request;
}

void OpenRequests::set_waiting(Ticket ticket) {
  const auto at = requests_.find(ticket);
  if (at == requests_.end() || at->second.waits) return;
  at->second.waits = true;
  ++waiting_.messages;
  waiting_.bytes += at->second.bytes;
}

std::vector<Ticket> OpenRequests::give_up_closed(const std::set<std::uint64_t>& open) {
  std::vector<Ticket> closed;
  for (auto& [ticket, request] : requests_) {
    if (!request.waits || request.given_up || !request.connection || open.contains(*request.connection)) continue;
    request.given_up = true;
    closed.push_back(ticket);
  }
  return closed;
}

std::vector<Ticket> OpenRequests::give_up_beyond(std::uint64_t bytes) {
  std::vector<Ticket> given_up;
  if (waiting_.bytes <= bytes) return given_up;
  std::map<std::uint64_t, Ticket> last;
  std::uint64_t held = 0;
  for (const auto& [ticket, request] : requests_) {
    if (!request.waits || request.given_up) continue;
    held += request.bytes;
    if (request.connection) last[*request.connection] = ticket;
  }
  for (auto at = requests_.begin(); held > bytes && at != requests_.end(); ++at) {
    Request& request = at->second;
    if (!request.waits || request.given_up || !request.connection || last[*request.connection] == at->first) continue;
    request.given_up = true;
    held -= request.bytes;
    given_up.push_back(at->first);
  }
  return given_up;
}

}  // namespace imagehub
