#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/message.hpp"

namespace imagenode {

/// A text with places for what an event says: `{text}` (all of it), `{node}`, `{view}`, `{source}`, `{type}`,
/// `{detail}` (what stands behind the type), `{time}` (as in the hub's log), `{unix}` (seconds), `{field.temperature}`
/// (a number; empty when the event has none of that name). `{{` and `}}` are braces.
class EventTemplate {
 public:
  /// Throws std::runtime_error, with the reason, when a place is none of these.
  explicit EventTemplate(std::string_view text);

  std::string filled(const common::Message& event) const;

  /// Whether it is one place for a number, and nothing else.
  bool is_number() const;
  /// That number, when the event has it.
  std::optional<double> number(const common::Message& event) const;

  /// Whether nothing is to be filled in.
  bool is_fixed() const;

 private:
  struct Part {
    bool is_place;
    std::string text;  // of the file, or the name of the place
  };
  std::vector<Part> parts_;
};

}  // namespace imagenode
