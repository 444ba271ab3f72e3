#include "imagehub/live_desk.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;
using common::escaped;
using nlohmann::json;

constexpr std::string_view kAll = "live";
constexpr std::string_view kRows = "live ";

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json or_null(const std::optional<double>& value) {
  return value ? json(*value) : json();
}

std::string answer_all(const Live& live) {
  json series = json::array();
  for (const auto& one : live.rows().all()) {
    series.push_back({{"node", one.key.node},
                      {"view", one.key.view},
                      {"source", one.key.source},
                      {"header", one.header},
                      {"newest", one.newest},
                      {"rows", one.rows},
                      {"age_s", one.age_s},
                      {"demo", one.demo}});
  }
  json views = json::array();
  for (const auto& one : live.views().all()) {
    views.push_back({{"node", one.node},
                     {"view", one.view},
                     {"event", one.event},
                     {"event_age_s", or_null(one.event_age_s)},
                     {"picture_age_s", or_null(one.picture_age_s)},
                     {"demo", one.demo}});
  }
  return dumped({{"series", series}, {"views", views}});
}

std::string answer_rows(const Live& live, const std::string& question) {
  const json asked = json::parse(question);
  const LiveRows::Key key{asked.at("node"), asked.value("view", ""), asked.at("source")};
  const auto news = asked.contains("position") ? live.rows().since(key, asked.at("position").get<std::uint64_t>())
                                               : live.rows().last(key, asked.at("last").get<std::size_t>());
  if (!news) return dumped({{"unknown", true}});
  return dumped(
      {{"header", news->header}, {"rows", news->rows}, {"position", news->position}, {"skipped", news->skipped}});
}

json read(const std::string& text) {
  json answer = json::parse(text);
  if (answer.contains("error")) throw std::runtime_error(escaped(answer.at("error").get<std::string>()));
  return answer;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text + ' ';
}

std::string name(const json& one, const char* key) {
  return escaped(one.at(key).get<std::string>());
}

std::string age(const json& seconds) {
  if (seconds.is_null()) return "-";
  const auto value = seconds.get<double>();
  if (value >= 600) return cat(static_cast<long>(value / 60), " min");
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", value);
  return text.data();
}

std::string state(const json& one) {
  return one.at("demo").get<bool>() ? "demo" : "stored";
}

}  // namespace

bool is_live_question(const std::string& question) {
  return question == kAll || question.starts_with(kRows);
}

std::string answer_live(const Live& live, const std::string& question) {
  return question == kAll ? answer_all(live) : answer_rows(live, question.substr(kRows.size()));
}

std::string live_question() {
  return std::string(kAll);
}

std::string live_question(const LiveRows::Key& key, std::optional<std::uint64_t> position, std::size_t last) {
  json question = {{"node", key.node}, {"view", key.view}, {"source", key.source}};
  if (position) {
    question["position"] = *position;
  } else {
    question["last"] = last;
  }
  return cat(kRows, dumped(question));
}

std::string format_live(const std::string& text, const std::string& node) {
  const json answer = read(text);
  const auto wanted = [&](const json& one) { return node.empty() || one.at("node").get<std::string>() == node; };
  std::string series;
  for (const json& one : answer.at("series")) {
    if (!wanted(one)) continue;
    series += padded(name(one, "node"), 20) + padded(name(one, "view"), 12) + padded(name(one, "source"), 16) +
              padded(state(one), 7) + padded(age(one.at("age_s")), 9) +
              padded(std::to_string(one.at("rows").get<std::uint64_t>()), 10) + name(one, "header") + "\n    " +
              name(one, "newest") + '\n';
  }
  std::string views;
  for (const json& one : answer.at("views")) {
    if (!wanted(one)) continue;
    views += padded(name(one, "node"), 20) + padded(name(one, "view"), 12) + padded(state(one), 7) +
             padded(age(one.at("picture_age_s")), 9) + padded(age(one.at("event_age_s")), 9) + name(one, "event") +
             '\n';
  }
  if (!series.empty()) {
    series.insert(0, padded("node", 20) + padded("view", 12) + padded("source", 16) + padded("", 7) + padded("age", 9) +
                         padded("rows", 10) + "header and newest row\n");
  }
  if (!views.empty()) {
    views.insert(0, padded("node", 20) + padded("view", 12) + padded("", 7) + padded("picture", 9) +
                        padded("event", 9) + "newest event\n");
  }
  return series + (series.empty() || views.empty() ? "" : "\n") + views;
}

std::vector<LiveRows::Key> series_of(const std::string& text, const std::string& node, const std::string& source) {
  const json answer = read(text);
  std::vector<LiveRows::Key> keys;
  for (const json& one : answer.at("series")) {
    LiveRows::Key key{one.at("node"), one.at("view"), one.at("source")};
    if (key.node == node && key.source == source) keys.push_back(std::move(key));
  }
  return keys;
}

std::optional<LiveRows::News> read_live_news(const std::string& text) {
  const json answer = read(text);
  if (answer.contains("unknown")) return std::nullopt;
  return LiveRows::News{answer.at("header"), answer.at("rows"), answer.at("position"), answer.at("skipped")};
}

}  // namespace imagehub
