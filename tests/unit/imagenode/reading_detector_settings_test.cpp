#include "imagenode/detect/reading_detector_settings.hpp"

#include "catch.hpp"
#include "reading_fixture.hpp"

using namespace imagenode;

namespace {

const WatchedSource kThree{{"max", "mean", "min"}, true, 0};

std::string problems(const std::string& detectors, const WatchedSource& source = ReadingBench::usual()) {
  return ReadingBench::problems(detectors, source);
}

}  // namespace

TEST_CASE("detectors of readings register themselves by name") {
  CHECK(reading_detector_kinds() == std::vector<std::string>{"change", "missing", "rate", "threshold"});
}

TEST_CASE("a detector is of the kind that its name is, unless it has a type") {
  const auto made = ReadingBench::settings(
      "threshold: {above: 1}, cold: {type: Threshold, below: 1}, "
      "rate: {type: change, by: 2}");
  REQUIRE(made.size() == 3);
  CHECK(made[0].name == "cold");
  CHECK(made[0].kind == "threshold");
  CHECK(made[1].name == "rate");
  CHECK(made[1].kind == "change");
  CHECK(made[2].kind == "threshold");
  CHECK_THAT(problems("cold: {field: value}"),
             ContainsSubstring("type: is required here; one of change, missing, rate, threshold"));
  CHECK_THAT(problems("cold: {type: limit}"), ContainsSubstring("limit is not one of change, missing"));
}

TEST_CASE("the field of a detector is the only one there is, or is asked for") {
  CHECK(ReadingBench::settings("cold: {type: threshold, below: 1}").front().field == "value");
  CHECK(ReadingBench::settings("cold: {type: threshold, below: 1, field: min}", kThree).front().field == "min");
  CHECK_THAT(problems("cold: {type: threshold, below: 1}", kThree),
             ContainsSubstring("field: is required here; one of max, mean, min"));
  CHECK_THAT(problems("cold: {type: threshold, below: 1, field: minimum}", kThree),
             ContainsSubstring("field: minimum is not one of max, mean, min"));
  CHECK_THAT(problems("gone: {type: missing, after: 1m, field: minimum}", kThree), ContainsSubstring("is not one of"));
  CHECK_THAT(problems("cold: {type: threshold, below: 1}", {}), ContainsSubstring("no number that could be judged"));
  CHECK_THAT(problems("gone: {type: missing, after: 1m, field: a}", {}), ContainsSubstring("no number that could"));
}

TEST_CASE("of a source that only its readings tell of, any field may be named") {
  const WatchedSource any{{}, false, 0};
  CHECK(ReadingBench::settings("cold: {type: threshold, below: 1, field: wind}", any).front().field == "wind");
  CHECK_THAT(problems("cold: {type: threshold, below: 1}", any), ContainsSubstring("`value` for one that has no name"));
}

TEST_CASE("a detector of missing readings needs no field") {
  CHECK(ReadingBench::settings("gone: {type: missing, after: 1m}", kThree).front().field.empty());
  CHECK(ReadingBench::settings("gone: {type: missing, after: 1m}").front().field.empty());
  CHECK(ReadingBench::settings("gone: {type: missing, after: 1m, field: max}", kThree).front().field == "max");
}

TEST_CASE("a detector's name must be one by which hubs know an event") {
  for (const char* name : {"Hot", "ice", "jam", "data", "samples", "Restart"}) {
    INFO(name);
    CHECK_THAT(problems(std::string(name) + ": {type: threshold, above: 1}"),
               ContainsSubstring("detectors: hubs would not take") && ContainsSubstring(name));
  }
  CHECK_THAT(problems("'a|b': {type: threshold, above: 1}"), ContainsSubstring("may it hold |"));
  CHECK_THAT(problems("'': {type: threshold, above: 1}"), ContainsSubstring("neither empty"));
  CHECK(problems("hot: {type: threshold, above: 1}, database: {type: threshold, above: 1}").empty());
}

TEST_CASE("what a threshold cannot do is refused") {
  CHECK_THAT(problems("threshold: {}"), ContainsSubstring("above or below is needed"));
  CHECK_THAT(problems("threshold: {above: 1, below: 2}"), ContainsSubstring("above: must not be less than below"));
  CHECK_THAT(problems("threshold: {above: 3, below: 2, hysteresis: 1.1}"), ContainsSubstring("hysteresis: must not"));
  CHECK_THAT(problems("threshold: {above: 3, hysteresis: -1}"), ContainsSubstring("hysteresis: -1"));
  CHECK_THAT(problems("threshold: {above: 3, for: 31d}"), ContainsSubstring("for: 31d"));
  CHECK_THAT(problems("threshold: {above: warm}"), ContainsSubstring("above: warm is not a number"));
  CHECK_THAT(problems("threshold: {abov: 3}"), ContainsSubstring("did you mean above?"));
  CHECK(problems("threshold: {above: 2, below: 2}").empty());
}

TEST_CASE("what a change, a rate or silence cannot do is refused") {
  CHECK_THAT(problems("change: {}"), ContainsSubstring("by: a number above 0"));
  CHECK_THAT(problems("change: {by: 0}"), ContainsSubstring("by: a number above 0"));
  CHECK_THAT(problems("rate: {per: 1m}"), ContainsSubstring("above or below is needed"));
  CHECK_THAT(problems("rate: {above: -1}"), ContainsSubstring("above: -1 is not a number of at least 0"));
  CHECK_THAT(problems("rate: {below: 5}"), ContainsSubstring("below: 5 is not a number of at most 0"));
  CHECK_THAT(problems("rate: {above: 1, per: 0}"), ContainsSubstring("per: 0"));
  CHECK_THAT(problems("rate: {above: 1, window: 0}"), ContainsSubstring("window: 0"));
  CHECK_THAT(problems("missing: {}"), ContainsSubstring("after: a duration is needed here, such as 5m"));
  CHECK_THAT(problems("missing: {after: 0}"), ContainsSubstring("after: 0"));
}

TEST_CASE("silence is longer than the interval at which there are readings") {
  const WatchedSource slow{{"value"}, true, 600};
  CHECK_THAT(problems("missing: {after: 10m}", slow), ContainsSubstring("longer than read_interval, which is 600 s"));
  CHECK(problems("missing: {after: 601s}", slow).empty());
}
