#include "imagenode/output/event_pattern.hpp"

#include "catch.hpp"

using namespace imagenode;

namespace {

bool matches(const std::string& pattern, const std::string& text) {
  const auto parsed = EventPattern::parse(pattern);
  REQUIRE(parsed);
  return parsed->matches(text);
}

}  // namespace

TEST_CASE("a pattern without stars is the whole text of an event") {
  CHECK(matches("Barn door|motion|moving", "Barn door|motion|moving"));
  CHECK_FALSE(matches("Barn door|motion|moving", "Barn door|motion|moving|gate"));
  CHECK_FALSE(matches("Barn door|motion|moving", "Big Barn door|motion|moving"));
  CHECK_FALSE(matches("Barn door|motion|moving", "Barn door|motion|Moving"));
}

TEST_CASE("a star stands for any run of characters, also for none, also over fields") {
  CHECK(matches("*|motion|moving", "Barn door|motion|moving"));
  CHECK(matches("Barn*|motion|moving*", "Barn|motion|moving"));
  CHECK(matches("Barn*|motion|moving*", "Barn door|motion|moving|gate"));
  CHECK(matches("Barn|*lost*", "Barn|serial|lost|balance"));
  CHECK(matches("*", "anything"));
  CHECK(matches("a*b*c", "aXbYbZc"));
  CHECK(matches("a*ab", "aab"));
  CHECK_FALSE(matches("a*b*c", "acb"));
  CHECK_FALSE(matches("*|motion|moving", "Barn door|motion|still"));
}

TEST_CASE("what stands before and behind a star does not overlap") {
  CHECK_FALSE(matches("aba*aba", "aba"));
  CHECK_FALSE(matches("aba*aba", "ababa"));
  CHECK(matches("aba*aba", "abaaba"));
  CHECK_FALSE(matches("a*b*b", "ab"));
}

TEST_CASE("a text that almost matches many times is refused soon") {
  std::string pattern = "x";
  for (int i = 0; i < 100; ++i) pattern += "*a";
  const std::string text = "x" + std::string(1'000'000, 'a');
  CHECK(matches(pattern, text));
  CHECK_FALSE(matches(pattern + "*b", text));
}

TEST_CASE("what can be no event's text is no pattern") {
  CHECK_FALSE(EventPattern::parse(""));
  CHECK_FALSE(EventPattern::parse("moving"));
  CHECK_FALSE(EventPattern::parse(std::string(501, '*')));
  CHECK(EventPattern::parse(std::string(500, '*')));
}
