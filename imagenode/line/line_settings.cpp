#include "imagenode/line/line_settings.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "common/address.hpp"
#include "common/names.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// One of the kinds that there are, in any case of the letters; nothing after a problem was reported.
std::string read_kind(common::Section& section, const char* key, const std::string& usual,
                      const std::vector<std::string>& kinds) {
  std::string wanted = usual;
  section.read(key, wanted);
  const auto kind = std::find(kinds.begin(), kinds.end(), common::lower(wanted));
  if (kind != kinds.end()) return *kind;
  std::string known;
  for (const auto& one : kinds) known += (known.empty() ? "" : ", ") + one;
  section.problem(key, wanted.empty() ? cat("is required here; one of ", known)
                                      : cat(common::escaped(wanted), " is unknown; known are ", known));
  return "";
}

void read_chunk(common::Section& line, LineSettings& settings) {
  common::Section chunk = line.section("chunk");
  chunk.read("rows", settings.chunk_rows, {1, 100'000});
  chunk.read("max_seconds", settings.chunk_seconds, {0.01, 3600});
}

void read_relay(common::Section& section, LineSettings& settings) {
  section.read("relay", settings.relay.address);
  const std::string& address = settings.relay.address;
  const auto wrong = address.empty() ? std::nullopt : common::address_problem(address, common::AddressUse::bind);
  if (wrong || (!address.empty() && !common::tcp_address(address))) {
    section.problem("relay", wrong.value_or(cat(common::escaped(address), " does not begin with tcp://")));
  }
  section.read("relay_write", settings.relay.write);
  if (settings.relay.write && !settings.transport.writable) {
    section.problem("relay_write", cat("nothing can be written to ", settings.kind));
  }
}

void read_detectors(common::Section& section, LineSettings& settings) {
  section.has("detectors");  // a key that there is; whether they make sense depends on the format
  if (!settings.format.make) return;
  const auto format = settings.format.make();
  WatchedSource source;
  for (const Field& field : format->fields()) {
    if (field.type != FieldType::text) source.fields.push_back(field.name);
  }
  settings.detectors = read_reading_detectors(section, source);
}

/// A port is opened in the middle of a frame, and may lose bytes later.
void check_step(common::Section& section) {
  std::string start;
  std::string checksum = "none";
  section.read("start", start);
  section.read("checksum", checksum);
  if (start.empty() && common::lower(checksum) == "none") {
    section.problem("start", "frames on a port need a start or a checksum, or nobody can tell where one begins");
  }
}

LineSettings read_line(common::Section& section, const std::string& label) {
  LineSettings settings;
  settings.label = label;
  if (label.empty() || label.find('|') != std::string::npos) {
    section.problem("type", "the label of a line is neither empty nor may it hold |");
  }
  settings.kind = read_kind(section, "type", "", transport_kinds());
  if (!settings.kind.empty()) settings.transport = read_transport(settings.kind, section);
  const std::string format = read_kind(section, "format", "csv", format_kinds());
  if (!format.empty()) settings.format = read_format(format, section);
  const std::string usual = settings.format.bytes > 0 ? "fixed" : "lines";
  const std::string framing = read_kind(section, "framing", usual, framing_kinds());
  if (!framing.empty()) settings.framing = read_framing(framing, section, settings.format);
  if (framing == "fixed" && settings.transport.begins_inside) check_step(section);
  settings.skip_first = settings.transport.begins_inside;
  section.read("skip_first", settings.skip_first);
  section.read("report", settings.report);
  read_chunk(section, settings);
  section.read("rejects_kb", settings.rejects_kb, {0, 1'000'000});
  read_relay(section, settings);
  read_detectors(section, settings);
  return settings;
}

}  // namespace

std::vector<LineSettings> read_lines(common::Section& root) {
  std::vector<LineSettings> lines;
  std::set<std::string> folders;
  bool has_stdin = false;
  for (auto& [label, section] : root.named_sections("lines")) {
    lines.push_back(read_line(section, label));
    if (lines.back().kind == "stdin" && std::exchange(has_stdin, true)) {
      section.problem("type", "another line has standard input already");
    }
    const std::string folder = common::path_component(label);
    if (!folders.insert(folder).second) {
      section.problem("type", cat("another line has the folder ", folder, " already; give this one another label"));
    }
  }
  return lines;
}

}  // namespace imagenode
