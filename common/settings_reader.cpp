#include "common/settings_reader.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "common/setting_values.hpp"
#include "common/settings_changes.hpp"
#include "common/text.hpp"
#include "common/yaml_document.hpp"

namespace common {

struct SettingsFile::State {
  struct Problem {
    int line;
    int column;
    std::string what;
  };

  std::string name;
  YAML::Node document;
  std::vector<Problem> problems;
  std::set<std::string> known_keys;
  std::vector<std::shared_ptr<Section::Impl>> sections;
};

struct Section::Impl {
  struct Entry {
    YAML::Mark mark;
    YAML::Node value;
  };

  SettingsFile::State* file = nullptr;
  std::string path;
  YAML::Mark mark = YAML::Mark::null_mark();
  std::map<std::string, Entry, std::less<>> entries;
  std::set<std::string, std::less<>> asked;
  bool free_names = false;

  void report(const YAML::Mark& at, const std::string& what) const {
    file->problems.push_back({at.is_null() ? 0 : at.line + 1, at.is_null() ? 0 : at.column + 1, what});
  }

  /// `text`: the word None is a text like any other (`send_frames: None`); for everything else it means "not set".
  const Entry* find(std::string_view key, bool text = false) {
    asked.emplace(key);
    file->known_keys.insert(path.empty() ? std::string(key) : cat(path, '.', key));
    const auto at = entries.find(key);
    if (at == entries.end()) return nullptr;
    const YAML::Node& value = at->second.value;
    if (value.IsNull() || (!text && value.IsScalar() && value.Scalar() == "None")) return nullptr;
    return &at->second;
  }

  /// The text of a scalar value; reports anything else.
  const std::string* scalar(std::string_view key, const char* wanted, bool text = false) {
    const Entry* entry = find(key, text);
    if (entry == nullptr) return nullptr;
    if (!entry->value.IsScalar()) {
      report(entry->mark, cat(key, " must be ", wanted));
      return nullptr;
    }
    return &entry->value.Scalar();
  }

  void report_value(std::string_view key, const std::string& found, const std::string& wanted) {
    report(entries.find(key)->second.mark, cat(key, ": ", escaped(found), " is not ", wanted));
  }

  void load(const YAML::Node& node) {
    mark = node.Mark();
    for (const auto& pair : node) {
      const YAML::Mark at = pair.first.Mark();
      if (!pair.first.IsScalar()) {
        report(at, "a key must be a plain name");
        continue;
      }
      const auto [known, fresh] = entries.try_emplace(pair.first.Scalar(), Entry{at, pair.second});
      if (!fresh)
        report(at, cat(escaped(pair.first.Scalar()), " stands twice (first in line ", known->second.mark.line + 1,
                       "); keep one"));
    }
  }

  std::shared_ptr<Impl> make_child(const std::string& child_path, const Entry* entry) const {
    auto child = std::make_shared<Impl>();
    child->file = file;
    child->path = child_path;
    child->mark = entry == nullptr ? mark : entry->mark;
    if (entry != nullptr && entry->value.IsMap()) {
      child->load(entry->value);
    } else if (entry != nullptr && !entry->value.IsNull()) {
      report(entry->mark, cat(child_path, " must be a mapping of settings"));
    }
    file->sections.push_back(child);
    return child;
  }

  std::string child_path(std::string_view key) const { return path.empty() ? std::string(key) : cat(path, '.', key); }

  /// The mapping under a key whose entries have names that the user chose.
  std::shared_ptr<Impl> chosen_names(std::string_view key) {
    auto child = make_child(child_path(key), find(key));
    child->free_names = true;
    return child;
  }
};

namespace {

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

bool Section::has(std::string_view key) {
  return impl_->find(key) != nullptr;
}

std::optional<std::string> Section::word(std::string_view key) {
  const Impl::Entry* entry = impl_->find(key);
  if (entry == nullptr || !entry->value.IsScalar()) return std::nullopt;
  return entry->value.Scalar();
}

void Section::read(std::string_view key, bool& value) {
  const std::string* text = impl_->scalar(key, "True or False");
  if (text == nullptr) return;
  if (const auto read = to_bool(*text)) {
    value = *read;
  } else {
    impl_->report_value(key, *text, "True or False");
  }
}

void Section::read(std::string_view key, int& value, Range<int> range) {
  std::optional<int> read;
  this->read(key, read, range);
  if (read) value = *read;
}

void Section::read(std::string_view key, double& value, Range<double> range) {
  std::optional<double> read;
  this->read(key, read, range);
  if (read) value = *read;
}

void Section::read(std::string_view key, std::optional<int>& value, Range<int> range) {
  const std::string* text = impl_->scalar(key, "a whole number");
  if (text == nullptr) return;
  const auto read = to_int(*text);
  if (read && range.holds(*read)) {
    value = *read;
  } else {
    impl_->report_value(key, *text, describe("a whole number", range));
  }
}

void Section::read(std::string_view key, std::optional<double>& value, Range<double> range) {
  const std::string* text = impl_->scalar(key, "a number");
  if (text == nullptr) return;
  const auto read = to_double(*text);
  if (read && range.holds(*read)) {
    value = *read;
  } else {
    impl_->report_value(key, *text, describe("a number", range));
  }
}

void Section::read(std::string_view key, std::string& value) {
  if (const std::string* text = impl_->scalar(key, "a text", true)) value = *text;
}

void Section::read(std::string_view key, std::optional<std::string>& value) {
  if (const std::string* text = impl_->scalar(key, "a text")) value = *text;
}

void Section::read(std::string_view key, std::vector<std::string>& value) {
  const Impl::Entry* entry = impl_->find(key);
  if (entry == nullptr) return;
  if (entry->value.IsScalar()) {
    value = {entry->value.Scalar()};
    return;
  }
  const auto is_text = [](const YAML::Node& item) { return item.IsScalar(); };
  if (!entry->value.IsSequence() || !std::all_of(entry->value.begin(), entry->value.end(), is_text)) {
    impl_->report(entry->mark, cat(key, " must be a text or a list of texts"));
    return;
  }
  value.clear();
  for (const auto& item : entry->value) value.push_back(item.Scalar());
}

std::optional<std::string> Section::json(std::string_view key) {
  const Impl::Entry* entry = impl_->find(key);
  if (entry == nullptr) return std::nullopt;
  try {
    return yaml_as_json(entry->value);
  } catch (const std::runtime_error& error) {
    impl_->report(entry->mark, cat(key, ": ", error.what()));
    return std::nullopt;
  }
}

void Section::read_numbers(std::string_view key, std::size_t count, std::vector<double>& value, Range<double> range) {
  const Impl::Entry* entry = impl_->find(key);
  if (entry == nullptr) return;
  const auto text = yaml_tuple(entry->value);
  auto numbers = text ? tuple_numbers(*text) : std::nullopt;
  const bool good = numbers && numbers->size() == count &&
                    std::all_of(numbers->begin(), numbers->end(), [&](double number) { return range.holds(number); });
  if (!good) {
    impl_->report(entry->mark, cat(key, " must hold ", count, " numbers, each ", describe("a number", range)));
    return;
  }
  value = std::move(*numbers);
}

void Section::read_duration(std::string_view key, double& seconds, double bare_unit_s, Range<double> range_s) {
  const std::string* text = impl_->scalar(key, "a duration such as 30s or 10m");
  if (text == nullptr) return;
  std::string_view number = trimmed(*text);
  double unit = bare_unit_s;
  static const std::map<char, double> kUnits{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  if (number.ends_with("ms")) {
    unit = 0.001;
    number.remove_suffix(2);
  } else if (!number.empty() && kUnits.contains(number.back())) {
    unit = kUnits.at(number.back());
    number.remove_suffix(1);
  }
  const auto read = to_double(number);
  if (read && range_s.holds(*read * unit)) {
    seconds = *read * unit;
  } else {
    impl_->report_value(key, *text, describe("a duration such as 30s or 10m; in seconds,", range_s));
  }
}

void Section::read_choice(std::string_view key, const std::vector<std::string>& names, int& value) {
  const std::string* text = impl_->scalar(key, "a name");
  if (text == nullptr) return;
  const auto at = std::find(names.begin(), names.end(), lower(*text));
  if (at == names.end()) {
    impl_->report_value(key, *text, "one of " + quoted_list(names));
  } else {
    value = static_cast<int>(at - names.begin());
  }
}

Section Section::section(std::string_view key, bool required) {
  const Impl::Entry* entry = impl_->find(key);
  // `hub:` with nothing below it is there: everything has its default.
  if (required && !impl_->entries.contains(key)) impl_->report(impl_->mark, cat(key, ": is required here"));
  return Section(impl_->make_child(impl_->child_path(key), entry));
}

std::vector<std::pair<std::string, Section>> Section::named_sections(std::string_view key) {
  const auto child = impl_->chosen_names(key);
  std::vector<std::pair<std::string, Section>> sections;
  for (const auto& [name, entry] : child->entries) {
    sections.emplace_back(name, Section(impl_->make_child(child->path + ".*", &entry)));
  }
  return sections;
}

std::vector<std::pair<std::string, std::string>> Section::named_texts(std::string_view key) {
  const auto child = impl_->chosen_names(key);
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, entry] : child->entries) {
    if (entry.value.IsScalar()) {
      texts.emplace_back(name, entry.value.Scalar());
    } else {
      impl_->report(entry.mark, cat(escaped(name), " must be a text"));
    }
  }
  return texts;
}

std::vector<std::pair<std::string, Section>> Section::kinds(std::string_view key,
                                                            const std::vector<std::string>& kinds) {
  std::vector<std::pair<std::string, Section>> found;
  const Impl::Entry* list = impl_->find(key);
  if (list == nullptr) return found;
  const std::string path = impl_->child_path(key);
  const auto take = [&](const YAML::Node& mapping) {
    if (!mapping.IsMap()) {
      impl_->report(mapping.Mark(), cat(path, " must hold mappings such as ", kinds.front(), ": {...}"));
      return;
    }
    Impl entries;
    entries.file = impl_->file;
    entries.load(mapping);
    // In the order of the file: detectors judge a frame one after the other.
    for (const auto& pair : mapping) {
      const auto at = entries.entries.find(pair.first.Scalar());
      if (at == entries.entries.end()) continue;
      if (std::find(kinds.begin(), kinds.end(), at->first) == kinds.end()) {
        impl_->report(at->second.mark, cat(escaped(at->first), " is unknown; known are ", quoted_list(kinds)));
      } else {
        found.emplace_back(at->first, Section(impl_->make_child(cat(path, '.', at->first), &at->second)));
      }
    }
  };
  if (list->value.IsSequence()) {
    for (const auto& item : list->value) take(item);
  } else {
    take(list->value);
  }
  return found;
}

std::vector<Section> Section::sections(std::string_view key) {
  std::vector<Section> found;
  const Impl::Entry* list = impl_->find(key);
  if (list == nullptr) return found;
  if (!list->value.IsSequence()) {
    impl_->report(list->mark, cat(key, " must be a list"));
    return found;
  }
  for (const YAML::Node& item : list->value) {
    const Impl::Entry entry{item.Mark(), item.IsScalar() ? YAML::Node() : item};
    found.emplace_back(impl_->make_child(impl_->child_path(key), &entry));
    if (item.IsScalar()) found.back().impl_->entries.try_emplace("name", Impl::Entry{item.Mark(), item});
  }
  return found;
}

void Section::problem(std::string_view key, const std::string& what) {
  const auto at = impl_->entries.find(key);
  impl_->report(at == impl_->entries.end() ? impl_->mark : at->second.mark, cat(key, ": ", what));
}

SettingsFile SettingsFile::load(const std::filesystem::path& path) {
  return parse(read_settings(path).text, path.string());
}

SettingsFile SettingsFile::parse(const std::string& text, const std::string& name) {
  auto state = std::make_shared<State>();
  state->name = name;
  state->document = parse_yaml(text, name);
  return SettingsFile(std::move(state));
}

Section SettingsFile::root() {
  auto impl = std::make_shared<Section::Impl>();
  impl->file = state_.get();
  if (state_->document.IsMap()) {
    impl->load(state_->document);
  } else if (!state_->document.IsNull()) {
    impl->report(state_->document.Mark(), "the file must be a mapping of settings");
  }
  state_->sections.push_back(impl);
  return Section(std::move(impl));
}

void SettingsFile::finish() {
  for (const auto& section : state_->sections) {
    if (section->free_names) continue;
    for (const auto& [key, entry] : section->entries) {
      if (section->asked.contains(key)) continue;
      const auto meant = nearest(key, section->asked);
      section->report(entry.mark, cat(escaped(key), " is unknown", meant ? cat("; did you mean ", *meant, "?") : ""));
    }
  }
  if (state_->problems.empty()) return;
  std::stable_sort(state_->problems.begin(), state_->problems.end(),
                   [](const State::Problem& a, const State::Problem& b) {
                     return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                   });
  std::string text;
  for (const State::Problem& problem : state_->problems) {
    if (!text.empty()) text += '\n';
    text += problem.line == 0 ? cat(state_->name, ": ", problem.what)
                              : cat(state_->name, ':', problem.line, ':', problem.column, ": ", problem.what);
  }
  throw SettingsError(text);
}

std::set<std::string> SettingsFile::known_keys() const {
  return state_->known_keys;
}

}  // namespace common
