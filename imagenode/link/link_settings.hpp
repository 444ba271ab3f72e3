#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"

namespace imagenode {

struct LinkSettings {
  std::vector<std::string> addresses;  ///< the best one first
  int window = 10;                     ///< messages without an answer, to a hub of ours
  int window_mb = 4;                   ///< and their bytes; one message is always allowed
  double patience_s = 10;              ///< without any reply, before the next attempt
  std::optional<int> bandwidth_kbit;   ///< limit of what the link sends, in kbit/s
  double retry_first_s = 300;          ///< on another hub, until the first one is asked whether it is back

  /// What the bytes need on the slowest link that is waited for.
  std::int64_t transfer_ns(std::uint64_t bytes) const {
    std::int64_t bytes_per_second = 32 * 1024;
    if (bandwidth_kbit)
      bytes_per_second = std::min<std::int64_t>(bytes_per_second, std::int64_t{*bandwidth_kbit} * 125);
    return static_cast<std::int64_t>(bytes) * common::kSecond / bytes_per_second;
  }
};

}  // namespace imagenode
