#pragma once

#include <string>

#include "imagehub/care/adopt.hpp"
#include "imagehub/care/check.hpp"
#include "imagehub/care/repair.hpp"

/// What was found and done, in words and as JSON (docs/reference/check.md). Thread-safe.
namespace imagehub {

/// At most ten of each kind, and what to do. `repaired` is null when nothing was to be repaired.
std::string to_text(const CheckReport& report, const Repaired* repaired);
/// All of it, as one object in one line.
std::string to_json(const CheckReport& report, const Repaired* repaired);

/// Of what was adopted, and how many batches of rows.
std::string to_text(const Adopted& adopted, std::uint64_t batches);

}  // namespace imagehub
