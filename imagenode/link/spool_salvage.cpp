#include "imagenode/link/spool_salvage.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "common/database.hpp"
#include "common/text.hpp"
#include "imagenode/link/spool_row.hpp"
#include "imagenode/link/spool_schema.hpp"

namespace imagenode {
namespace {

using common::cat;

/// So many places are tried in a gap between bad pages, at most, beside the first few.
constexpr std::int64_t kProbes = 4096;

/// What was thrown by those who take, in distinction from what the damaged file throws.
struct NotTaken {
  std::exception_ptr why;
};

/// Reads rows in the order of an integer key, and steps over pages that cannot be read.
class KeyedRows {
 public:
  using Visit = std::function<void(SQLite::Statement& row)>;
  using Gap = std::function<void(std::int64_t after, std::int64_t before)>;

  /// `select` ends with a condition; `key` is the column of that name, the one with number `at` of the result.
  KeyedRows(SQLite::Database& db, const std::string& select, const std::string& key, int at, Visit visit, Gap gap)
      : up_(db, cat(select, " AND ", key, " > ? AND ", key, " < ? ORDER BY ", key)),
        down_(db, cat(select, " AND ", key, " > ? AND ", key, " < ? ORDER BY ", key, " DESC")),
        at_(at),
        visit_(std::move(visit)),
        gap_(std::move(gap)) {}

  void read() {
    std::int64_t low = INT64_MIN;
    std::int64_t high = INT64_MAX;
    if (pass(up_, low, high, low) || pass(down_, low, high, high)) return;
    const std::int64_t longest = std::max<std::int64_t>((high - std::max<std::int64_t>(low, 0)) / kProbes, 1);
    std::int64_t step = 1;
    std::int64_t probe = std::max<std::int64_t>(low, 0);
    while (high - probe > step) {
      probe += step;
      step = std::min(step * 2, longest);
      std::int64_t found = INT64_MIN;
      std::int64_t reached = probe;
      const bool to_the_end = pass(up_, probe, high, reached, &found);
      if (found == INT64_MIN && !to_the_end) continue;
      // Between the bad page and the probe there may be more.
      std::int64_t lowest = to_the_end && found == INT64_MIN ? high : found;
      if (!pass(down_, low, std::min(lowest, probe + 1), lowest)) gap_(low, lowest);
      if (to_the_end) return;
      low = probe = reached;
      step = 1;
    }
    gap_(low, high);
  }

 private:
  /// False when a page cannot be read. `reached` becomes the last key that could, `first` the first one.
  bool pass(SQLite::Statement& query, std::int64_t low, std::int64_t high, std::int64_t& reached,
            std::int64_t* first = nullptr) {
    try {
      query.tryReset();
      query.bind(1, low);
      query.bind(2, high);
      while (query.executeStep()) {
        reached = query.getColumn(at_).getInt64();
        if (first != nullptr && *first == INT64_MIN) *first = reached;
        visit_(query);
      }
      return true;
    } catch (const SQLite::Exception& error) {
      if (!common::is_corruption(error)) throw;
      return false;
    }
  }

  SQLite::Statement up_;
  SQLite::Statement down_;
  const int at_;
  const Visit visit_;
  const Gap gap_;
};

class SpoolSalvage {
 public:
  SpoolSalvage(SQLite::Database& db, const std::string& kernel, const common::Clock& clock, const SalvageTaker& take,
               SpoolLosses& losses)
      : db_(db), kernel_(kernel), clock_(clock), take_(take), losses_(losses), payload_query_(db, kSelectPayload) {}

  void run() {
    const bool kernels =
        if_readable([&] { db_.execAndGet("SELECT sum(length(kernel) + utc_offset_ns) FROM kernels"); });
    for (int delivery_class = 0; delivery_class < 3; ++delivery_class) {
      for (const std::int64_t boot_id : boot_ids(delivery_class)) messages(delivery_class, boot_id, kernels);
    }
    set_aside();  // last: what no hub takes must not take the room of what one waits for
  }

 private:
  /// False when it meets a bad page.
  template <typename Read>
  static bool if_readable(Read read) {
    try {
      read();
      return true;
    } catch (const SQLite::Exception& error) {
      if (!common::is_corruption(error)) throw;
      return false;
    }
  }

  /// By their table and, since that may be damaged, by the messages.
  std::set<std::int64_t> boot_ids(int delivery_class) {
    std::set<std::int64_t> ids;
    const auto add = [&](const std::string& select) {
      KeyedRows(
          db_, select, "id", 0, [&](SQLite::Statement& row) { ids.insert(row.getColumn(0).getInt64()); },
          [](std::int64_t, std::int64_t) {})
          .read();
    };
    if_readable([&] { add("SELECT id FROM boots WHERE true"); });
    for (const char* order : {"min", "max"}) {
      const std::string query = cat("SELECT ", order, "(boot_id) FROM messages WHERE class = ", delivery_class);
      if_readable([&] { ids.insert(db_.execAndGet(query).getInt64()); });
    }
    return ids;
  }

  void messages(int delivery_class, std::int64_t boot_id, bool kernels) {
    const std::string of_lane = cat(" WHERE m.class = ", delivery_class, " AND m.boot_id = ", boot_id);
    const auto visit = [&](SQLite::Statement& row) {
      common::MessagePtr message;
      // When this payload is gone, the next one may be there.
      if_readable([&] { message = restored(row, payload_query_, kernel_, clock_); });
      if (message) {
        give([&] { take_.message({message, message->late}); });
      } else {
        ++losses_.messages;
        const auto time = time_of(of_lane, row.getColumn(1).getInt64());
        lost(time, time);
      }
    };
    const auto gap = [&](std::int64_t after, std::int64_t before) {
      losses_.gaps = true;
      lost(time_of(of_lane, after), time_of(of_lane, before, true));
    };
    KeyedRows(db_, (kernels ? kSelectRows : kSelectRowsWithoutKernels) + of_lane, "m.seq", 1, visit, gap).read();
  }

  void set_aside() {
    const auto visit = [&](SQLite::Statement& row) {
      const SQLite::Column column = row.getColumn(5);
      const auto* bytes = static_cast<const std::uint8_t*>(column.getBlob());
      SetAside one{row.getColumn(0).getInt64(), row.getColumn(1).getInt64(), row.getColumn(2).getString(),
                   row.getColumn(4).getString(), common::Payload(common::Bytes(bytes, bytes + column.getBytes()))};
      give([&] { take_.set_aside(one); });
    };
    const char* select = "SELECT id, utc_ns, reason, bytes, metadata, payload FROM set_aside WHERE true";
    if_readable([&] { KeyedRows(db_, select, "id", 0, visit, [](std::int64_t, std::int64_t) {}).read(); });
  }

  template <typename Give>
  static void give(Give give) {
    try {
      give();
    } catch (...) {
      throw NotTaken{std::current_exception()};
    }
  }

  /// `from_above`: a bad page may lie just before it, else just behind it, and must not be touched.
  std::optional<std::int64_t> time_of(const std::string& of_lane, std::int64_t seq, bool from_above = false) {
    const std::string at = cat(from_above ? " AND m.seq <= " : " AND m.seq >= ", seq, " AND json_valid(metadata)",
                               " ORDER BY m.seq", from_above ? " DESC" : "", " LIMIT 1");
    if (seq == INT64_MIN || seq == INT64_MAX) return std::nullopt;
    try {
      return db_.execAndGet(cat("SELECT json_extract(metadata, '$.time_ns') FROM messages m", of_lane, at)).getInt64();
    } catch (const SQLite::Exception&) {
      return std::nullopt;
    }
  }

  void lost(std::optional<std::int64_t> from_ns, std::optional<std::int64_t> to_ns) {
    if (from_ns && (losses_.from_ns == 0 || *from_ns < losses_.from_ns)) losses_.from_ns = *from_ns;
    if (to_ns) losses_.to_ns = std::max(losses_.to_ns, *to_ns);
  }

  SQLite::Database& db_;
  const std::string& kernel_;
  const common::Clock& clock_;
  const SalvageTaker& take_;
  SpoolLosses& losses_;
  SQLite::Statement payload_query_;
};

}  // namespace

SpoolLosses salvage_spool(common::FileSystem& files, const std::filesystem::path& file, const std::string& kernel,
                          const common::Clock& clock, const SalvageTaker& take) {
  SpoolLosses losses;
  try {
    SQLite::Database db = common::open_database(files, file, common::Synchronous::normal, {kSpoolSchema});
    SpoolSalvage(db, kernel, clock, take, losses).run();
  } catch (const NotTaken& not_taken) {
    std::rethrow_exception(not_taken.why);
  } catch (const std::system_error&) {
    throw;  // no room to open it
  } catch (const SQLite::Exception& error) {
    losses.unreadable_now = !common::is_corruption(error);
    losses.gaps = true;
  } catch (const std::runtime_error&) {
    losses.gaps = true;  // nothing of it can be read
  }
  return losses;
}

}  // namespace imagenode
