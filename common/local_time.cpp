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

/// `pattern` says where digits stand (Y year, m month, d day, H hour, M minute, S second); all else stands for itself.
std::optional<std::int64_t> parse(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return std::nullopt;
  std::tm tm{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    int* const field = pattern[i] == 'Y'   ? &tm.tm_year
                       : pattern[i] == 'm' ? &tm.tm_mon
                       : pattern[i] == 'd' ? &tm.tm_mday
                       : pattern[i] == 'H' ? &tm.tm_hour
                       : pattern[i] == 'M' ? &tm.tm_min
                       : pattern[i] == 'S' ? &tm.tm_sec
                                           : nullptr;
    if (field == nullptr) {
      if (text[i] != pattern[i]) return std::nullopt;
    } else if (text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    } else {
      *field = *field * 10 + (text[i] - '0');
    }
  }
  const bool possible = tm.tm_year >= 1970 && tm.tm_mon >= 1 && tm.tm_mon <= 12 && tm.tm_mday >= 1 &&
                        tm.tm_mday <= 31 && tm.tm_hour <= 23 && tm.tm_min <= 59 && tm.tm_sec <= 60;
  if (!possible) return std::nullopt;
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  tm.tm_isdst = -1;
  return static_cast<std::int64_t>(std::mktime(&tm)) * kSecond;
}

/// Digits behind the decimal point as ns; nothing when there is anything else.
std::optional<std::int64_t> parse_fraction(std::string_view digits) {
  std::int64_t ns = 0;
  std::int64_t unit = kSecond;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    ns += (c - '0') * (unit /= 10);
  }
  return ns;
}

std::optional<std::int64_t> sum(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (!a || !b) return std::nullopt;
  return *a + *b;
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
std::string local_text(std::int64_t utc_ns, char conversion) {
  return format(utc_ns, std::string{'%', conversion}.c_str());
}

std::optional<std::int64_t> parse_file_stamp(std::string_view text) {
  static constexpr std::string_view kPattern = "YYYY-mm-ddTHH.MM.SS";
  const auto whole = parse(text.substr(0, kPattern.size()), kPattern);
  if (text.size() <= kPattern.size()) return whole;
  const std::string_view digits = text.substr(kPattern.size() + 1);
  if (text[kPattern.size()] != '.' || digits.empty() || digits.size() > 6) return std::nullopt;
  return sum(whole, parse_fraction(digits));
}

std::optional<std::int64_t> parse_log_stamp(std::string_view text) {
  static constexpr std::string_view kPattern = "YYYY-mm-dd HH:MM:SS";
  if (text.size() != kPattern.size() + 4 || text[kPattern.size()] != ',') return std::nullopt;
  return sum(parse(text.substr(0, kPattern.size()), kPattern), parse_fraction(text.substr(kPattern.size() + 1)));
}

int minute_of_local_day(std::int64_t utc_ns) {
  const LocalTime local = to_local(utc_ns);
  return local.tm.tm_hour * 60 + local.tm.tm_min;
}

std::int64_t start_of_local_day(std::int64_t utc_ns) {
  LocalTime local = to_local(utc_ns);
  local.tm.tm_hour = local.tm.tm_min = local.tm.tm_sec = 0;
  local.tm.tm_isdst = -1;
  return static_cast<std::int64_t>(std::mktime(&local.tm)) * kSecond;
}

}  // namespace common
