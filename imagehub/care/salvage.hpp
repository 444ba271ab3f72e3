#pragma once

#include <optional>
#include <string>

#include "common/clock.hpp"
#include "common/file_system.hpp"
#include "imagehub/care/data_directory.hpp"
#include "imagehub/index/index.hpp"

/// What becomes of an index that SQLite calls damaged (docs/design/delivery.md): it is set aside, and a new one is made
/// of what can still be read, of the daily backups, and of the pictures and log lines themselves. All of it belongs to
/// the thread that starts the hub, which holds the directory's lock. Failures throw std::exception. A crash at any
/// moment leaves a directory whose next start goes on with it.
namespace imagehub {

/// Remembers, for salvage_if_damaged(), that the index was found damaged while it was in use.
void mark_damaged(common::FileSystem& files, const DataDirectory& data, const std::string& reason);

/// Looks, without reading all of the index, whether it is damaged, and replaces it if so. Call it before the index is
/// opened. Returns whether it was replaced.
bool salvage_if_damaged(common::FileSystem& files, const DataDirectory& data, Durability durability,
                        const common::Clock& clock);

/// The second half, when the new index is in use and its rows are finished (Committer::recover): rows without files go
/// into the report, pictures and log lines without rows are adopted. Nothing to do unless a salvage began. Returns the
/// text of an event that tells what was salvaged. The rows' marks are changed: recover() once more.
std::optional<std::string> finish_salvage(common::FileSystem& files, const DataDirectory& data, Index& index);

}  // namespace imagehub
