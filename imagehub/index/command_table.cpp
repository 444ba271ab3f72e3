#include "imagehub/index/command_table.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "common/database.hpp"

namespace imagehub {
namespace {

using State = common::CommandRecord::State;

const char* name_of(State state) {
  return state == State::done ? "done" : state == State::failed ? "failed" : "open";
}

State state_of(const std::string& name) {
  return name == "done" ? State::done : name == "failed" ? State::failed : State::pending;
}

}  // namespace

std::vector<common::CommandRecord> CommandTable::all() {
  SQLite::Statement query(index_.database(),
                          "SELECT id, node, text, state, reason, created_ns FROM commands ORDER BY created_ns, id");
  std::vector<common::CommandRecord> records;
  while (query.executeStep()) {
    records.push_back({static_cast<std::uint64_t>(query.getColumn(0).getInt64()), query.getColumn(1).getString(),
                       query.getColumn(2).getString(), state_of(query.getColumn(3).getString()),
                       query.getColumn(4).getString(), query.getColumn(5).getInt64()});
  }
  return records;
}

void CommandTable::save(const common::CommandRecord& record) {
  SQLite::Statement write(index_.database(), "INSERT OR REPLACE INTO commands VALUES (?,?,?,?,?,?)");
  write.bind(1, static_cast<std::int64_t>(record.id));
  write.bind(2, record.node);
  write.bind(3, record.text);
  write.bind(4, name_of(record.state));
  write.bind(5, record.reason);
  write.bind(6, record.created_ns);
  common::run(write);
}

void CommandTable::remove(std::uint64_t id) {
  SQLite::Statement remove(index_.database(), "DELETE FROM commands WHERE id = ?");
  remove.bind(1, static_cast<std::int64_t>(id));
  common::run(remove);
}

}  // namespace imagehub
