#include "imagehub/care/check_report.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;
using nlohmann::json;

constexpr std::size_t kMaxShown = 10;

struct Words {
  const char* key;
  const char* title;
  const char* remedy;
};

constexpr std::array<Words, kFindings> kWords{{
    {"damaged_index", "the index is damaged",
     "start the hub: it sets a damaged index aside and salvages what can be read"},
    {"row_without_file", "pictures are gone, their rows are there",
     "put the files back from a backup, or have --repair move the rows into a report"},
    {"wrong_size", "files do not have the size of their rows",
     "put them back from a backup, or delete them and check again"},
    {"wrong_content", "files do not have the content of their rows",
     "put them back from a backup, or delete them and check again"},
    {"unreadable_file", "files cannot be read", "look at their permissions, and at the disk"},
    {"shared_file", "rows share a file", "this should never be; please report it"},
    {"event_without_line", "events have no line in the log", "--repair appends them"},
    {"file_without_row", "files have no row", "--repair or `imagehub index` adopts them"},
    {"temporary", "temporary files lie about", "the next start of the hub removes them, or --repair"},
    {"batch_without_file", "files of batches are gone, their rows are there",
     "put them back from a backup; where a whole folder is gone, --repair moves its row into a report"},
    {"batch_wrong_content", "files of batches are not what was stored", "put them back from a backup"},
    {"batch_unreadable", "files of batches cannot be read", "look at their permissions, and at the disk"},
    {"batch_without_row", "batches have no row", "--repair adopts those whose manifest can be read"},
    {"old_file", "files are older than the index and have no row", "`imagehub index` adopts them; nothing is wrong"},
    {"other_file", "files among the pictures or batches are none", "nothing is wrong; imagehub leaves them alone"},
}};

std::string level_name(CheckLevel level) {
  return level == CheckLevel::presence ? "presence" : level == CheckLevel::size ? "size" : "content";
}

std::string one_decimal(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

double megabytes_per_s(const CheckReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.bytes_read) / 1e6 / report.seconds : 0;
}

std::string shown(const std::vector<Found>& found) {
  std::string out;
  for (std::size_t i = 0; i < std::min(found.size(), kMaxShown); ++i) {
    const std::string detail = found[i].detail.empty() ? "" : cat(": ", common::escaped(found[i].detail));
    out += cat("    ", common::escaped(found[i].what), detail, '\n');
  }
  if (found.size() > kMaxShown) out += cat("    and ", found.size() - kMaxShown, " more; --json names all\n");
  return out;
}

std::string shown(const Repaired& repaired) {
  std::string out;
  const auto line = [&](std::uint64_t count, const char* what) {
    if (count > 0) out += cat("repaired: ", count, ' ', what, '\n');
  };
  line(repaired.recovered.files + repaired.recovered.rows, "unacknowledged files and rows of a crash removed");
  line(repaired.temporaries, "temporary files removed");
  line(repaired.lines, "lines appended to the log");
  line(repaired.adopted.images, "files adopted");
  line(repaired.rows, "rows without file moved");
  line(repaired.batches.adopted, "batches adopted");
  line(repaired.batches.moved, "rows of batches without folder moved");
  if (repaired.batches.report) out += cat("          they are listed in ", repaired.batches.report->string(), '\n');
  if (repaired.report) out += cat("          they are listed in ", repaired.report->string(), '\n');
  return out.empty() ? "repaired: nothing was to be repaired\n" : out;
}

}  // namespace

std::string to_text(const CheckReport& report, const Repaired* repaired) {
  std::string out = cat("checked   ", report.image_rows, " pictures and ", report.event_rows, " events",
                        report.batch_rows > 0 ? cat(" and ", report.batch_rows, " batches") : "", " at level ",
                        level_name(report.level), " in ", one_decimal(report.seconds), " s",
                        report.bytes_read > 0 ? cat(", ", one_decimal(megabytes_per_s(report)), " MB/s") : "",
                        report.beside_hub ? ", beside the running hub" : "", '\n');
  if (report.adopted_rows > 0) {
    out += cat("adopted   ", report.adopted_rows, " of them; ", report.crc_pending, " without CRC yet\n");
  }
  if (report.unfinished_rows > 0) {
    out += cat("unfinished ", report.unfinished_rows, " rows of a crash; the next start of the hub finishes them\n");
  }
  for (std::size_t kind = 0; kind < kFindings; ++kind) {
    if (report.found[kind].empty()) continue;
    out += cat(report.found[kind].size(), " times: ", kWords[kind].title, "\n", shown(report.found[kind]), "    -> ",
               kWords[kind].remedy, '\n');
  }
  if (repaired != nullptr) out += shown(*repaired);
  const std::uint64_t differences = report.differences();
  if (differences == 0) return out + "all is well\n";
  return out + cat(differences, repaired != nullptr ? " differences are left; what to do stands beside them\n"
                                                    : " differences; `imagehub check --repair`, with the hub stopped, "
                                                      "repairs what can be repaired\n");
}

std::string to_json(const CheckReport& report, const Repaired* repaired) {
  json found = json::object();
  for (std::size_t kind = 0; kind < kFindings; ++kind) {
    json list = json::array();
    for (const auto& one : report.found[kind]) list.push_back({{"what", one.what}, {"detail", one.detail}});
    found[kWords[kind].key] = std::move(list);
  }
  json out = {{"good", report.differences() == 0}, {"differences", report.differences()},
              {"level", level_name(report.level)}, {"beside_hub", report.beside_hub},
              {"images", report.image_rows},       {"events", report.event_rows},
              {"batches", report.batch_rows},      {"adopted", report.adopted_rows},
              {"crc_pending", report.crc_pending}, {"unfinished", report.unfinished_rows},
              {"bytes_read", report.bytes_read},   {"seconds", report.seconds},
              {"found", std::move(found)}};
  if (repaired != nullptr) {
    out["repaired"] = {{"recovered_files", repaired->recovered.files},
                       {"recovered_rows", repaired->recovered.rows},
                       {"temporaries", repaired->temporaries},
                       {"lines", repaired->lines},
                       {"adopted", repaired->adopted.images},
                       {"rows_moved", repaired->rows},
                       {"batches_adopted", repaired->batches.adopted},
                       {"batches_moved", repaired->batches.moved},
                       {"report", repaired->report ? json(repaired->report->string()) : json()}};
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_text(const Adopted& adopted, std::uint64_t batches) {
  std::string out = cat("adopted   ", adopted.images, " pictures and ", adopted.events, " log lines\n");
  if (batches > 0) out += cat("adopted   ", batches, " batches of rows\n");
  if (adopted.other_lines > 0) out += cat("left out  ", adopted.other_lines, " log lines of another form\n");
  if (!adopted.ignored.empty()) {
    out += cat("left out  ", adopted.ignored.size(), " files that are no pictures\n");
    for (std::size_t i = 0; i < std::min(adopted.ignored.size(), kMaxShown); ++i) {
      out += cat("    images/", common::escaped(adopted.ignored[i]), '\n');
    }
    if (adopted.ignored.size() > kMaxShown) out += cat("    and ", adopted.ignored.size() - kMaxShown, " more\n");
  }
  if (adopted.images > 0) out += "The hub computes their CRCs when it has nothing else to do.\n";
  return out;
}

}  // namespace imagehub
