#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imagenode {

/// Which events are meant: those whose whole text is the pattern, in which `*` stands for any run of characters, also
/// for none, also over `|`. Letters count as they are. Each part between two stars is looked for once, from left to
/// right, so that no text makes it slow.
class EventPattern {
 public:
  /// Nothing when the pattern is none: empty, too long, or such that no event has a text like it.
  static std::optional<EventPattern> parse(std::string_view text);

  bool matches(std::string_view text) const;

 private:
  std::vector<std::string> parts_;  // between the stars; at least one
};

}  // namespace imagenode
