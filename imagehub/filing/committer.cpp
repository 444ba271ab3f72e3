#include "imagehub/filing/committer.hpp"

#include <stdexcept>

#include "common/crc32c.hpp"
#include "common/local_time.hpp"
#include "common/log.hpp"
#include "common/names.hpp"
#include "common/picture.hpp"
#include "common/text.hpp"
#include "imagehub/filing/not_mounted.hpp"

namespace imagehub {
namespace {

using common::DeliveryClass;

constexpr const char* kQuotaText = "Max images written. Writing stopped.";

bool is_data(const common::Message& message) {
  return delivery_class(common::kind_of(message.text, message.boot.has_value())) == DeliveryClass::data;
}

bool is_image(const common::Message& message) {
  return delivery_class(common::kind_of(message.text, message.boot.has_value())) == DeliveryClass::image;
}

template <typename Work>
void watching_for_a_full_disk(Reserve& reserve, std::uint64_t bytes, Work work) {
  try {
    work();
  } catch (const std::exception& error) {
    if (is_disk_full(error)) reserve.found_full(bytes);
    throw;
  }
}

}  // namespace

Committer::Committer(const CommitterSettings& settings, Index& index, ImageStore& store, EventLog& log,
                     Reserve& reserve, Nodes& nodes, Batches& batches, const common::Clock& clock,
                     NodeCommands* commands)
    : settings_(settings),
      index_(index),
      store_(store),
      log_(log),
      reserve_(reserve),
      nodes_(nodes),
      batches_(batches),
      clock_(clock),
      receive_times_(index, clock),
      recognition_(index, store),
      command_reports_(index, commands) {}

Committer::Recovered Committer::recover(bool files_are_lost) {
  return reserve_.spend([&] { return finish_what_a_crash_left(files_are_lost); });
}

Committer::Recovered Committer::finish_what_a_crash_left(bool files_are_lost) {
  finished_ = index_.finished();
  written_event_ = finished_.event_id;
  std::vector<ImageRow> lost;
  std::set<std::pair<std::uint64_t, bool>> broken_lanes;
  for (ImageRow& row : index_.unfinished_images()) {
    finished_.image_id = row.id;
    const auto lane = row.identity ? std::optional(std::pair(row.identity->boot, row.late)) : std::nullopt;
    // Neither file: the crash came before the file's name was durable, so it was never acknowledged. Nor was what
    // follows it in its lane; it goes too, so that all of it comes again in order.
    const bool follows_lost = lane && broken_lanes.contains(*lane);
    if (!follows_lost && finish_image(row)) continue;
    if (lost.empty() && !files_are_lost) require_pictures(index_, store_);
    if (follows_lost) store_.take_back(row.incoming, row.path);
    if (lane) broken_lanes.insert(*lane);
    lost.push_back(std::move(row));
  }
  store_.sync_days();
  Index::Transaction transaction(index_);
  for (const ImageRow& row : lost) index_.remove_unfinished(row);
  index_.set_finished(finished_);
  transaction.commit();
  const std::size_t removed = store_.discard_all_incoming() + batches_.recover();
  find_day_of_log();
  catch_up_log();
  if (finished_.event_id != index_.finished().event_id) {
    Index::Transaction lines_are_there(index_);
    index_.set_finished(finished_);
    lines_are_there.commit();
  }
  if (removed + lost.size() > 0) {
    common::log::info(common::cat("after the last stop: ", removed, " unacknowledged files and ", lost.size(),
                                  " unacknowledged rows removed; their senders send them again"));
  }
  return {removed, lost.size()};
}

void Committer::write(Candidate& candidate, const std::string& incoming) const {
  if (!reserve_.room_for_images()) {
    throw std::system_error(std::make_error_code(std::errc::no_space_on_device), "images wait until there is room");
  }
  if (is_data(*candidate.message)) {
    read_rows(candidate);
    return;
  }
  const common::StoredPicture picture = common::to_stored_picture(*candidate.message);
  watching_for_a_full_disk(reserve_, picture.bytes.size(),
                           [&] { candidate.file = store_.begin(incoming, picture.bytes.view()); });
  candidate.incoming = incoming;
  candidate.extension = picture.extension;
  candidate.bytes = picture.bytes.size();
  candidate.file_crc = candidate.message->array ? common::crc32c(picture.bytes.view()) : *candidate.message->crc;
}

void Committer::sync(Candidate& candidate) const {
  if (!candidate.file) return;
  const common::OpenFilePtr file = std::move(candidate.file);
  watching_for_a_full_disk(reserve_, candidate.bytes, [&] { store_.sync(candidate.incoming, *file); });
}

void Committer::discard(Candidate& candidate) const {
  if (candidate.committed || candidate.incoming.empty()) return;
  store_.discard(candidate.incoming);
  candidate.incoming.clear();
}

void Committer::commit(const std::vector<Candidate*>& group) {
  reserve_.spend([&] { commit_group(group); });
}

void Committer::commit_group(const std::vector<Candidate*>& group) {
  finish_images();
  if (log_behind_ && clock_.monotonic_ns() >= next_log_try_ns_) try_catch_up_log();
  receive_times_.begin_group();
  Batch batch;
  try {
    collect(group, batch);
    append_data(batch);
    if (batch.images.empty() && batch.events.empty() && batch.data.empty() && recognition_.empty()) return;
    write_rows(batch);
  } catch (...) {
    batches_.undo();
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
  for (Candidate* candidate : batch.data) {
    candidate->committed = true;
    nodes_.stored(*candidate->message, candidate->message->payload.size());
  }
  append_lines(batch);
  finish_images();
  if (!batch.data.empty()) batches_.close_due();
}

void Committer::collect(const std::vector<Candidate*>& group, Batch& batch) {
  recognition_.clear();
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
  candidate.refused_detail.clear();
  candidate.failed = nullptr;
  const auto identity = identity_of(*candidate.message);
  if (identity && index_.contains(*identity)) {
    const auto known = index_.find(*identity);
    if (known && (known->text != candidate.message->text || known->payload_crc != *candidate.message->crc)) {
      candidate.refused = "identity has other content";
    }
    discard(candidate);
    return;
  }
  if (is_data(*candidate.message)) {
    judge_data(candidate, batch);
    return;
  }
  if (identity && known_by_content(candidate)) {
    discard(candidate);
    return;
  }
  if (!is_image(*candidate.message)) {
    fill(batch.events.emplace_back(&candidate, EventRow{}).second, *candidate.message, received_ns(candidate));
    return;
  }
  if (over_quota(candidate, batch)) {
    candidate.refused = "quota";
    discard(candidate);
    return;
  }
  ImageRow& row = batch.images.emplace_back(&candidate, ImageRow{}).second;
  fill(row, *candidate.message, received_ns(candidate));
  row.path = reserve_name(row, candidate.extension);
  row.incoming = candidate.incoming;
  row.bytes = candidate.bytes;
  row.crc = candidate.file_crc;
}

bool Committer::known_by_content(const Candidate& candidate) {
  if (is_image(*candidate.message)) {
    ImageRow row;
    fill(row, *candidate.message, received_ns(candidate));
    row.bytes = candidate.bytes;
    row.crc = candidate.file_crc;
    return recognition_.find(row, candidate.extension);
  }
  EventRow row;
  fill(row, *candidate.message, received_ns(candidate));
  return recognition_.find(row);
}

std::string Committer::reserve_name(const ImageRow& row, std::string_view extension) {
  return store_.reserve_name(common::split_text(row.text).front(), row.time_ns, extension);
}

void Committer::set_quota(std::optional<int> max_images_per_day) {
  settings_.max_images_per_day = max_images_per_day;
  quota_day_ns_ = -1;  // without a quota they were not counted
}

bool Committer::over_quota(const Candidate& candidate, Batch& batch) {
  if (!settings_.max_images_per_day) return false;
  const std::int64_t day = common::start_of_local_day(received_ns(candidate));
  if (day != quota_day_ns_) {
    quota_day_ns_ = day;
    quota_told_ = index_.has_own_event(kQuotaText, day);
    images_today_ = index_.images_received_since(day);
  }
  if (images_today_ < static_cast<std::uint64_t>(*settings_.max_images_per_day)) {
    ++images_today_;
    return false;
  }
  if (!quota_told_) note(kQuotaText, candidate.monotonic_ns, batch);
  quota_told_ = true;
  return true;
}

void Committer::note(const std::string& text, std::int64_t monotonic_ns, Batch& batch) {
  auto message = std::make_shared<common::Message>();
  message->node = "imagehub";
  message->text = text;
  message->crc = 0;
  Candidate& candidate = batch.notes.emplace_back();
  candidate.message = std::move(message);
  candidate.monotonic_ns = monotonic_ns;
  candidate.own = true;
  fill(batch.events.emplace_back(&candidate, EventRow{}).second, *candidate.message, received_ns(candidate));
}

void Committer::write_rows(Batch& batch) {
  place_lines(batch);
  Index::Transaction transaction(index_);
  for (auto& [candidate, row] : batch.images) index_.add(row);
  command_reports_.begin();
  for (auto& [candidate, row] : batch.events) {
    index_.add(row);
    command_reports_.write(*candidate->message);
  }
  recognition_.write();
  write_data(batch);
  mark_times(batch);
  for (const auto& row : nodes_.take_changed_rows()) index_.save(row);
  index_.set_finished(finished_);
  transaction.commit();
  receive_times_.committed();
  command_reports_.committed();
  batches_.committed();
}

void Committer::mark_times(const Batch& batch) {
  for (const ImageRow& row : recognition_.images()) receive_times_.added("images", row.id, row.received_ns);
  for (const EventRow& row : recognition_.events()) receive_times_.added("events", row.id, row.received_ns);
  for (const auto& [candidate, row] : batch.images) receive_times_.added("images", row.id, row.received_ns);
  for (const auto& [candidate, row] : batch.events) receive_times_.added("events", row.id, row.received_ns);
  if (!batch.data.empty()) {
    for (const auto& [id, received_ns] : batches_.added()) receive_times_.added("batches", id, received_ns);
  }
  receive_times_.write();
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

void Committer::catch_up() {
  compare_reports();
  reserve_.spend([&] { catch_up_all(); });
}

/// What a node says it delivered here was committed before it could say so. Only numbers up to the highest of these
/// count: what has come since must not hide what is missing.
void Committer::compare_reports() {
  constexpr std::size_t kAtOnce = 256;
  for (const DeliveryReport& report : nodes_.take_reports(kAtOnce)) {
    const std::uint64_t here = index_.count(report.boot, report.delivered_to);
    nodes_.missing(report.node, report.delivered_here > here ? report.delivered_here - here : 0);
  }
}

void Committer::catch_up_all() {
  finish_images();
  batches_.close_idle();
  receive_times_.correct();
  if (log_behind_) try_catch_up_log();
  const bool lines_to_sync = !log_behind_ && finished_.event_id != written_event_;
  if (lines_to_sync) {
    try {
      log_.sync();
      finished_.event_id = written_event_;
    } catch (const std::system_error& error) {
      fall_behind(error.what());
    }
  }
  const auto rows = nodes_.take_changed_rows();
  if (rows.empty() && !lines_to_sync) return;
  Index::Transaction transaction(index_);
  for (const auto& row : rows) index_.save(row);
  index_.set_finished(finished_);
  transaction.commit();
}

}  // namespace imagehub
