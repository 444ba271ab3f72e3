// csv: values between delimiters, in the order of `fields:`. A value in double quotes may hold the delimiter, and
// quotes that are written twice. A header is passed over wherever it comes: a device that starts anew in the middle of
// a stream writes its header again. What can be a row is one, unless it has exactly the names of the fields.

#include <algorithm>
#include <optional>

#include "common/text.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

using common::cat;

struct CsvSettings {
  std::vector<Field> fields;
  char delimiter = ',';
  bool refuse_extra = true;
};

class CsvFormat final : public LineFormat {
 public:
  explicit CsvFormat(CsvSettings settings) : settings_(std::move(settings)) {}

  const std::vector<Field>& fields() const override { return settings_.fields; }

  Parsed parse(std::string_view frame, Row& row) override {
    if (!split(frame)) return Parsed::bad("a quote is not closed");
    const std::size_t wanted = settings_.fields.size();
    if (count_ < wanted || (count_ > wanted && settings_.refuse_extra)) {
      return Parsed::bad(cat(count_, " fields in the place of ", wanted));
    }
    if (is_header(is_name)) return {Parsed::What::header, ""};
    const auto wrong = put_values(row);
    if (!wrong) return {};
    if (is_header(is_like_name)) return {Parsed::What::header, ""};
    return Parsed::bad(*wrong);
  }

 private:
  /// Into values_, of which count_ count.
  bool split(std::string_view line) {
    count_ = 0;
    for (;;) {
      if (settings_.delimiter == ' ') line = line.substr(std::min(line.find_first_not_of(' '), line.size()));
      if (settings_.delimiter == ' ' && line.empty() && count_ > 0) return true;
      if (values_.size() == count_) values_.emplace_back();
      std::string& value = values_[count_++];
      value.clear();
      if (line.starts_with('"')) {
        if (!take_quoted(line, value)) return false;
      }
      const auto end = std::min(line.find(settings_.delimiter), line.size());
      value += line.substr(0, end);
      if (end == line.size()) return true;
      line.remove_prefix(end + 1);
    }
  }

  static bool take_quoted(std::string_view& line, std::string& value) {
    for (;;) {
      line.remove_prefix(1);
      const auto quote = line.find('"');
      if (quote == std::string_view::npos) return false;
      value += line.substr(0, quote);
      line.remove_prefix(quote + 1);
      if (!line.starts_with('"')) return true;
      value += '"';
    }
  }

  /// What is wrong with the first value that is none.
  std::optional<std::string> put_values(Row& row) const {
    const auto& fields = settings_.fields;
    clear(row, fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (auto wrong = put_value(fields[i], values_[i], i, row)) return wrong;
    }
    return std::nullopt;
  }

  template <typename IsName>
  bool is_header(const IsName& is_the_name) const {
    const auto& fields = settings_.fields;
    return std::equal(fields.begin(), fields.end(), values_.begin(), [&](const Field& field, const std::string& value) {
      return is_the_name(common::trimmed(value), field.name);
    });
  }

  static bool is_name(std::string_view value, std::string_view name) { return value == name; }

  /// In any case of the letters, and with a unit behind it: Temperature (C).
  static bool is_like_name(std::string_view value, std::string_view name) {
    const std::string given = common::lower(value);
    const std::string wanted = common::lower(name);
    if (given == wanted) return true;
    if (!given.starts_with(wanted)) return false;
    const std::string_view rest = common::trimmed(std::string_view(given).substr(wanted.size()));
    return rest.starts_with('(') && rest.ends_with(')');
  }

  const CsvSettings settings_;
  std::vector<std::string> values_;
  std::size_t count_ = 0;
};

FormatKind read_settings(common::Section& section) {
  CsvSettings settings;
  settings.fields = read_fields(section);
  std::string delimiter(1, settings.delimiter);
  section.read("delimiter", delimiter);
  if (common::lower(delimiter) == "tab") delimiter = "\t";
  if (common::lower(delimiter) == "space") delimiter = " ";
  if (delimiter.size() == 1 && delimiter != "\"") {
    settings.delimiter = delimiter.front();
  } else {
    section.problem("delimiter", "must be one character other than \", or tab, or space");
  }
  section.read_choice("extra_fields", {"ignore", "refuse"}, settings.refuse_extra);
  return {[settings] { return std::make_unique<CsvFormat>(settings); }};
}

const RegisterFormat registered("csv", read_settings);

}  // namespace
}  // namespace imagenode
