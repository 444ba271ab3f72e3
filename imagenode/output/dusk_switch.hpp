#pragma once

#include <cstdint>
#include <optional>

namespace imagenode {

/// On while somebody says that it is dark, off while nobody has said anything, and in each state for some time at
/// least, so that a cloud or a passing car does not make it flicker. One thread at a time; times are monotonic.
class DuskSwitch {
 public:
  explicit DuskSwitch(std::int64_t hold_ns) : hold_ns_(hold_ns) {}

  void tell(bool dark) { dark_ = dark; }

  bool is_on(std::int64_t now_ns);

  /// When is_on() will have another answer, unless somebody says something else.
  std::optional<std::int64_t> due_ns() const;

 private:
  std::int64_t hold_ns_;
  std::optional<bool> dark_;  // the newest word
  std::optional<bool> on_;    // none: off, for no time yet
  std::int64_t since_ns_ = 0;
};

}  // namespace imagenode
