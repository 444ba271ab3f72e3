// regex: an expression of PCRE whose named groups are the fields: `T=(?<temperature>[-\d.]+)`. It is found anywhere in
// the row unless it begins with ^.

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>

#include "common/text.hpp"
#include "imagenode/line/registry.hpp"

namespace imagenode {
namespace {

using common::cat;

/// Steps after which a row counts as not matching: an expression may need time without end for some rows.
constexpr std::uint32_t kMatchLimit = 100'000;
constexpr std::uint32_t kHeapLimitKb = 1024;

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using CodePtr = std::unique_ptr<pcre2_code, FreeCode>;

PCRE2_SPTR bytes_of(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

/// Nothing when it is none; `wrong` then says why.
CodePtr compiled(const std::string& pattern, std::string& wrong) {
  int error = 0;
  PCRE2_SIZE at = 0;
  CodePtr code(pcre2_compile(bytes_of(pattern), pattern.size(), 0, &error, &at, nullptr));
  if (!code) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    wrong = cat(reinterpret_cast<const char*>(text.data()), ", at character ", at);
  }
  return code;
}

int group_number(const pcre2_code* code, const std::string& name) {
  return pcre2_substring_number_from_name(code, bytes_of(name));
}

struct RegexSettings {
  std::string pattern;
  std::vector<Field> fields;
};

class RegexFormat final : public LineFormat {
 public:
  explicit RegexFormat(RegexSettings settings)
      : settings_(std::move(settings)),
        code_(compiled(settings_.pattern, wrong_)),
        data_(pcre2_match_data_create_from_pattern(code_.get(), nullptr)),
        context_(pcre2_match_context_create(nullptr)) {
    pcre2_set_match_limit(context_.get(), kMatchLimit);
    pcre2_set_heap_limit(context_.get(), kHeapLimitKb);
    for (const Field& field : settings_.fields) groups_.push_back(group_number(code_.get(), field.name));
  }

  const std::vector<Field>& fields() const override { return settings_.fields; }

  Parsed parse(std::string_view frame, Row& row) override {
    const int found = pcre2_match(code_.get(), bytes_of(frame), frame.size(), 0, 0, data_.get(), context_.get());
    if (found == PCRE2_ERROR_NOMATCH) return Parsed::bad("the expression does not match");
    if (found < 0) return Parsed::bad("the expression needs too long for it");
    const auto& fields = settings_.fields;
    clear(row, fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto value = group(frame, groups_[i]);
      if (!value) return Parsed::bad(cat(fields[i].name, " is missing"));
      if (auto wrong = put_value(fields[i], *value, i, row)) return Parsed::bad(*wrong);
    }
    return {};
  }

 private:
  /// Nothing when the group has no part in the match.
  std::optional<std::string_view> group(std::string_view frame, int number) const {
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data_.get()) + 2 * number;
    if (ends[0] == PCRE2_UNSET || ends[1] < ends[0]) return std::nullopt;
    return frame.substr(ends[0], ends[1] - ends[0]);
  }

  const RegexSettings settings_;
  std::string wrong_;
  const CodePtr code_;
  const std::unique_ptr<pcre2_match_data, FreeData> data_;
  const std::unique_ptr<pcre2_match_context, FreeContext> context_;
  std::vector<int> groups_;
};

FormatKind read_settings(common::Section& section) {
  RegexSettings settings;
  section.read("pattern", settings.pattern);
  settings.fields = read_fields(section);
  if (settings.pattern.empty()) {
    section.problem("pattern", "an expression is needed, such as 'T=(?<temperature>[-0-9.]+)'");
    return {};
  }
  std::string wrong;
  const CodePtr code = compiled(settings.pattern, wrong);
  if (!code) {
    section.problem("pattern", common::escaped(wrong));
    return {};
  }
  bool whole = true;
  for (const Field& field : settings.fields) {
    if (group_number(code.get(), field.name) > 0) continue;
    section.problem("fields", cat("the pattern has no group (?<", common::escaped(field.name), ">...)"));
    whole = false;
  }
  if (!whole) return {};
  return {[settings] { return std::make_unique<RegexFormat>(settings); }};
}

const RegisterFormat registered("regex", read_settings);

}  // namespace
}  // namespace imagenode
