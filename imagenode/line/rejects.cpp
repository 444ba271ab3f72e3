#include "imagenode/line/rejects.hpp"

#include <exception>
#include <utility>

#include "common/log.hpp"
#include "common/rows.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::int64_t kRetry = 60 * common::kSecond;
constexpr std::string_view kHeader = "Timestamp,Reason,Row\r\n";

}  // namespace

Rejects::Rejects(std::filesystem::path folder, std::uint64_t max_bytes, common::FileSystem& files)
    : folder_(std::move(folder)), max_bytes_(max_bytes), files_(files) {}

void Rejects::add(const Moment& moment, std::string_view row, const std::string& reason) {
  std::string line;
  common::append_timestamp(line, moment.utc_ns);
  line += ',';
  common::append_cell(line, reason);
  line += ',';
  common::append_cell(line, common::escaped(row.substr(0, kMaxRow)));
  line += "\r\n";
  if (line.size() + kHeader.size() > max_bytes_ || moment.monotonic_ns < retry_ns_) return;
  try {
    append(moment, line);
    failing_ = false;
  } catch (const std::exception& error) {
    file_.reset();
    retry_ns_ = moment.monotonic_ns + kRetry;
    if (!std::exchange(failing_, true)) {
      common::log::error(cat("rows that make no sense are not kept, only counted: ", error.what()));
    }
  }
}

void Rejects::append(const Moment& moment, const std::string& line) {
  if (!file_) begin();
  if (size_ + line.size() > max_bytes_) {
    if (moment.monotonic_ns < next_ns_) return;
    const auto path = folder_ / "rejects.csv";
    files_.rename(path, folder_ / "rejects.csv.1");
    begin();
    next_ns_ = moment.monotonic_ns + kPause;
  }
  common::append_lines(*file_, folder_ / "rejects.csv", line);
  size_ += line.size();
}

/// Opens the file, and writes its header when it is new.
void Rejects::begin() {
  common::make_folders(files_, folder_);
  const auto path = folder_ / "rejects.csv";
  file_ = files_.open(path, common::OpenMode::create);
  size_ = file_->size();
  if (size_ > 0) return;
  common::append_lines(*file_, path, kHeader);
  size_ = kHeader.size();
}

}  // namespace imagenode
