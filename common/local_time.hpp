#pragma once

#include <cstdint>
#include <string>

namespace common {

/// Texts of a UTC time in ns, in the local time of this computer (TZ), in the forms that the Python programs wrote.
std::string local_date(std::int64_t utc_ns);     ///< 2026-11-20
std::string file_stamp(std::int64_t utc_ns);     ///< 2026-11-20T08.18.31.809000
std::string log_stamp(std::int64_t utc_ns);      ///< 2026-11-20 08:18:31,809
std::string picture_stamp(std::int64_t utc_ns);  ///< 2026-11-20 08:18:31.809000

/// First nanosecond of the local day that contains `utc_ns`.
std::int64_t start_of_local_day(std::int64_t utc_ns);

}  // namespace common
