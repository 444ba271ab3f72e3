#include "imagehub/status.hpp"

#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "common/local_time.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;
using nlohmann::json;

std::string with_unit(double bytes) {
  static constexpr std::array kUnits{"B", "KB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text.data();
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text + ' ';
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds);
  if (whole < 120) return cat(whole, " s");
  if (whole < 7200) return cat(whole / 60, " min");
  if (whole < 172'800) return cat(whole / 3600, " h");
  return cat(whole / 86'400, " days");
}

std::string one_decimal(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string backup_line(const json& backup) {
  std::string out = "backup    of the index: ";
  const auto& last = backup.at("last_ns");
  out += last.is_null() ? "none yet" : common::log_stamp(last.get<std::int64_t>()).substr(0, 19);
  const std::string problem = backup.value("problem", "");
  return out + (problem.empty() ? "\n" : cat("; FAILS: ", common::escaped(problem), '\n'));
}

/// A plain sender reports nothing.
std::string reported(const json& node, const char* key) {
  return node.contains(key) ? std::to_string(node.at(key).get<std::uint64_t>()) : "-";
}

std::string node_table(const json& status) {
  std::string out = padded("node", 20) + padded("state", 6) + padded("last seen", 20) + padded("images", 10) +
                    padded("events", 10) + padded("bytes", 10) + padded("msg/s", 7) + padded("dropped", 8) +
                    padded("aside", 6) + padded("missing", 7) + padded("version", 18) + "host\n";
  for (const auto& node : status.at("nodes")) {
    const std::string stamp = common::log_stamp(node.at("last_seen_ns").get<std::int64_t>()).substr(0, 19);
    out += padded(common::escaped(node.at("node").get<std::string>()), 20) +
           padded(node.at("lost").get<bool>() ? "LOST" : "ok", 6) + padded(stamp, 20) +
           padded(std::to_string(node.at("images").get<std::uint64_t>()), 10) +
           padded(std::to_string(node.at("events").get<std::uint64_t>()), 10) +
           padded(with_unit(node.at("bytes").get<double>()), 10) +
           padded(one_decimal(node.at("messages_per_s").get<double>()), 7) + padded(reported(node, "dropped"), 8) +
           padded(reported(node, "set_aside"), 6) + padded(std::to_string(node.at("missing").get<std::uint64_t>()), 7) +
           padded(common::escaped(node.at("version").get<std::string>()), 18) +
           common::escaped(node.at("host").get<std::string>()) + '\n';
  }
  if (status.at("nodes").empty()) out += "(no node has sent anything yet)\n";
  return out;
}

std::string days_left(const json& disk) {
  if (disk.at("days_left").is_null()) return "";
  const auto days = disk.at("days_left").get<double>();
  const std::string amount = days < 2 ? one_decimal(days) : days < 3650 ? cat(static_cast<long>(days)) : "over 3650";
  return cat(", ", amount, " days left at ", with_unit(disk.at("bytes_per_day").get<double>()), " a day");
}

std::string full_disk(const json& disk) {
  if (!disk.at("full").get<bool>()) return "";
  return cat(", full: images wait; reserve for events ", with_unit(disk.at("reserve_left_bytes").get<double>()), " of ",
             with_unit(disk.at("reserve_bytes").get<double>()));
}

/// Nothing to say when nothing is ever deleted.
std::string retention_line(const json& retention) {
  const auto state = retention.at("state").get<std::string>();
  const auto stuck = retention.at("undeletable_files").get<std::uint64_t>();
  if (state == "off" && stuck == 0) return "";
  std::string out = cat("retention ", state, "; deleted ", with_unit(retention.at("deleted_bytes").get<double>()));
  for (const auto& [reason, count] : retention.at("deleted_images").items()) {
    out += cat(", ", count.get<std::uint64_t>(), " images for ", reason);
  }
  for (const auto& [reason, count] : retention.at("deleted_batches").items()) {
    out += cat(", ", count.get<std::uint64_t>(), " batches of rows for ", reason);
  }
  if (stuck > 0) out += cat("; cannot remove ", stuck, " files");
  return out + '\n';
}

/// Nothing to say on a hub that nobody sends rows to.
std::string rows_line(const json& data) {
  const auto rows = data.at("rows").get<std::uint64_t>();
  const auto open = data.at("open_batches").get<std::uint64_t>();
  if (rows == 0 && open == 0) return "";
  const auto lost = data.at("lost_batches").get<std::uint64_t>();
  return cat("rows      ", rows, " filed; batches: ", data.at("complete_batches").get<std::uint64_t>(), " complete, ",
             data.at("partial_batches").get<std::uint64_t>(), " partial, ", open, " open",
             lost > 0 ? cat(", ", lost, " LOST") : "", '\n');
}

/// Nothing to say where nobody sends rows or runs a demo.
std::string live_line(const json& live) {
  const auto series = live.at("series").get<std::uint64_t>();
  const auto demo = live.at("demo_messages").get<std::uint64_t>();
  if (series == 0 && demo == 0) return "";
  return cat("live      ", series, " series of rows; `imagehub live` shows them",
             demo > 0 ? cat("; ", demo, " messages of demos, not stored") : "", '\n');
}

/// Plain senders without an answer, since nothing of theirs can be stored.
std::string waiting(const json& status) {
  const auto messages = status.value("waiting_messages", std::uint64_t{0});
  return messages > 0 ? cat(", of which ", messages, " wait to be stored") : "";
}

/// Nothing to say when there are none.
std::string commands_line(const json& status) {
  std::map<std::string, int> counts;
  for (const auto& command : status.value("commands", json::array())) ++counts[command.at("state").get<std::string>()];
  std::string out;
  for (const auto& [state, count] : counts) out += cat(out.empty() ? "commands  " : ", ", count, ' ', state);
  return out.empty() ? "" : out + "; `imagehub command --list` shows them\n";
}

}  // namespace

std::string format_commands(const std::string& text) {
  const json status = json::parse(text);
  if (status.contains("error")) {
    return cat("imagehub cannot tell its commands: ", common::escaped(status.at("error").get<std::string>()), '\n');
  }
  const json commands = status.value("commands", json::array());
  if (commands.empty()) return "(no commands; those that are older than command_ttl are forgotten)\n";
  std::string out = padded("given", 20) + padded("id", 17) + padded("state", 10) + padded("node", 20) + "command\n";
  for (const auto& command : commands) {
    const auto reason = command.at("reason").get<std::string>();
    out += padded(common::log_stamp(command.at("created_ns").get<std::int64_t>()).substr(0, 19), 20) +
           padded(std::to_string(command.at("id").get<std::uint64_t>()), 17) +
           padded(command.at("state").get<std::string>(), 10) +
           padded(common::escaped(command.at("node").get<std::string>()), 20) +
           common::escaped(command.at("text").get<std::string>()) + (reason.empty() ? "" : ": ") +
           common::escaped(reason) + '\n';
  }
  return out;
}

std::string command_question(const std::string& node, bool all, const std::string& text) {
  const json question = {{"node", node}, {"all", all}, {"text", text}};
  return "command " + question.dump(-1, ' ', false, json::error_handler_t::replace);
}

CommandAnswer read_command_answer(const std::string& text) {
  const json answer = json::parse(text);
  if (answer.contains("error")) {
    return {"", common::escaped(answer.at("error").get<std::string>()), answer.value("unknown", false)};
  }
  std::string given;
  for (const auto& command : answer.at("commands")) {
    given += cat("command ", command.at("id").get<std::uint64_t>(), " waits for ",
                 common::escaped(command.at("node").get<std::string>()), '\n');
  }
  return {given, "", false};
}

std::string format_status(const std::string& text) {
  const json status = json::parse(text);
  if (status.contains("error")) {
    return cat("imagehub cannot tell how it is: ", common::escaped(status.at("error").get<std::string>()), '\n');
  }
  const json& disk = status.at("disk");
  std::string addresses;
  for (const auto& address : status.at("addresses")) addresses += ' ' + address.get<std::string>();
  std::string out =
      cat("imagehub ", status.at("version").get<std::string>(), ", process ", status.at("pid").get<long>(), ", up ",
          duration(status.at("uptime_s").get<double>()), ", listens on", addresses, '\n');
  out += cat("data      ", status.at("data_directory").get<std::string>(), '\n');
  out += cat("disk      ", with_unit(disk.at("free_bytes").get<double>()), " free of ",
             with_unit(disk.at("total_bytes").get<double>()), days_left(disk), full_disk(disk), '\n');
  out += retention_line(status.at("retention"));
  if (status.contains("backup")) out += backup_line(status.at("backup"));
  if (const auto pending = status.value("crc_pending", std::uint64_t{0}); pending > 0) {
    out += cat("adopted   ", pending, " pictures without CRC yet\n");
  }
  out += cat("received  ", status.at("received").get<std::uint64_t>(), " messages, ",
             one_decimal(status.at("messages_per_s").get<double>()), "/s, ",
             status.at("connections").get<std::uint64_t>(), " connections\n");
  out += cat("queue     ", status.at("in_flight_messages").get<std::uint64_t>(), " messages, ",
             with_unit(status.at("in_flight_bytes").get<double>()), waiting(status),
             status.at("holding_back").get<bool>() ? ", full: senders wait\n" : "\n");
  out += commands_line(status);
  if (status.contains("data")) out += rows_line(status.at("data"));
  if (status.contains("live")) out += live_line(status.at("live"));
  out += "drops     ";
  if (status.at("drops").empty()) out += "none\n";
  bool first = true;
  for (const auto& [reason, count] : status.at("drops").items()) {
    out += cat(first ? "" : "          ", count.get<std::uint64_t>(), ' ', common::escaped(reason), '\n');
    first = false;
  }
  return out + '\n' + node_table(status);
}

}  // namespace imagehub
