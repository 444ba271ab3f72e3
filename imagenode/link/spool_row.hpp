#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <functional>
#include <string>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "common/message.hpp"
#include "imagenode/link/outbox_settings.hpp"

/// How a row of the spool becomes a message again. To be included by .cpp files only.
namespace imagenode {

/// Columns and tables of a query whose rows restored() takes; a WHERE may follow.
inline constexpr const char* kSelectRows =
    "SELECT m.boot_id, m.seq, m.late, m.bytes, m.monotonic_ns, m.metadata, m.payload_id, k.kernel, k.utc_offset_ns "
    "FROM messages m LEFT JOIN kernels k ON k.id = m.kernel_id ";

/// The message with the time and age that are known now, its lane included; nothing when the row does not hold what was
/// written. `payload_query` is kSelectPayload.
common::MessagePtr restored(SQLite::Statement& row, SQLite::Statement& payload_query, const std::string& kernel,
                            const common::Clock& clock);
inline constexpr const char* kSelectPayload = "SELECT payload FROM payloads WHERE id = ?";

enum class Salvage {
  done,       ///< to the end, or to where the damage lets nobody go on
  unreadable  ///< the disk does not give it now; it may later
};

/// Gives all that can be read still of a damaged spool. What `take` throws comes out: then the rest has not been given.
/// Throws std::system_error when there is no room for opening it.
Salvage salvage_spool(common::FileSystem& files, const std::filesystem::path& file, const std::string& kernel,
                      const common::Clock& clock, const std::function<void(const SpoolRow&)>& take);

}  // namespace imagenode
