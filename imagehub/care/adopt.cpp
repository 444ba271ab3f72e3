#include "imagehub/care/adopt.hpp"

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "common/message.hpp"
#include "common/names.hpp"
#include "common/text.hpp"
#include "imagehub/care/hashed_set.hpp"
#include "imagehub/index/index_reader.hpp"
#include "imagehub/index/newest_event.hpp"
#include "imagehub/store/image_tree.hpp"
#include "imagehub/store/log_files.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr std::int64_t kLastId = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kRowsAtOnce = 5000;
constexpr std::size_t kDaySize = 10;
/// Events that are looked through for one whose line stands in the current log.
constexpr std::int64_t kLookBack = 1000;

struct NodeView {
  std::string node;
  std::string view;
  bool operator==(const NodeView&) const = default;
  std::string text() const { return view.empty() ? node : cat(node, ' ', view); }
};

/// As the wire splits a text that comes alone: at its first space.
NodeView split(std::string_view text) {
  const auto space = text.find(' ');
  if (space == text.npos) return {std::string(text), {}};
  return {std::string(text.substr(0, space)), std::string(text.substr(space + 1))};
}

/// Which node and view a file name's stem stands for, where that is known for sure.
class KnownNames {
 public:
  void add(const NodeView& name) {
    const auto [at, fresh] = names_.try_emplace(common::path_component(name.text()), name);
    if (!fresh && at->second != name) at->second.reset();
  }
  NodeView resolve(const std::string& stem) const {
    const auto at = names_.find(stem);
    return at != names_.end() && at->second ? *at->second : NodeView{stem, {}};
  }

 private:
  std::map<std::string, std::optional<NodeView>> names_;
};

class Adopter {
 public:
  Adopter(common::FileSystem& files, const DataDirectory& data, Index& index, const Progress& progress)
      : files_(files), data_(data), index_(index), progress_(progress), reader_(files, data.index()) {}

  Adopted run(AdoptWhat what) {
    finished_ = index_.finished();
    const std::int64_t last_image = finished_.image_id;
    for (const auto& [node, view] : reader_.node_views()) names_.add({node, view});
    take_events();
    own_ = what == AdoptWhat::own_tree;
    if (what != AdoptWhat::pictures) adopt_lines();
    adopt_pictures(last_image);
    return std::move(done_);
  }

 private:
  static std::string line_key(std::string_view day, std::int64_t offset, std::string_view text) {
    return cat(day.substr(0, kDaySize), ' ', offset, ' ', text);
  }

  void take_events() {
    reader_.each_event(0, kLastId, [&](const EventRow& row) {
      // Adopted rows have their line as it stands there, others escaped in it.
      lines_.add(line_key(row.log_day, row.log_offset, row.text));
      lines_.add(line_key(row.log_day, row.log_offset, common::escaped(row.text)));
      days_.insert(row.log_day.substr(0, kDaySize));
      if (row.text.find('|') != row.text.npos) names_.add({row.node, row.view});
    });
    lines_.seal();
  }

  void adopt_lines() {
    LogFiles logs(files_, data_.logs());
    // Lines of one file have one day: else the hub, which names the file later, would not please all of them.
    const auto of_current = newest_event(index_, finished_.event_id - kLookBack, [&](const EventRow& row) {
      return logs.current_holds(row.log_offset, row.time_ns, row.text);
    });
    if (of_current) logs.current_is_of(of_current->log_day);
    std::set<std::string> days_without_file = days_;
    for (const auto& file : logs.files()) {
      if (!file.current) days_without_file.erase(file.day.substr(0, kDaySize));
    }
    for (const auto& file : logs.files()) {
      // The current log may be of an earlier day than its last change: a hub whose clock was behind wrote it.
      std::set<std::string> days{file.day};
      if (file.current) days.insert(days_without_file.begin(), days_without_file.end());
      logs.each_line(file, [&](std::int64_t offset, std::string_view line) { take_line(file, days, offset, line); });
    }
    commit();
  }

  void take_line(const LogFiles::File& file, const std::set<std::string>& days, std::int64_t offset,
                 std::string_view line) {
    const auto parsed = parse_log_line(line);
    if (!parsed) {
      ++done_.other_lines;
      return;
    }
    EventRow row;
    for (const auto& day : days) {
      if (lines_.contains(line_key(day, offset, parsed->text))) return;
    }
    row.text = own_ ? common::unescaped(parsed->text) : std::string(parsed->text);
    // A line without fields is the hub's own.
    const bool of_hub = row.text.find('|') == row.text.npos;
    const NodeView name = of_hub ? NodeView{"imagehub", {}} : split(common::split_text(row.text).front());
    if (!of_hub) names_.add(name);
    row.node = name.node;
    row.view = name.view;
    row.time_ns = row.received_ns = parsed->time_ns;
    row.log_day = file.day;
    row.log_offset = offset;
    row.adopted = true;
    note_time(row.time_ns);
    ++done_.events;
    events_.push_back(std::move(row));
    commit_when_many();
  }

  void adopt_pictures(std::int64_t last) {
    HashedSet known;
    reader_.each_image(0, last, [&](const ImageRow& row) { known.add(row.path); });
    for (const auto& path : reader_.garbage()) known.add(path);
    known.seal();
    each_file(
        files_, data_.images(), [&](const std::string& path) { return known.contains(path); },
        [&](const std::string& path, const common::FileInfo& info) { take_picture(path, info); });
    commit();
  }

  void take_picture(const std::string& path, const common::FileInfo& info) {
    if (!is_picture_name(path)) {
      done_.ignored.push_back(path);
      return;
    }
    const auto parsed = parse_picture_name(path);
    ImageRow row;
    const NodeView name = parsed ? names_.resolve(parsed->stem) : NodeView{std::filesystem::path(path).stem(), {}};
    row.node = name.node;
    row.view = name.view;
    row.text = name.text() + (path.ends_with(".png") || path.ends_with(".PNG") ? "|image" : "|jpg");
    row.time_ns = parsed ? parsed->time_ns : info.modified_ns;
    row.received_ns = info.modified_ns;
    row.path = path;
    row.bytes = info.bytes;
    row.adopted = true;
    note_time(row.time_ns);
    ++done_.images;
    images_.push_back(std::move(row));
    commit_when_many();
  }

  void note_time(std::int64_t time_ns) {
    done_.first_ns = done_.first_ns == 0 ? time_ns : std::min(done_.first_ns, time_ns);
    done_.last_ns = std::max(done_.last_ns, time_ns);
  }

  void commit_when_many() {
    if (images_.size() + events_.size() < kRowsAtOnce) return;
    commit();
    progress_("adopted", done_.images + done_.events, 0);
  }

  void commit() {
    Index::Transaction transaction(index_);
    for (ImageRow& row : images_) {
      index_.add(row);
      finished_.image_id = row.id;
    }
    for (EventRow& row : events_) {
      index_.add(row);
      finished_.event_id = row.id;
    }
    index_.set_finished(finished_);
    transaction.commit();
    images_.clear();
    events_.clear();
  }

  common::FileSystem& files_;
  const DataDirectory& data_;
  Index& index_;
  const Progress& progress_;
  IndexReader reader_;
  KnownNames names_;
  bool own_ = false;
  HashedSet lines_;
  std::set<std::string> days_;
  Index::Finished finished_;
  std::vector<ImageRow> images_;
  std::vector<EventRow> events_;
  Adopted done_;
};

}  // namespace

Adopted adopt(common::FileSystem& files, const DataDirectory& data, AdoptWhat what, Index& index,
              const Progress& progress) {
  return Adopter(files, data, index, progress).run(what);
}

}  // namespace imagehub
