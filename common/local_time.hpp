#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace common {

/// Texts of a UTC time in ns, in the local time of this computer (TZ), in the forms that the Python programs wrote.
std::string local_date(std::int64_t utc_ns);     ///< 2026-11-20
std::string file_stamp(std::int64_t utc_ns);     ///< 2026-11-20T08.18.31.809000
std::string log_stamp(std::int64_t utc_ns);      ///< 2026-11-20 08:18:31,809
std::string picture_stamp(std::int64_t utc_ns);  ///< 2026-11-20 08:18:31.809000
/// One of strftime's conversions: 'Y' gives 2026.
std::string local_text(std::int64_t utc_ns, char conversion);

/// The other way round: nothing when the text is not exactly of the form. A local time that comes twice, when the
/// clocks go back, is one of the two. The fraction of a file stamp has one to six digits, or is left out, as Python
/// does on a whole second.
std::optional<std::int64_t> parse_file_stamp(std::string_view text);
std::optional<std::int64_t> parse_log_stamp(std::string_view text);

/// Minutes since midnight that a clock on the wall shows: 0 to 1439.
int minute_of_local_day(std::int64_t utc_ns);

/// First nanosecond of the local day that contains `utc_ns`.
std::int64_t start_of_local_day(std::int64_t utc_ns);

}  // namespace common
