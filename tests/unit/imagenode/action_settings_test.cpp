#include "action_bench.hpp"
#include "catch.hpp"
#include "common/files.hpp"
#include "imagenode/settings.hpp"
#include "reference_settings.hpp"

using namespace imagenode;

namespace {

std::string problems(const std::string& keys) {
  return ActionBench::problems("a: {" + keys + "}");
}

}  // namespace

TEST_CASE("an action has its defaults") {
  const auto settings = ActionBench::settings({"siren: {when: 'Barn|PIR|motion', type: gpio, gpio: 23, set: on}"});
  CHECK(settings.front().label == "siren");
  CHECK(settings.front().type == "gpio");
  CHECK(settings.front().limits.cool_down_s == 0);
  CHECK_FALSE(settings.front().limits.at_most);
  CHECK(settings.front().limits.within_s == 3600);
  CHECK_FALSE(settings.front().dry_run);
}

TEST_CASE("an action without an event, or of no kind, is refused") {
  CHECK_THAT(problems("type: gpio, gpio: 1, set: on"), ContainsSubstring("when: the text of an event is needed"));
  CHECK_THAT(problems("when: moving, type: gpio, gpio: 1, set: on"), ContainsSubstring("is the text of no event"));
  CHECK_THAT(problems("when: '*'"), ContainsSubstring("one of command, gpio, http, send_frames"));
  CHECK_THAT(problems("when: '*', type: dance"), ContainsSubstring("dance is unknown"));
  CHECK_THAT(ActionBench::problems("'a|b': {when: '*', type: gpio, gpio: 1, set: on}"),
             ContainsSubstring("may not hold |"));
  CHECK_THAT(problems("when: '*', type: gpio, gpio: 1, set: on, within: 1m"),
             ContainsSubstring("says nothing without at_most"));
}

TEST_CASE("a pin is either set or pulsed") {
  CHECK_THAT(problems("when: '*', type: gpio, gpio: 1"), ContainsSubstring("either set, on or off, or pulse"));
  CHECK_THAT(problems("when: '*', type: gpio, gpio: 1, set: on, pulse: 1s"), ContainsSubstring("either set"));
  CHECK_THAT(problems("when: '*', type: gpio, set: on"), ContainsSubstring("gpio: a line is needed"));
  CHECK_THAT(problems("when: '*', type: gpio, gpio: 1, pulse: 2h"), ContainsSubstring("pulse: 2h is not"));
}

TEST_CASE("a program is a list, and no event chooses it") {
  CHECK_THAT(problems("when: '*', type: command"), ContainsSubstring("a program with its arguments is needed"));
  CHECK_THAT(problems("when: '*', type: command, command: say it"), ContainsSubstring("there is no shell"));
  CHECK_THAT(problems("when: '*', type: command, command: ['{text}']"), ContainsSubstring("cannot come from an event"));
  CHECK_THAT(problems("when: '*', type: command, command: [a, '{nothing}']"), ContainsSubstring("known are {text}"));
}

TEST_CASE("frames are those of a camera that there is") {
  CHECK(problems("when: '*', type: send_frames, view: door").empty());
  CHECK(problems("when: '*', type: send_frames, view: P2, count: 1000").empty());
  CHECK_THAT(problems("when: '*', type: send_frames, view: attic"), ContainsSubstring("attic is neither a viewname"));
  CHECK_THAT(problems("when: '*', type: send_frames, count: 1001"), ContainsSubstring("count: 1001"));
}

TEST_CASE("a request has an address, one line per header, and statuses that there are") {
  const std::string http = "when: '*', type: http, ";
  CHECK(problems(http + "url: 'https://ntfy.sh/my-farm'").empty());
  CHECK(problems(http + "url: 'http://user:word@192.168.1.50:8080/siren?on=1', method: get").empty());
  CHECK_THAT(problems("when: '*', type: http"), ContainsSubstring("url: an address is needed"));
  for (const char* wrong : {"ntfy.sh/my-farm", "ftp://host/x", "file:///etc/passwd", "https://", "http://a b/"}) {
    CHECK_THAT(problems(http + "url: '" + wrong + "'"), ContainsSubstring("is no address such as"));
  }
  const std::string there = http + "url: 'http://host/', ";
  CHECK_THAT(problems(there + "method: get, body: {a: 1}"), ContainsSubstring("a GET has none"));
  CHECK_THAT(problems(there + "body: {a: [{b: '{what}'}]}"), ContainsSubstring("known are {text}"));
  CHECK_THAT(problems(there + "body: {a: 1, a: 2}"), ContainsSubstring("a stands twice"));
  CHECK_THAT(problems(there + R"(headers: {Title: "a\r\nHost: b"})"), ContainsSubstring("no header of one line"));
  CHECK_THAT(problems(there + "headers: {'a b': c}"), ContainsSubstring("no header of one line"));
  CHECK_THAT(problems(there + "status: [200, 99]"), ContainsSubstring("99 is no status"));
  CHECK_THAT(problems(there + "ca_file: lab.pem"), ContainsSubstring("the whole path"));
}

TEST_CASE("a dry run says what would be done, without secrets") {
  const auto plan = [](const std::string& keys) {
    FakeGpio gpio;
    SharedPins pins(gpio.chips());
    common::Message event;
    event.text = "Barn|Temp|75 F";
    event.fields["temperature"] = 75.5;
    return ActionBench::settings({"a: {when: '*', " + keys + "}"}).front().kind.make({pins, {}, {}})->plan(event);
  };
  CHECK(plan("type: gpio, gpio: 23, pulse: 800ms") == "pin 23 on for 0.8 s");
  CHECK(plan("type: gpio, gpio: 23, set: off") == "pin 23 off");
  CHECK(plan("type: command, command: [say, '{text} now']") == "run 'say' 'Barn|Temp|75 F now'");
  CHECK(plan("type: send_frames, count: 3, view: door") == "SendFrames 3 door");
  CHECK(plan("type: http, url: 'https://host:99/bot-secret/send', method: get") == "GET to host");
  CHECK(
      plan("type: http, url: 'https://a:secret@host/', headers: {Token: secret}, body: {b: ['{field.temperature}', 1, "
           "'1', True, null, '{field.no}'], a: '{field.temperature} F'}") ==
      R"(POST to host: {"a":"75.5 F","b":[75.5,1,"1",true,null,null]})");
  CHECK(plan("type: http, url: 'https://host/', body: '{detail} \"now\"'") == "POST to host: 75 F \"now\"");
}

TEST_CASE("the examples of the guide to actions are good settings") {
  const std::string head =
      "node: {name: Barn}\nhub_address: {H1: 'tcp://hub:5555'}\n"
      "cameras: {P1: {viewname: yard, detectors: {light: {}}}}\n";
  const auto folder = std::filesystem::path(PROJECT_ROOT) / "docs" / "guide";
  const auto examples = reference_settings::examples(common::read_text_file(folder / "actions.md"), "actions");
  CHECK(examples.size() == 6);
  for (const std::string& example : examples) {
    INFO(example);
    auto file = common::SettingsFile::parse(head + example, "imagenode.yaml");
    read_node_settings(file);
    CHECK_NOTHROW(file.finish());
  }
}
