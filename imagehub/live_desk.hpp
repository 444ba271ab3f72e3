#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "imagehub/live/live.hpp"

/// What is asked of a running hub about what is live, its answers (JSON), and what they say to a person.
namespace imagehub {

/// Whether a question on the control socket is one for answer_live().
bool is_live_question(const std::string& question);
/// Thread-safe. Throws std::exception when the question makes no sense.
std::string answer_live(const Live& live, const std::string& question);

/// All series of rows, and the newest of all views.
std::string live_question();
/// Rows of one series behind a position; without one the last rows, at most so many.
std::string live_question(const LiveRows::Key& key, std::optional<std::uint64_t> position, std::size_t last);

/// All, or only what is of this node, as a table for people; empty when there is none.
std::string format_live(const std::string& json, const std::string& node);

/// Series of this node and source, one for each view.
std::vector<LiveRows::Key> series_of(const std::string& json, const std::string& node, const std::string& source);

/// Nothing when the hub has no such series (any more). Throws std::runtime_error with what the hub says instead.
std::optional<LiveRows::News> read_live_news(const std::string& json);

}  // namespace imagehub
