#include "imagenode/output/event_pattern.hpp"

namespace imagenode {
namespace {

constexpr std::size_t kMaxBytes = 500;

}  // namespace

std::optional<EventPattern> EventPattern::parse(std::string_view text) {
  if (text.size() > kMaxBytes || text.find_first_of("*|") == std::string_view::npos) return std::nullopt;
  EventPattern pattern;
  for (;;) {
    const auto star = text.find('*');
    pattern.parts_.emplace_back(text.substr(0, star));
    if (star == std::string_view::npos) return pattern;
    text.remove_prefix(star + 1);
  }
}

bool EventPattern::matches(std::string_view text) const {
  const std::string& first = parts_.front();
  if (parts_.size() == 1) return text == first;
  const std::string& last = parts_.back();
  if (!text.starts_with(first)) return false;
  text.remove_prefix(first.size());
  if (!text.ends_with(last)) return false;
  text.remove_suffix(last.size());
  for (std::size_t i = 1; i + 1 < parts_.size(); ++i) {
    // The leftmost place is as good as any other: it leaves the most for the parts behind.
    const auto at = text.find(parts_[i]);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + parts_[i].size());
  }
  return true;
}

}  // namespace imagenode
