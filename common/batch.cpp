#include "common/batch.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/local_time.hpp"
#include "common/names.hpp"
#include "common/rows.hpp"
#include "common/text.hpp"

namespace common {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr std::string_view kConversions = "YymdjHMS";
constexpr std::size_t kMaxPattern = 100;
/// A file ends here too, whatever its rows.
constexpr std::uint64_t kMaxFileBytes = 64 * 1024 * 1024;

std::string padded(int number, int last) {
  const std::string text = std::to_string(number);
  const std::size_t width = std::to_string(last).size();
  return text.size() >= width ? text : std::string(width - text.size(), '0') + text;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == name.npos && name.find('\0') == name.npos;
}

Batch from_json(const json& object) {
  Batch batch;
  batch.node = object.at("node").get<std::string>();
  batch.view = object.at("view").get<std::string>();
  batch.source = object.at("source").get<std::string>();
  const std::string boot = object.at("boot").get<std::string>();
  std::from_chars(boot.data(), boot.data() + boot.size(), batch.boot, 16);
  batch.number = object.at("batch").get<std::uint64_t>();
  batch.complete = object.at("state").get<std::string>() == "complete";
  batch.header = object.at("header").get<std::string>();
  batch.time_ns = object.at("time_ns").get<std::int64_t>();
  batch.first_ns = object.at("first_ns").get<std::int64_t>();
  batch.last_ns = object.at("last_ns").get<std::int64_t>();
  for (const json& file : object.at("files")) {
    batch.files.push_back({file.at("name").get<std::string>(), file.at("rows").get<std::uint64_t>(),
                           file.at("bytes").get<std::uint64_t>(), file.at("sha256").get<std::string>()});
  }
  return batch;
}

}  // namespace

std::uint64_t Batch::rows() const {
  return std::accumulate(files.begin(), files.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const BatchFile& file) { return sum + file.rows; });
}

std::uint64_t Batch::bytes() const {
  return std::accumulate(files.begin(), files.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const BatchFile& file) { return sum + file.bytes; });
}

const std::string& Batch::name() const {
  static const std::string kUnnamed = "data";
  return !source.empty() ? source : !view.empty() ? view : kUnnamed;
}

bool BatchLimits::is_full(const BatchFile& file) const {
  return file.rows >= static_cast<std::uint64_t>(rows_per_file) || file.bytes >= kMaxFileBytes;
}

bool BatchLimits::is_full(const Batch& batch) const {
  return batch.files.size() >= static_cast<std::size_t>(files_per_batch) && is_full(batch.files.back());
}

bool BatchLimits::is_complete(const Batch& batch) const {
  return is_full(batch) &&
         std::all_of(batch.files.begin(), batch.files.end(), [this](const BatchFile& file) { return is_full(file); });
}

std::string to_manifest(const Batch& batch) {
  json columns = json::array();
  for (const RowColumn& column : columns_of(batch.header)) {
    columns.push_back({{"name", column.name}, {"unit", column.unit}});
  }
  json files = json::array();
  for (const BatchFile& file : batch.files) {
    files.push_back({{"name", file.name}, {"rows", file.rows}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  }
  const json manifest = {{"format", kFormat},
                         {"node", batch.node},
                         {"view", batch.view},
                         {"source", batch.source},
                         {"boot", hex64(batch.boot)},
                         {"batch", batch.number},
                         {"state", batch.complete ? "complete" : "partial"},
                         {"time_ns", batch.time_ns},
                         {"first_ns", batch.first_ns},
                         {"last_ns", batch.last_ns},
                         {"rows", batch.rows()},
                         {"bytes", batch.bytes()},
                         {"header", batch.header},
                         {"columns", std::move(columns)},
                         {"files", std::move(files)}};
  return manifest.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

std::optional<Batch> parse_manifest(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  try {
    if (object.at("format").get<int>() != kFormat) return std::nullopt;
    Batch batch = from_json(object);
    for (const BatchFile& file : batch.files) {
      if (!is_plain_name(file.name)) return std::nullopt;
    }
    return batch;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::string batch_path(const Batch& batch) {
  return cat(local_date(batch.time_ns), '/', path_component(batch.node), '/', path_component(batch.name()), '/',
             file_stamp(batch.time_ns));
}

std::string batch_file_name(const std::string& pattern, const Batch& batch, int k, int files) {
  std::string name;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const std::string_view rest = std::string_view(pattern).substr(at);
    if (rest.starts_with('%') && rest.size() > 1) {
      name += local_text(batch.time_ns, rest[1]);
      ++at;
    } else if (rest.starts_with("{name}")) {
      name += path_component(batch.name());
      at += 5;
    } else if (rest.starts_with("{n}")) {
      name += std::to_string(batch.number);
      at += 2;
    } else if (rest.starts_with("{k}")) {
      name += padded(k, files);
      at += 2;
    } else {
      name += rest.front();
    }
  }
  return name;
}

std::optional<std::string> name_pattern_problem(std::string_view pattern) {
  const std::string allowed =
      "a file name that ends with .csv, with {k} for the number of the file, {n} for that of the batch, {name} for the "
      "source, and %Y %y %m %d %j %H %M %S for its time";
  bool has_k = false;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const std::string_view rest = pattern.substr(at);
    if (rest.front() == '%') {
      if (rest.size() < 2 || kConversions.find(rest[1]) == kConversions.npos) {
        return cat("'", escaped(rest.substr(0, 2)), "' is no conversion; allowed is ", allowed);
      }
      ++at;
    } else if (rest.front() == '{') {
      const std::string_view place = rest.substr(0, rest.find('}') == rest.npos ? rest.npos : rest.find('}') + 1);
      if (place != "{n}" && place != "{k}" && place != "{name}") {
        return cat("'", escaped(place), "' is unknown; allowed is ", allowed);
      }
      has_k = has_k || place == "{k}";
      at += place.size() - 1;
    } else if (static_cast<unsigned char>(rest.front()) < ' ' || rest.front() == '/') {
      return cat("a file name has no '", escaped(rest.substr(0, 1)), "'; allowed is ", allowed);
    }
  }
  if (!has_k) return cat("it has no {k}, so all files would have one name; allowed is ", allowed);
  if (!pattern.ends_with(".csv")) return cat("it does not end with .csv; allowed is ", allowed);
  if (pattern.front() == '.') return cat("it begins with a dot; allowed is ", allowed);
  if (pattern.size() > kMaxPattern) return cat("it is longer than ", kMaxPattern, " characters");
  return std::nullopt;
}

}  // namespace common
