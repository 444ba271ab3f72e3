#include "imagenode/link/local_store.hpp"

#include <poll.h>

#include <algorithm>
#include <limits>

#include "common/crc32c.hpp"
#include "common/local_time.hpp"
#include "common/log.hpp"
#include "common/names.hpp"
#include "common/picture.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;
using common::cat;
using common::DeliveryClass;

/// Files that go to the disk together.
constexpr std::size_t kGroup = 16;
/// Of the log this much is looked through for lines that a crash left there.
constexpr std::uint64_t kLookBackBytes = 1024 * 1024;
/// In front of files that are being written; a hub that is given the folder later knows them from its own.
constexpr const char* kUnfinished = "local-";
constexpr std::int64_t kFirstBackOff = common::kSecond;
constexpr std::int64_t kLongestBackOff = 60 * common::kSecond;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::string log_line(const common::Message& message) {
  return common::log_stamp(message.time_ns) + " ~ " + common::escaped(message.text) + '\n';
}

}  // namespace

LocalStore::LocalStore(const fs::path& folder, std::uint64_t boot, Outbox& outbox, common::FileSystem& files,
                       const common::Clock& clock)
    : images_(folder / "images"),
      logs_(folder / "logs"),
      outbox_(outbox),
      files_(files),
      clock_(clock),
      batches_(folder / "data", boot, files, clock) {}

LocalStore::~LocalStore() {
  stop();
}

void LocalStore::start(common::Liveness& liveness) {
  thread_ =
      common::start_thread(liveness, "local", [this](const std::stop_token& stop, auto& self) { run(stop, self); });
}

void LocalStore::stop() {
  thread_.request_stop();
  wake();
  if (thread_.joinable()) thread_.join();
}

void LocalStore::run(const std::stop_token& stop, common::Liveness::Thread& self) {
  std::int64_t back_off_ns = 0;
  outbox_.hub_answers(true, clock_.monotonic_ns());
  while (!stop.stop_requested()) {
    try {
      const bool worked = work();
      if (worked && back_off_ns > 0) {
        common::log::info("local_dir: written again");
        outbox_.hub_answers(true, clock_.monotonic_ns());
        back_off_ns = 0;
      }
      const std::int64_t next_ns = batches_.close_idle();
      if (!worked) wait(next_ns == kNever ? -1 : std::max<std::int64_t>(next_ns - clock_.monotonic_ns(), 0), self);
    } catch (const std::exception& error) {
      if (back_off_ns == 0) {
        common::log::error(cat("local_dir: ", error.what(), "; messages are kept, it is tried again"));
        outbox_.hub_answers(false, clock_.monotonic_ns());
      }
      back_off_ns = std::clamp(back_off_ns * 2, kFirstBackOff, kLongestBackOff);
      const std::int64_t until_ns = clock_.monotonic_ns() + back_off_ns;
      for (std::int64_t now = 0; (now = clock_.monotonic_ns()) < until_ns && !stop.stop_requested();) {
        wait(until_ns - now, self);
      }
    }
  }
  batches_.close_all();
}

void LocalStore::wait(std::int64_t timeout_ns, common::Liveness::Thread& self) {
  const common::Liveness::Waiting waiting(self);
  pollfd wake{wake_.fd(), POLLIN, 0};
  ::poll(&wake, 1, timeout_ns < 0 ? -1 : static_cast<int>(timeout_ns / common::kMillisecond + 1));
  wake_.clear();
}

bool LocalStore::work() {
  while (outbox_.take_unstored()) {
  }
  const auto group = take_group();
  std::vector<common::MessagePtr> events;
  std::vector<common::MessagePtr> data;
  std::vector<common::MessagePtr> images;
  for (const auto& message : group) {
    const DeliveryClass of = class_of(*message);
    (of == DeliveryClass::event ? events : of == DeliveryClass::data ? data : images).push_back(message);
  }
  try {
    write_events(events);
    // Lines that are in the log must not come again because of a picture.
    for (const auto& event : events) outbox_.delivered(identity_of(*event));
    write_data(data);
    write_images(images);
    for (const auto& image : images) outbox_.delivered(identity_of(*image));
  } catch (...) {
    for (const auto& message : group) outbox_.put_back(identity_of(*message));
    throw;
  }
  return !group.empty();
}

std::vector<common::MessagePtr> LocalStore::take_group() {
  std::vector<common::MessagePtr> group;
  for (const Lane lane : {Lane::live, Lane::late}) {
    for (const DeliveryClass delivery_class : {DeliveryClass::event, DeliveryClass::data, DeliveryClass::image}) {
      while (group.size() < kGroup) {
        auto message = outbox_.take(delivery_class, lane);
        if (!message) break;
        group.push_back(std::move(message));
      }
    }
  }
  return group;
}

void LocalStore::write_events(const std::vector<common::MessagePtr>& events) {
  if (events.empty()) return;
  common::make_folders(files_, logs_);
  begin_day();
  const auto& known = lines_at_start();
  std::string lines;
  for (const auto& event : events) {
    const std::string line = log_line(*event);
    if (!known.contains(line)) lines += line;
  }
  if (!lines.empty()) append_to_log(lines);
}

/// What a crash may have left in the log although it is still in the spool.
const std::set<std::string>& LocalStore::lines_at_start() {
  if (lines_at_start_) return *lines_at_start_;
  std::set<std::string> lines;
  const fs::path log = logs_ / "imagehub.log";
  if (common::exists(files_, log)) {
    const auto file = files_.open(log, common::OpenMode::read);
    const std::uint64_t size = file->size();
    const std::uint64_t begin = size > kLookBackBytes ? size - kLookBackBytes : 0;
    std::string text(size - begin, '\0');
    text.resize(file->read(begin, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size() - 1);
      lines.insert(text.substr(at, end + 1 - at));
      at = end + 1;
    }
  }
  lines_at_start_ = std::move(lines);
  return *lines_at_start_;
}

/// The log of an earlier day gets its day's name.
void LocalStore::begin_day() {
  const fs::path log = logs_ / "imagehub.log";
  const std::string today = common::local_date(clock_.utc_ns());
  const auto info = files_.info(log);
  if (info && log_day_.empty()) log_day_ = common::local_date(info->modified_ns);
  if (info && log_day_ < today) {
    lines_at_start();
    const std::string dated = log.string() + '.' + log_day_;
    for (int suffix = 0; !files_.rename_if_free(log, suffix == 0 ? dated : cat(dated, '-', suffix));) ++suffix;
    files_.sync_folder(logs_);
  }
  if (!info || log_day_ < today) log_day_ = today;
}

void LocalStore::append_to_log(const std::string& lines) {
  const fs::path log = logs_ / "imagehub.log";
  const bool fresh = !common::exists(files_, log);
  const auto file = files_.open(log, common::OpenMode::create);
  common::append_lines_synced(*file, log, lines);
  if (fresh) files_.sync_folder(logs_);
}

void LocalStore::write_data(const std::vector<common::MessagePtr>& data) {
  for (const auto& [identity, reason] : batches_.write(data)) {
    common::log::error(cat("local_dir: rows are set aside: ", reason));
    outbox_.set_aside(identity, reason);
  }
  for (const auto& message : data) outbox_.delivered(identity_of(*message));
}

void LocalStore::write_images(const std::vector<common::MessagePtr>& images) {
  if (images.empty()) return;
  const fs::path incoming = images_ / ".incoming";
  common::make_folders(files_, incoming);
  remove_unfinished(incoming);
  struct Written {
    fs::path from;
    common::StoredPicture picture;
    common::OpenFilePtr file;
  };
  std::vector<Written> written;
  for (const auto& image : images) {
    Written& one = written.emplace_back();
    one.from = incoming / cat(kUnfinished, common::hex64(image->boot.value_or(0)), '-', image->seq.value_or(0));
    one.picture = common::to_stored_picture(*image);
    one.file = common::begin_file(files_, one.from, one.picture.bytes.view());
  }
  for (Written& one : written) common::sync_file(files_, *one.file, one.from);
  std::set<fs::path> days;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto to = free_name(*images[i], written[i].picture.bytes.view(), written[i].picture.extension);
    if (to) {
      files_.rename(written[i].from, *to);
      days.insert(to->parent_path());
    } else {
      files_.remove(written[i].from);
    }
  }
  for (const auto& day : days) files_.sync_folder(day);
}

/// What a kill left of an earlier process; what the spool still has is written anew.
void LocalStore::remove_unfinished(const fs::path& incoming) {
  if (unfinished_removed_) return;
  for (const std::string& name : files_.list(incoming)) {
    if (name.starts_with(kUnfinished)) files_.remove(incoming / name);
  }
  unfinished_removed_ = true;
}

std::optional<fs::path> LocalStore::free_name(const common::Message& message, common::ByteView bytes,
                                              const std::string& extension) {
  const fs::path day = images_ / common::local_date(message.time_ns);
  common::make_folders(files_, day);
  const std::string stem = common::image_stem(common::split_text(message.text).front(), message.time_ns);
  for (int suffix = 0;; ++suffix) {
    const fs::path path = day / (suffix == 0 ? stem + extension : cat(stem, '-', suffix, extension));
    const auto info = files_.info(path);
    if (!info) return path;
    if (info->bytes != bytes.size()) continue;
    common::Bytes there(bytes.size());
    there.resize(files_.open(path, common::OpenMode::read)->read(0, there));
    if (common::crc32c(there) == common::crc32c(bytes)) {
      files_.sync_folder(day);  // a crash may have come before that
      return std::nullopt;
    }
  }
}

}  // namespace imagenode
