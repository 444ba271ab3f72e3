#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <vector>

#include "imagehub/index/batch_rows.hpp"

/// Batches as SQLite gives them. To be included by .cpp files of this room only.
namespace imagehub {

/// `SELECT ... FROM batches `, to be followed by WHERE; read_batches() takes what it gives.
extern const std::string kSelectBatches;

/// Runs the query to its end; files included.
std::vector<BatchRow> read_batches(SQLite::Database& db, SQLite::Statement& query);

}  // namespace imagehub
