#include "imagehub/command_desk.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/log.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;
using common::CommandRecord;
using nlohmann::json;

struct UnknownNode : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const char* name_of(CommandRecord::State state) {
  static constexpr const char* kNames[] = {"pending", "delivered", "done", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

json described(const CommandRecord& record) {
  return {{"id", record.id},         {"node", record.node},
          {"text", record.text},     {"state", name_of(record.state)},
          {"reason", record.reason}, {"created_ns", record.created_ns}};
}

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::vector<std::string> CommandDesk::addressees(const std::string& node, bool all) const {
  std::vector<std::string> names;
  const auto known = nodes_.status();
  for (const NodeStatus& status : known) {
    if (takes_commands(status.row.version) && (all || status.row.node == node)) names.push_back(status.row.node);
  }
  if (!names.empty()) return names;
  if (all) throw UnknownNode("no node that takes commands has sent to this hub yet");
  const bool seen =
      std::any_of(known.begin(), known.end(), [&](const auto& status) { return status.row.node == node; });
  throw UnknownNode(seen ? cat(common::escaped(node), " is no imagenode of this kind, and takes no commands")
                         : cat("no node named ", common::escaped(node),
                               " has sent to this hub yet; `imagehub status` shows the names of those that have"));
}

std::string CommandDesk::take(const std::string& request, const OnIndex& on_index) {
  try {
    const json wanted = json::parse(request);
    const bool all = wanted.value("all", false);
    std::vector<CommandRecord> records;
    for (const std::string& node : addressees(wanted.value("node", ""), all)) {
      records.push_back(commands_.made(node, wanted.at("text").get<std::string>()));
    }
    on_index([&] {
      Index::Transaction transaction(index_);
      for (const CommandRecord& record : records) table_.save(record);
      transaction.commit();
    });
    json taken = json::array();
    for (const CommandRecord& record : records) {
      commands_.add(record);
      taken.push_back(described(record));
    }
    return dumped({{"commands", taken}});
  } catch (const UnknownNode& error) {
    return dumped({{"error", error.what()}, {"unknown", true}});
  }
}

std::string CommandDesk::list() const {
  json list = json::array();
  for (const CommandRecord& record : commands_.all()) list.push_back(described(record));
  return dumped(list);
}

void CommandDesk::forget_old() {
  const auto old = commands_.take_old();
  if (old.empty()) return;
  Index::Transaction transaction(index_);
  for (const CommandRecord& record : old) {
    table_.remove(record.id);
    if (!record.open()) continue;
    common::log::warn(
        cat("command \"", record.text, "\" to ", common::escaped(record.node), " is forgotten: ",
            record.state == CommandRecord::State::pending ? "the node was not there" : "the node did not report",
            " within command_ttl"));
  }
  transaction.commit();
}

}  // namespace imagehub
