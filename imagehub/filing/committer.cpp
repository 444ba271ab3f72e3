#include "imagehub/filing/committer.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/crc32c.hpp"
#include "common/local_time.hpp"
#include "common/log.hpp"
#include "common/text.hpp"
#include "imagehub/store/picture.hpp"

namespace imagehub {
namespace {

using common::DeliveryClass;

constexpr std::int64_t kLogRetryInterval = common::kSecond;
constexpr const char* kQuotaText = "Max images written. Writing stopped.";

bool is_image(const common::Message& message) {
  return delivery_class(common::kind_of(message.text, message.boot.has_value())) == DeliveryClass::image;
}

template <typename Map>
std::string to_json(const Map& map) {
  if (map.empty()) return {};
  return nlohmann::json(map).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The sender's capture time; when it has none or its clock is not set, its age at sending before our receive time.
std::int64_t capture_time(const common::Message& message, std::int64_t received_ns) {
  if (message.time_ns != 0 && message.clock_synchronised) return message.time_ns;
  return received_ns - message.age_us.value_or(0) * common::kMicrosecond;
}

void fill(RowBase& row, const Candidate& candidate) {
  const common::Message& message = *candidate.message;
  row.identity = identity_of(message);
  row.node = message.node;
  row.view = message.view;
  row.source = message.source;
  row.text = message.text;
  row.time_ns = capture_time(message, candidate.received_ns);
  row.received_ns = candidate.received_ns;
  row.clock_error_us = message.clock_error_us;
  row.late = message.late;
  row.payload_crc = message.crc.value_or(0);
  row.fields = to_json(message.fields);
  row.units = to_json(message.units);
}

}  // namespace

std::optional<Identity> identity_of(const common::Message& message) {
  if (!message.boot || !message.seq) return std::nullopt;
  return Identity{*message.boot, *message.seq};
}

Committer::Committer(const CommitterSettings& settings, Index& index, ImageStore& store, EventLog& log, Nodes& nodes,
                     const common::Clock& clock)
    : settings_(settings), index_(index), store_(store), log_(log), nodes_(nodes), clock_(clock) {}

void Committer::recover() {
  finished_ = index_.finished();
  written_event_ = finished_.event_id;
  std::vector<ImageRow> lost;
  for (ImageRow& row : index_.unfinished_images()) {
    finished_.image_id = row.id;
    if (!finish_image(row)) lost.push_back(std::move(row));
  }
  store_.sync_days();
  // Neither file: the crash came before the file's name was durable, so it was never acknowledged.
  Index::Transaction transaction(index_);
  for (const ImageRow& row : lost) index_.remove_unfinished(row);
  index_.set_finished(finished_);
  transaction.commit();
  const std::size_t removed = store_.discard_all_incoming();
  catch_up_log();
  if (removed + lost.size() > 0) {
    common::log::info(common::cat("after the last stop: ", removed, " unacknowledged files and ", lost.size(),
                                  " unacknowledged rows removed; their senders send them again"));
  }
}

void Committer::write(Candidate& candidate, const std::string& incoming) const {
  const StoredPicture picture = to_stored_picture(*candidate.message);
  candidate.file = store_.begin(incoming, picture.bytes.view());
  candidate.incoming = incoming;
  candidate.extension = picture.extension;
  candidate.bytes = picture.bytes.size();
  candidate.file_crc = candidate.message->array ? common::crc32c(picture.bytes.view()) : *candidate.message->crc;
}

void Committer::sync(Candidate& candidate) const {
  const common::UniqueFd file = std::move(candidate.file);
  store_.sync(candidate.incoming, file);
}

void Committer::discard(Candidate& candidate) const {
  if (candidate.committed || candidate.incoming.empty()) return;
  store_.discard(candidate.incoming);
  candidate.incoming.clear();
}

void Committer::commit(const std::vector<Candidate*>& group) {
  finish_images();
  if (log_behind_ && clock_.monotonic_ns() >= next_log_try_ns_) try_catch_up_log();
  Batch batch;
  try {
    collect(group, batch);
    if (batch.images.empty() && batch.events.empty()) return;
    write_rows(batch);
  } catch (...) {
    for (const auto& [candidate, row] : batch.images) store_.release_name(row.path);
    quota_day_ns_ = -1;  // counted anew from the index
    throw;
  }
  for (auto& [candidate, row] : batch.images) {
    candidate->committed = true;
    candidate->image_id = row.id;
    unfinished_.push_back(row);
    nodes_.stored(*candidate->message, row.bytes);
  }
  for (auto& [candidate, row] : batch.events) {
    candidate->committed = true;
    if (!candidate->own) nodes_.stored(*candidate->message, 0);
  }
  append_lines(batch);
  finish_images();
}

void Committer::collect(const std::vector<Candidate*>& group, Batch& batch) {
  for (Candidate* candidate : group) {
    if (candidate->committed && vanished_.erase(candidate->image_id) > 0) {
      candidate->committed = false;
      throw std::runtime_error("its file vanished from .incoming; it must be written again");
    }
    if (!candidate->committed) judge(*candidate, batch);
  }
}

void Committer::judge(Candidate& candidate, Batch& batch) {
  candidate.refused.reset();
  const auto identity = identity_of(*candidate.message);
  if (identity && index_.contains(*identity)) {
    const auto known = index_.find(*identity);
    if (known && (known->text != candidate.message->text || known->payload_crc != *candidate.message->crc)) {
      candidate.refused = "identity has other content";
    }
    discard(candidate);
    return;
  }
  if (!is_image(*candidate.message)) {
    fill(batch.events.emplace_back(&candidate, EventRow{}).second, candidate);
    return;
  }
  if (over_quota(candidate, batch)) {
    candidate.refused = "quota";
    discard(candidate);
    return;
  }
  ImageRow& row = batch.images.emplace_back(&candidate, ImageRow{}).second;
  fill(row, candidate);
  row.path = reserve_name(row, candidate.extension);
  row.incoming = candidate.incoming;
  row.bytes = candidate.bytes;
  row.crc = candidate.file_crc;
}

std::string Committer::reserve_name(const ImageRow& row, std::string_view extension) {
  return store_.reserve_name(common::split_text(row.text).front(), row.time_ns, extension);
}

bool Committer::over_quota(const Candidate& candidate, Batch& batch) {
  if (!settings_.max_images_per_day) return false;
  const std::int64_t day = common::start_of_local_day(candidate.received_ns);
  if (day != quota_day_ns_) {
    quota_day_ns_ = day;
    quota_told_ = index_.has_own_event(kQuotaText, day);
    images_today_ = index_.images_received_since(day);
  }
  if (images_today_ < static_cast<std::uint64_t>(*settings_.max_images_per_day)) {
    ++images_today_;
    return false;
  }
  if (!quota_told_) note(kQuotaText, candidate.received_ns, batch);
  quota_told_ = true;
  return true;
}

void Committer::note(const std::string& text, std::int64_t now_ns, Batch& batch) {
  auto message = std::make_shared<common::Message>();
  message->node = "imagehub";
  message->text = text;
  message->crc = 0;
  Candidate& candidate = batch.notes.emplace_back();
  candidate.message = std::move(message);
  candidate.received_ns = now_ns;
  candidate.own = true;
  fill(batch.events.emplace_back(&candidate, EventRow{}).second, candidate);
}

void Committer::write_rows(Batch& batch) {
  place_lines(batch);
  Index::Transaction transaction(index_);
  for (auto& [candidate, row] : batch.images) index_.add(row);
  for (auto& [candidate, row] : batch.events) index_.add(row);
  for (const auto& row : nodes_.take_changed_rows()) index_.save(row);
  index_.set_finished(finished_);
  transaction.commit();
}

/// Gives each event row the place that its line will have.
void Committer::place_lines(Batch& batch) {
  if (batch.events.empty()) return;
  LogPosition position{common::local_date(clock_.utc_ns()), kNoOffset};
  try {
    if (!log_behind_) position = log_.next_position(clock_.utc_ns());
  } catch (const std::system_error& error) {
    fall_behind(error.what());
  }
  for (auto& [candidate, row] : batch.events) {
    row.log_day = position.day;
    row.log_offset = position.offset;
    if (!log_behind_) position.offset += static_cast<std::int64_t>(EventLog::line(row.time_ns, row.text).size());
  }
}

void Committer::append_lines(const Batch& batch) {
  if (batch.events.empty() || log_behind_) return;
  std::string lines;
  for (const auto& [candidate, row] : batch.events) lines += EventLog::line(row.time_ns, row.text);
  try {
    log_.append(lines);
    written_event_ = batch.events.back().second.id;
  } catch (const std::system_error& error) {
    fall_behind(error.what());
  }
}

void Committer::fall_behind(const std::string& why) {
  log_behind_ = true;
  next_log_try_ns_ = clock_.monotonic_ns() + kLogRetryInterval;
  common::log::error(why + "; the events are in the index, their log lines follow when it is possible again");
}

/// Gives the file of a committed row its name; false when there is no such file.
bool Committer::finish_image(ImageRow& row) {
  ImageStore::Finish finish = store_.finish(row.incoming, row.path);
  while (finish == ImageStore::Finish::taken) {
    // Somebody else made a file of this name since it was reserved.
    row.path = reserve_name(row, std::filesystem::path(row.path).extension().string());
    Index::Transaction transaction(index_);
    index_.move_image(row.id, row.path);
    transaction.commit();
    finish = store_.finish(row.incoming, row.path);
  }
  return finish != ImageStore::Finish::missing;
}

void Committer::finish_images() {
  if (unfinished_.empty()) return;
  std::vector<ImageRow> lost;
  for (ImageRow& row : unfinished_) {
    if (!finish_image(row)) lost.push_back(row);
  }
  store_.sync_days();
  if (!lost.empty()) {
    Index::Transaction transaction(index_);
    for (const ImageRow& row : lost) index_.remove_unfinished(row);
    transaction.commit();
    for (const ImageRow& row : lost) {
      if (!row.identity) vanished_.insert(row.id);  // with identity the sender was told to send it again
    }
  }
  finished_.image_id = unfinished_.back().id;
  unfinished_.clear();
  if (!lost.empty()) throw std::runtime_error(common::cat(lost.size(), " files vanished from images/.incoming"));
}

/// Writes the lines that are missing: their places first, so that a line is found again wherever this is interrupted.
void Committer::catch_up_log() {
  log_behind_ = true;
  for (auto rows = index_.unfinished_events(finished_.event_id); !rows.empty();
       rows = index_.unfinished_events(finished_.event_id)) {
    LogPosition position{{}, kNoOffset};
    std::string lines;
    Index::Transaction transaction(index_);
    for (const EventRow& row : rows) {
      const std::string line = EventLog::line(row.time_ns, row.text);
      if (log_.holds({row.log_day, row.log_offset}, line)) continue;
      if (position.offset == kNoOffset) position = log_.next_position(clock_.utc_ns());
      index_.move_line(row.id, position.day, position.offset);
      position.offset += static_cast<std::int64_t>(line.size());
      lines += line;
    }
    transaction.commit();
    if (!lines.empty()) log_.append(lines);
    log_.sync();
    written_event_ = finished_.event_id = rows.back().id;
  }
  log_behind_ = false;
}

void Committer::try_catch_up_log() {
  next_log_try_ns_ = clock_.monotonic_ns() + kLogRetryInterval;
  try {
    catch_up_log();
  } catch (const std::exception&) {
    // Said when it began; a later group tries again.
  }
}

void Committer::catch_up() {
  finish_images();
  if (log_behind_) try_catch_up_log();
  const bool lines_to_sync = !log_behind_ && finished_.event_id != written_event_;
  if (lines_to_sync) {
    log_.sync();
    finished_.event_id = written_event_;
  }
  const auto rows = nodes_.take_changed_rows();
  if (rows.empty() && !lines_to_sync) return;
  Index::Transaction transaction(index_);
  for (const auto& row : rows) index_.save(row);
  index_.set_finished(finished_);
  transaction.commit();
}

}  // namespace imagehub
