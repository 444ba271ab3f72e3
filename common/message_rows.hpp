#pragma once

#include <memory>
#include <string>
#include <variant>

#include "common/message.hpp"
#include "common/rows.hpp"

namespace common {

/// What a message of class data brings to be stored. Points into the message, or into `made`.
struct MessageRows {
  RowChunk chunk;
  std::shared_ptr<const std::string> made;  ///< CSV of an array
};

/// An array of more values than that is no row.
inline constexpr std::size_t kMaxRowValues = RowLimits::kColumns - 2;

/// Whether the array has at most kMaxRowValues values.
bool fits_row(const ArrayForm& form);

/// The CSV of a message of kind data. Of kind samples the array as one row: its ID is the number of the message (of
/// what is only shown the time in ms), its columns are r0c0, r0c1 ... (row and column in the array) or c0, c1 ..., with
/// the unit of "samples". Else what is wrong and what to send. Thread-safe.
std::variant<MessageRows, std::string> rows_of(const Message& message);

}  // namespace common
