#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/node_record.hpp"

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
};

struct ImageRow : RowBase {
  std::string path;  ///< below images/
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;  ///< CRC-32C of the file
  std::string incoming;   ///< name under .incoming until it is renamed
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
  Index(const std::filesystem::path& file, Durability durability);
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
  /// Content of a committed message; nothing when its row is gone (its identity stays for ever).
  std::optional<Content> find(const Identity& identity);

  /// Adds the row and its identity; sets its id.
  void add(ImageRow& row);
  void add(EventRow& row);

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

  std::uint64_t images_received_since(std::int64_t utc_ns);
  /// Whether the hub itself noted this text since then.
  bool has_own_event(const std::string& text, std::int64_t since_utc_ns);

  std::vector<common::NodeRecord> nodes();
  void save(const common::NodeRecord& row);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imagehub
