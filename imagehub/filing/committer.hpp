#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.hpp"
#include "common/message.hpp"
#include "common/message_rows.hpp"
#include "imagehub/filing/batches.hpp"
#include "imagehub/filing/command_reports.hpp"
#include "imagehub/filing/receive_times.hpp"
#include "imagehub/filing/recognition.hpp"
#include "imagehub/filing/row_of.hpp"
#include "imagehub/index/index.hpp"
#include "imagehub/live/nodes.hpp"
#include "imagehub/store/event_log.hpp"
#include "imagehub/store/image_store.hpp"
#include "imagehub/store/reserve.hpp"

namespace imagehub {

/// A message on its way into the index.
struct Candidate {
  common::MessagePtr message;
  std::int64_t monotonic_ns = 0;  ///< when it was received
  bool own = false;               ///< an event of the hub itself, not of a node

  // Filled by write(); empty for events. For rows only what was read of them.
  common::OpenFilePtr file;  ///< open until sync()
  std::string incoming;
  std::string extension;
  std::uint64_t bytes = 0;
  std::uint32_t file_crc = 0;
  std::optional<common::MessageRows> rows;
  std::string malformed;  ///< why there are none

  bool committed = false;              ///< its row is in the index, its file may not have its name yet
  std::int64_t image_id = 0;           ///< of its row
  std::optional<std::string> refused;  ///< why it will never be stored; set by commit()
  std::string refused_detail;
  std::exception_ptr failed;  ///< why it is not stored though commit() returned: rows that could not be appended
};

struct CommitterSettings {
  std::optional<int> max_images_per_day;
};

/// Brings a group of messages into store, index and event log, in the order that makes an acknowledgement true:
/// rows in one transaction, then the files' names, then the folders synced, then the log lines. What comes as chunks
/// of rows (class data) is appended and synced before the transaction, see Batches.
/// write(), sync() and discard() may be called from any thread; all else belongs to the thread that commits.
class Committer {
 public:
  /// `commands` may be left out.
  Committer(const CommitterSettings& settings, Index& index, ImageStore& store, EventLog& log, Reserve& reserve,
            Nodes& nodes, Batches& batches, const common::Clock& clock, NodeCommands* commands = nullptr);

  struct Recovered {
    std::uint64_t files = 0;  ///< removed: they were never acknowledged
    std::uint64_t rows = 0;   ///< removed, for the same reason
  };
  /// After a crash: finishes what was committed and removes what was not. Call once, before everything else. Throws
  /// when the folder of pictures seems not to be mounted, unless its files are known to be lost.
  Recovered recover(bool files_are_lost = false);

  /// Writes the picture of an image under `incoming`; sync() returns when it is on the disk. Both throw when they
  /// cannot, and write() throws at once while the disk is full. Several that are written before the first is synced
  /// share the disk's work. Of a chunk of rows only what it holds is looked at.
  void write(Candidate& candidate, const std::string& incoming) const;
  void sync(Candidate& candidate) const;
  void discard(Candidate& candidate) const;

  /// On return every candidate is stored, known from before, refused (see Candidate::refused), or of class data and
  /// failed, with all that class's of the group: a disk that takes no rows keeps nothing else from being stored.
  /// When it throws, none may be acknowledged; the same candidates can be given again.
  void commit(const std::vector<Candidate*>& group);

  /// From now on; counted are those of today.
  void set_quota(std::optional<int> max_images_per_day);

  /// Whether images are refused because the disk was found full. From any thread.
  bool disk_full() const { return reserve_.status().full; }

  /// What is not urgent: comparing what nodes say they delivered with what is here, the log on the disk, rows of nodes
  /// that sent only heartbeats, log lines that did not fit on the disk.
  void catch_up();

  /// Appends the lines of these events that do not stand where their rows say, and tells the rows their new places.
  void append_missing(const std::vector<EventRow>& rows);

  /// Whether receive times of images or events may be wrong because the clock was not set.
  bool uncertain_times() const { return receive_times_.uncertain(); }

  /// Images up to this row have their files under their names.
  std::int64_t finished_image_id() const { return finished_.image_id; }
  /// Whether that is so of all images.
  bool all_finished() const { return unfinished_.empty(); }

 private:
  struct Batch {
    std::vector<std::pair<Candidate*, ImageRow>> images;
    std::vector<std::pair<Candidate*, EventRow>> events;
    std::deque<Candidate> notes;         ///< the hub's own events; `events` points to them
    std::vector<ImageRow> known_images;  ///< adopted rows that turned out to be candidates'
    std::vector<EventRow> known_events;
    std::vector<Candidate*> data;
  };

  Recovered finish_what_a_crash_left(bool files_are_lost);
  void commit_group(const std::vector<Candidate*>& group);
  void collect(const std::vector<Candidate*>& group, Batch& batch);
  void judge(Candidate& candidate, Batch& batch);
  bool over_quota(const Candidate& candidate, Batch& batch);
  void note(const std::string& text, std::int64_t monotonic_ns, Batch& batch);
  std::int64_t received_ns(const Candidate& candidate) const { return receive_times_.utc_ns(candidate.monotonic_ns); }
  void mark_times(const Batch& batch);
  static void read_rows(Candidate& candidate);
  void judge_data(Candidate& candidate, Batch& batch);
  void append_data(Batch& batch);
  void write_data(const Batch& batch);
  bool known_by_content(const Candidate& candidate);
  std::string reserve_name(const ImageRow& row, std::string_view extension);
  void write_rows(Batch& batch);
  void place_lines(Batch& batch);
  void append_lines(const Batch& batch);
  void append_at(const std::vector<EventRow>& rows, const std::string& lines);
  bool finish_image(ImageRow& row);
  void finish_images();
  void find_day_of_log();
  void fall_behind(const std::string& why);
  void catch_up_log();
  void catch_up_all();
  void compare_reports();
  void try_catch_up_log();

  CommitterSettings settings_;
  Index& index_;
  ImageStore& store_;
  EventLog& log_;
  Reserve& reserve_;
  Nodes& nodes_;
  Batches& batches_;
  const common::Clock& clock_;

  ReceiveTimes receive_times_;
  Recognition recognition_;
  CommandReports command_reports_;
  Index::Finished finished_;          ///< what a power failure cannot take back: named files, synced lines
  std::int64_t written_event_ = 0;    ///< lines up to this one are in the log, but perhaps not on the disk
  std::vector<ImageRow> unfinished_;  ///< committed, but not yet under their names
  std::set<std::int64_t> vanished_;  ///< rows taken back because somebody removed the files before they had their names
  bool log_behind_ = false;          ///< there are committed events whose lines could not be written or synced
  std::int64_t next_log_try_ns_ = 0;

  std::int64_t quota_day_ns_ = -1;
  std::uint64_t images_today_ = 0;
  bool quota_told_ = false;
};

}  // namespace imagehub
