#include "imagenode/command_runner.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/command_record.hpp"
#include "common/field_text.hpp"
#include "common/log.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::size_t kMaxSeen = 2 * CommandMemory::kMaxRemembered;

std::string as_field(std::string_view text) {
  return common::as_field(text, common::kMaxCommandBytes);
}

}  // namespace

CommandRunner::CommandRunner(CommandKinds kinds, std::set<std::string> allowed, CommandMemory memory,
                             const common::Clock& clock, Report report)
    : kinds_(std::move(kinds)),
      allowed_(std::move(allowed)),
      memory_(std::move(memory)),
      clock_(clock),
      report_(std::move(report)) {}

void CommandRunner::take(std::uint64_t id, const std::string& text) {
  // An id that the report could not name is not one of a hub of ours.
  if (id == 0 || id > common::kMaxCommandId) return;
  const std::lock_guard lock(mutex_);
  const auto same = [&](const GivenCommand& one) { return one.id == id; };
  if (waiting_.size() >= kMaxWaiting || std::any_of(waiting_.begin(), waiting_.end(), same)) return;
  // One byte more than there may be, so that it is seen to be too long.
  waiting_.push_back({id, text.substr(0, common::kMaxCommandBytes + 1)});
}

std::optional<GivenCommand> CommandRunner::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  GivenCommand command = std::move(waiting_.front());
  waiting_.pop_front();
  return command;
}

void CommandRunner::tick() {
  for (std::size_t i = 0; i < kMaxBegunAtOnce && running_.size() < kMaxRunning; ++i) {
    const auto command = next();
    if (!command) break;
    begin(*command);
  }
  const std::int64_t now = clock_.monotonic_ns();
  for (auto at = running_.begin(); at != running_.end();) {
    auto outcome = at->progress();
    if (!outcome && now >= at->until_ns) outcome = cat("not done within ", kPatience / common::kSecond, " s");
    if (!outcome) {
      ++at;
      continue;
    }
    const GivenCommand command = std::move(at->command);
    at = running_.erase(at);
    finish(command, *outcome);
  }
}

void CommandRunner::begin(const GivenCommand& command) {
  if (seen_.size() >= kMaxSeen) {
    seen_.clear();
    for (const Running& running : running_) seen_.insert(running.command.id);
  }
  if (!seen_.insert(command.id).second) return;
  try {
    if (const auto outcome = memory_.outcome(command.id)) {
      // The hub has not got the report: it was lost with the start that made it.
      report(command, *outcome == CommandMemory::kBegun ? "failed|interrupted by a restart" : *outcome);
      return;
    }
    memory_.note(command.id, CommandMemory::kBegun);
  } catch (const std::exception& error) {
    report(command, cat("failed|it could not be remembered, so it was not done: ", as_field(error.what())));
    return;
  }
  common::log::info(cat("command ", command.id, " of the hub: ", as_field(command.text)));
  try {
    running_.push_back({command, begun(command.text), clock_.monotonic_ns() + kPatience});
  } catch (const std::exception& error) {
    finish(command, error.what());
  }
}

CommandProgress CommandRunner::begun(const std::string& text) const {
  if (text.size() > common::kMaxCommandBytes) throw std::runtime_error("too long");
  const std::size_t space = std::min(text.find(' '), text.size());
  const auto kind = kinds_.find(text.substr(0, space));
  if (kind == kinds_.end()) throw std::runtime_error("unknown command");
  if (!allowed_.contains(kind->first)) throw std::runtime_error("not allowed here");
  return kind->second(std::string(common::trimmed(std::string_view(text).substr(space))));
}

void CommandRunner::finish(const GivenCommand& command, const std::string& failure) {
  const std::string outcome = failure.empty() ? "done" : "failed|" + as_field(failure);
  try {
    memory_.note(command.id, outcome);
  } catch (const std::exception& error) {
    // It is known to have begun, so it is not done twice in any case.
    common::log::warn(cat("the end of command ", command.id, " could not be noted: ", error.what()));
  }
  report(command, outcome);
}

void CommandRunner::report(const GivenCommand& command, const std::string& outcome) const {
  if (outcome != "done") common::log::warn(cat("command ", command.id, ": ", outcome));
  report_(command.id, as_field(command.text), outcome);
}

}  // namespace imagenode
