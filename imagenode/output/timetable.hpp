#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imagenode {

/// Times of day at which something is on: always, or from one minute to another, over midnight too.
class Timetable {
 public:
  /// Always on.
  Timetable() = default;

  /// `continuous`, or times: `(11pm-5am)`, `23:00-5:30`, also several with commas between. The texts together are one
  /// table. Nothing when one of them is none of this.
  static std::optional<Timetable> parse(const std::vector<std::string>& texts);

  /// Minutes since midnight.
  bool is_on(int minute) const;

 private:
  struct Span {
    int from;  // minutes since midnight
    int to;    // the first at which it is off
  };

  static std::optional<Span> parse_span(std::string_view text);

  std::vector<Span> spans_;  // none: always
};

}  // namespace imagenode
