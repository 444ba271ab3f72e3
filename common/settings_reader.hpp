#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/range.hpp"

/// Reads a YAML settings file into structs and reports every problem at once as
/// `file:line:column: what is wrong, what is allowed`. One thread.
namespace common {

/// Carries all problems, one per line.
struct SettingsError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One mapping of the file. Reading a key that the file does not have leaves the value as it is: the default of the
/// struct. Every key that is asked for is known; what else the file has is reported with the nearest known name.
/// Python's forms are understood: `True`, `None`, `(640, 480)`, `(65,2),(100,25)`, `((255,0,0),5)`.
class Section {
 public:
  struct Impl;
  explicit Section(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  /// Whether the file gives this key a value.
  bool has(std::string_view key);

  void read(std::string_view key, bool& value);
  void read(std::string_view key, int& value, Range<int> range = {});
  void read(std::string_view key, double& value, Range<double> range = {});
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, std::optional<int>& value, Range<int> range = {});
  void read(std::string_view key, std::optional<double>& value, Range<double> range = {});
  void read(std::string_view key, std::optional<std::string>& value);

  /// The value when it is one word or number; nothing when it is a mapping or a list, or not given. For keys that take
  /// a word in the place of a mapping.
  std::optional<std::string> word(std::string_view key);

  /// A text, or a list of texts.
  void read(std::string_view key, std::vector<std::string>& value);

  /// The value, whatever it is, as JSON; nothing when it is not given. What is written in quotes is a text there.
  std::optional<std::string> json(std::string_view key);

  /// Numbers in any nesting of tuples or lists, in their order; exactly `count` of them.
  void read_numbers(std::string_view key, std::size_t count, std::vector<double>& value, Range<double> range = {});

  /// A duration in seconds: `50ms`, `30s`, `10m`, `2h`, `1d`, or a bare number of `bare_unit_s` seconds.
  void read_duration(std::string_view key, double& seconds, double bare_unit_s, Range<double> range_s = {});

  /// One of the names; `value` becomes its index.
  void read_choice(std::string_view key, const std::vector<std::string>& names, int& value);
  template <typename Enum>
  void read_choice(std::string_view key, const std::vector<std::string>& names, Enum& value) {
    int index = static_cast<int>(value);
    read_choice(key, names, index);
    value = static_cast<Enum>(index);
  }

  /// A mapping below this one; an empty one when the file has none.
  Section section(std::string_view key, bool required = false);

  /// A mapping whose keys the user chooses (camera labels, hub addresses). Never asks for a key by name.
  std::vector<std::pair<std::string, Section>> named_sections(std::string_view key);
  std::vector<std::pair<std::string, std::string>> named_texts(std::string_view key);

  /// A list of mappings, in order; a text in the place of one stands for {name: <text>}.
  std::vector<Section> sections(std::string_view key);

  /// A mapping `{motion: {...}, light: {...}}` or a list `[{motion: {...}}, {motion: {...}}]`, in order; each entry
  /// a kind out of `kinds` with its mapping.
  std::vector<std::pair<std::string, Section>> kinds(std::string_view key, const std::vector<std::string>& kinds);

  /// A problem with the value of this key, or with the section when it has no such key.
  void problem(std::string_view key, const std::string& what);

 private:
  std::shared_ptr<Impl> impl_;
};

class SettingsFile {
 public:
  /// Throws SettingsError when the file cannot be read or is not YAML.
  static SettingsFile load(const std::filesystem::path& path);
  static SettingsFile parse(const std::string& text, const std::string& name);

  Section root();

  /// After all reading: throws SettingsError with every problem, unknown keys included.
  void finish();

  /// Every key that was asked for, dotted; chosen names are `*`: `cameras.*.viewname`.
  std::set<std::string> known_keys() const;

 private:
  struct State;
  friend class Section;
  friend struct Section::Impl;
  explicit SettingsFile(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace common
