// keyvalue: pairs such as `temperature=21.5 state=open` or `temperature: 21.5, state: open`, in any order.

#include <algorithm>

#include "common/text.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kBetween = " \t,;";

struct KeyValueSettings {
  std::vector<Field> fields;
  bool refuse_extra = false;
};

struct Pair {
  std::string_view key;
  std::string_view value;
};

void skip(std::string_view& text, std::string_view what) {
  text.remove_prefix(std::min(text.find_first_not_of(what), text.size()));
}

std::string_view take_until(std::string_view& text, std::string_view ends) {
  const auto taken = text.substr(0, text.find_first_of(ends));
  text.remove_prefix(taken.size());
  return taken;
}

/// The next pair; one without key when the text is none. A value may stand in double quotes.
Pair take_pair(std::string_view& text) {
  Pair pair;
  pair.key = take_until(text, " \t,;=:");
  skip(text, kBlanks);
  if (!text.starts_with('=') && !text.starts_with(':')) return {};
  text.remove_prefix(1);
  skip(text, kBlanks);
  if (text.starts_with('"')) {
    text.remove_prefix(1);
    const auto quote = text.find('"');
    if (quote == std::string_view::npos) return {};
    pair.value = text.substr(0, quote);
    text.remove_prefix(quote + 1);
  } else {
    pair.value = take_until(text, kBetween);
  }
  skip(text, kBetween);
  return pair;
}

class KeyValueFormat final : public LineFormat {
 public:
  explicit KeyValueFormat(KeyValueSettings settings) : settings_(std::move(settings)) {}

  const std::vector<Field>& fields() const override { return settings_.fields; }

  Parsed parse(std::string_view frame, Row& row) override {
    const auto& fields = settings_.fields;
    clear(row, fields.size());
    found_.assign(fields.size(), false);
    skip(frame, kBetween);
    while (!frame.empty()) {
      const Pair pair = take_pair(frame);
      if (pair.key.empty()) return Parsed::bad("not pairs such as name=value");
      const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == pair.key; });
      if (field == fields.end()) {
        if (settings_.refuse_extra) return Parsed::bad(cat(common::escaped(pair.key), " is not among the fields"));
        continue;
      }
      const auto at = static_cast<std::size_t>(field - fields.begin());
      if (found_[at]) return Parsed::bad(cat(field->name, " stands twice"));
      found_[at] = true;
      if (auto wrong = put_value(*field, pair.value, at, row)) return Parsed::bad(*wrong);
    }
    const auto missing = std::find(found_.begin(), found_.end(), false);
    if (missing == found_.end()) return {};
    return Parsed::bad(cat(fields[static_cast<std::size_t>(missing - found_.begin())].name, " is missing"));
  }

 private:
  const KeyValueSettings settings_;
  std::vector<bool> found_;
};

FormatKind read_settings(common::Section& section) {
  KeyValueSettings settings;
  settings.fields = read_fields(section);
  section.read_choice("extra_fields", {"ignore", "refuse"}, settings.refuse_extra);
  return {[settings] { return std::make_unique<KeyValueFormat>(settings); }};
}

const RegisterFormat registered("keyvalue", read_settings);

}  // namespace
}  // namespace imagenode
