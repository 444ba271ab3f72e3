#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.hpp"
#include "common/node_record.hpp"

namespace SQLite {
class Database;
}

namespace imagehub {

/// Who sent a message: the identity that makes it unique for ever.
struct Identity {
  std::uint64_t boot = 0;
  std::uint64_t seq = 0;
  auto operator<=>(const Identity&) const = default;
};

/// What images and events have in common.
struct RowBase {
  std::int64_t id = 0;
  std::optional<Identity> identity;
  std::string node;
  std::string view;
  std::string source;
  std::string text;
  std::int64_t time_ns = 0;      ///< capture, UTC
  std::int64_t received_ns = 0;  ///< UTC
  std::optional<std::int64_t> clock_error_us;
  bool late = false;
  std::uint32_t payload_crc = 0;  ///< CRC-32C of the payload as it was received
  std::string fields;             ///< JSON object {"name": value}, or empty
  std::string units;              ///< JSON object {"name": "unit"}, or empty
  bool adopted = false;           ///< made from a file or a log line that was found without a row
};

struct ImageRow : RowBase {
  std::string path;  ///< below images/
  std::uint64_t bytes = 0;
  std::optional<std::uint32_t> crc;  ///< CRC-32C of the file; nothing while it is not computed yet
  std::string incoming;              ///< name under .incoming until it is renamed
};

struct EventRow : RowBase {
  std::string log_day;
  std::int64_t log_offset = 0;
};

/// How sure a commit is. Synced: on the disk. Written: survives a crash of the process, not of the machine.
enum class Durability { synced, written };

/// The database of everything that was filed: SQLite in WAL mode. All changes happen inside a Transaction; what a
/// transaction that was not committed did is undone. Bound to the thread that commits. Failures throw
/// std::runtime_error (SQLite::Exception; a full disk is std::system_error as everywhere).
class Index {
 public:
  Index(const common::FileSystem& files, const std::filesystem::path& file, Durability durability);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// Random id of this index, given when it was created.
  std::string hub_id() const;

  class Transaction {
   public:
    explicit Transaction(Index& index);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

   private:
    Index& index_;
    bool committed_ = false;
  };

  bool contains(const Identity& identity);
  struct Content {
    std::string text;
    std::uint32_t payload_crc = 0;
  };
  /// How many numbers of this boot, up to `last`, were ever committed.
  std::uint64_t count(std::uint64_t boot, std::uint64_t last);
  /// Content of a committed message; nothing when its row is gone, or when it is an old chunk of rows (its identity
  /// stays for ever).
  std::optional<Content> find(const Identity& identity);

  /// Adds the row and its identity; sets its id.
  void add(ImageRow& row);
  void add(EventRow& row);
  /// The identity of a chunk of rows, which has no row of its own, and for a while what was in it.
  void add(const Identity& identity, const Content& chunk);

  /// Everything up to these row ids has its file under its name, its line in the log.
  struct Finished {
    std::int64_t image_id = 0;
    std::int64_t event_id = 0;
  };
  Finished finished();
  void set_finished(const Finished& finished);
  std::vector<ImageRow> unfinished_images();
  /// The next thousand or fewer events behind this one.
  std::vector<EventRow> unfinished_events(std::int64_t finished_event_id);
  /// Forgets an image that was never acknowledged, identity included.
  void remove_unfinished(const ImageRow& row);
  void move_image(std::int64_t image_id, const std::string& path);
  void move_line(std::int64_t event_id, const std::string& log_day, std::int64_t log_offset);
  /// Takes the row out; its identity stays.
  void remove_image(std::int64_t image_id);

  /// Adopted rows without identity, for a message that comes again after its identity was lost with a damaged index.
  std::optional<ImageRow> find_adopted_image(const std::string& path);
  /// By text and capture time, which a log line knows to the millisecond.
  std::optional<EventRow> find_adopted_event(const std::string& text, std::int64_t time_ns);
  /// Gives the adopted row of row.id what its message tells; its file or line stays where it is.
  void identify(const ImageRow& row);
  void identify(const EventRow& row);

  std::uint64_t images_received_since(std::int64_t utc_ns);
  /// Whether the hub itself noted this text since then.
  bool has_own_event(const std::string& text, std::int64_t since_utc_ns);

  /// Name of the report of a salvage that is not finished yet.
  std::optional<std::string> salvage_report();
  void clear_salvage_report();

  std::vector<common::NodeRecord> nodes();
  void save(const common::NodeRecord& row);

  /// For the other classes of this room, on the same thread.
  SQLite::Database& database();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
