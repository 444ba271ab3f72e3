#include "common/local_time.hpp"

#include <array>
#include <ctime>

#include "common/clock.hpp"

namespace common {
namespace {

struct LocalTime {
  std::tm tm{};
  std::int64_t fraction_ns = 0;
};

LocalTime to_local(std::int64_t utc_ns) {
  std::int64_t seconds = utc_ns / kSecond;
  std::int64_t fraction = utc_ns % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --seconds;
  }
  LocalTime local;
  const auto time = static_cast<std::time_t>(seconds);
  localtime_r(&time, &local.tm);
  local.fraction_ns = fraction;
  return local;
}

std::string format(std::int64_t utc_ns, const char* pattern) {
  const LocalTime local = to_local(utc_ns);
  std::array<char, 64> buffer{};
  const std::size_t length = std::strftime(buffer.data(), buffer.size(), pattern, &local.tm);
  return {buffer.data(), length};
}

std::string fraction(std::int64_t utc_ns, int digits) {
  std::int64_t value = to_local(utc_ns).fraction_ns;
  for (int i = 9; i > digits; --i) value /= 10;
  std::string text = std::to_string(value);
  return std::string(static_cast<std::size_t>(digits) - text.size(), '0') + text;
}

}  // namespace

std::string local_date(std::int64_t utc_ns) {
  return format(utc_ns, "%Y-%m-%d");
}
std::string file_stamp(std::int64_t utc_ns) {
  return format(utc_ns, "%Y-%m-%dT%H.%M.%S.") + fraction(utc_ns, 6);
}
std::string log_stamp(std::int64_t utc_ns) {
  return format(utc_ns, "%Y-%m-%d %H:%M:%S,") + fraction(utc_ns, 3);
}
std::string picture_stamp(std::int64_t utc_ns) {
  return format(utc_ns, "%Y-%m-%d %H:%M:%S.") + fraction(utc_ns, 6);
}

std::int64_t start_of_local_day(std::int64_t utc_ns) {
  LocalTime local = to_local(utc_ns);
  local.tm.tm_hour = local.tm.tm_min = local.tm.tm_sec = 0;
  local.tm.tm_isdst = -1;
  return static_cast<std::int64_t>(std::mktime(&local.tm)) * kSecond;
}

}  // namespace common
