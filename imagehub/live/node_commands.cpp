#include "imagehub/live/node_commands.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;
using common::CommandRecord;
using State = CommandRecord::State;

/// A sender that invents names costs at most this many entries.
constexpr std::size_t kMaxGreeted = 10'000;

bool is_keep_alive(const common::Message& message) {
  return !message.seq && takes_commands(message.version) &&
         common::kind_of(message.text, message.boot.has_value()) == common::Kind::heartbeat;
}

/// The id that a report carries; 0 when there is none.
std::uint64_t reported_id(const common::Message& message) {
  const auto at = message.fields.find(common::kCommandField);
  if (at == message.fields.end()) return 0;
  return at->second >= 1 && at->second <= static_cast<double>(common::kMaxCommandId)
             ? static_cast<std::uint64_t>(at->second)
             : 0;
}

void check(const std::string& text) {
  if (text.empty()) throw std::runtime_error("the command is empty; docs/guide/commands.md lists those that there are");
  if (text.size() > common::kMaxCommandBytes) {
    throw std::runtime_error(cat("the command is longer than ", common::kMaxCommandBytes, " bytes; shorten it"));
  }
  if (common::escaped(text) != text || text.find('|') != std::string::npos) {
    throw std::runtime_error("the command holds |, a backslash or control characters; leave them out");
  }
}

}  // namespace

bool takes_commands(const std::string& version) {
  return version.starts_with("imagenode/");
}

NodeCommands::NodeCommands(const common::Clock& clock, std::int64_t ttl_ns, const std::vector<Record>& known)
    : clock_(clock), ttl_ns_(ttl_ns) {
  for (const Record& record : known) add(record);
}

/// Caller holds the mutex.
std::uint64_t NodeCommands::free_id() const {
  std::random_device device;
  for (;;) {
    const std::uint64_t id = (std::uint64_t{device()} << 32 | device()) & common::kMaxCommandId;
    const auto has_it = [&](const Entry& entry) { return entry.record.id == id; };
    if (id != 0 && std::none_of(entries_.begin(), entries_.end(), has_it)) return id;
  }
}

NodeCommands::Record NodeCommands::made(const std::string& node, const std::string& text) const {
  check(text);
  const std::lock_guard lock(mutex_);
  const auto waits = [&](const Entry& entry) { return entry.record.node == node && entry.record.open(); };
  if (std::count_if(entries_.begin(), entries_.end(), waits) >= static_cast<std::ptrdiff_t>(kMaxOpenPerNode)) {
    throw std::runtime_error(cat("already ", kMaxOpenPerNode, " commands wait for ", common::escaped(node),
                                 "; try again when it has reported, or they are forgotten (command_ttl)"));
  }
  if (entries_.size() >= kMaxRecords) {
    throw std::runtime_error(
        cat("this hub keeps ", kMaxRecords, " commands and takes no more until some are forgotten ", "(command_ttl)"));
  }
  return {free_id(), node, text, State::pending, "", clock_.utc_ns()};
}

void NodeCommands::add(const Record& record) {
  const std::lock_guard lock(mutex_);
  // A clock that was set since says nothing of its age: it is kept for its time at most.
  const std::int64_t age = std::clamp<std::int64_t>(clock_.utc_ns() - record.created_ns, 0, ttl_ns_);
  entries_.push_back({record, clock_.monotonic_ns() + ttl_ns_ - age});
}

std::optional<CommandRecord> NodeCommands::due(const common::Message& message) {
  if (!message.boot) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const bool keep_alive = is_keep_alive(message);
  if (keep_alive && (greeted_.size() < kMaxGreeted || greeted_.contains(message.node))) {
    greeted_[message.node] = *message.boot;
  }
  if (entries_.empty()) return std::nullopt;
  const auto greeted = greeted_.find(message.node);
  if (greeted == greeted_.end() || greeted->second != *message.boot) return std::nullopt;
  Entry* next = nullptr;
  for (Entry& entry : entries_) {
    if (entry.record.node != message.node || !entry.record.open()) continue;
    const bool new_to_it = entry.sent == 0 || entry.boot != *message.boot;
    // The one that waited longest since it was sent: one without a report does not hold up the others.
    if ((new_to_it || keep_alive) && (next == nullptr || entry.sent < next->sent)) next = &entry;
  }
  if (next == nullptr) return std::nullopt;
  next->sent = ++sendings_;
  next->boot = *message.boot;
  next->record.state = State::delivered;
  return next->record;
}

std::optional<CommandRecord> NodeCommands::reported_in(const common::Message& message) const {
  const std::uint64_t id = reported_id(message);
  const auto parts = common::split_text(message.text);
  if (id == 0 || !message.boot || parts.size() < 4 || parts[1] != "command") return std::nullopt;
  if (parts[3] != "done" && parts[3] != "failed") return std::nullopt;
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.record.id != id) continue;
    if (entry.record.node != message.node || !entry.record.open()) return std::nullopt;
    Record record = entry.record;
    record.state = parts[3] == "done" ? State::done : State::failed;
    if (record.state == State::failed && parts.size() > 4) record.reason = parts[4];
    return record;
  }
  return std::nullopt;
}

void NodeCommands::reported(const Record& record) {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries_) {
    if (entry.record.id == record.id) entry.record = record;
  }
}

void NodeCommands::set_ttl(std::int64_t ttl_ns) {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries_) entry.forget_ns += ttl_ns - ttl_ns_;
  ttl_ns_ = ttl_ns;
}

bool NodeCommands::has_old() const {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.monotonic_ns();
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return now >= entry.forget_ns; });
}

std::vector<CommandRecord> NodeCommands::take_old() {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.monotonic_ns();
  std::vector<Record> old;
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (now < at->forget_ns) {
      ++at;
      continue;
    }
    old.push_back(std::move(at->record));
    at = entries_.erase(at);
  }
  return old;
}

std::vector<CommandRecord> NodeCommands::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Record> records;
  for (const Entry& entry : entries_) records.push_back(entry.record);
  return records;
}

}  // namespace imagehub
