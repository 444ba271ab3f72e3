#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

#include "common/clock.hpp"
#include "common/message.hpp"

/// How a row of the spool becomes a message again. To be included by .cpp files only.
namespace imagenode {

/// Columns and tables of a query whose rows restored() takes; a WHERE may follow.
inline constexpr const char* kSelectRows =
    "SELECT m.boot_id, m.seq, m.late, m.bytes, m.monotonic_ns, m.metadata, m.payload_id, k.kernel, k.utc_offset_ns "
    "FROM messages m LEFT JOIN kernels k ON k.id = m.kernel_id ";
/// The same when that table cannot be read.
inline constexpr const char* kSelectRowsWithoutKernels =
    "SELECT m.boot_id, m.seq, m.late, m.bytes, m.monotonic_ns, m.metadata, m.payload_id, '', NULL FROM messages m ";

/// The message with the time and age that are known now, its lane included; nothing when the row does not hold what was
/// written. `payload_query` is kSelectPayload.
common::MessagePtr restored(SQLite::Statement& row, SQLite::Statement& payload_query, const std::string& kernel,
                            const common::Clock& clock);
inline constexpr const char* kSelectPayload = "SELECT payload FROM payloads WHERE id = ?";

}  // namespace imagenode
