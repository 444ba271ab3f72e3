#include "catch.hpp"
#include "common/run_program.hpp"
#include "imagenode/sensor/program_output.hpp"
#include "imagenode/sensor/reading_text.hpp"
#include "sensor_fixture.hpp"

using namespace imagenode;

namespace {

using Fields = std::map<std::string, double>;
using Units = std::map<std::string, std::string>;

std::string problem(const std::string& output) {
  try {
    parse_program_output(output);
  } catch (const SensorError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a program may print a number, with a unit or without") {
  CHECK(parse_program_output("21.5\n").fields == Fields{{"value", 21.5}});
  CHECK(parse_program_output(" +3e2 lx ").fields == Fields{{"value", 300}});
  CHECK(parse_program_output("48.3'C").units == Units{{"value", "'C"}});
}

TEST_CASE("a program may print pairs") {
  const Reading reading = parse_program_output("temp=48.3'C fan=1200, name=pump;x=-1\ny = 3");
  CHECK(reading.fields == Fields{{"temp", 48.3}, {"fan", 1200}, {"x", -1}});
  CHECK(reading.units == Units{{"temp", "'C"}});
}

TEST_CASE("a program may print a JSON object, of which numbers count") {
  CHECK(parse_program_output(R"({"t": 21.5, "on": true, "off": false, "name": "x", "deep": {"a": 1}, "none": null})")
            .fields == Fields{{"t", 21.5}, {"on", 1}, {"off", 0}});
  CHECK_THAT(problem(R"({"t": 21.5)"), ContainsSubstring("none"));
  CHECK_THAT(problem(R"({"t": 1e999})"), ContainsSubstring("none"));
}

TEST_CASE("what is no reading is said with what the program printed") {
  for (const std::string output : {"", "no sensor", "12:30", "1.2.3", "{}", "nan", "inf", "a=b"}) {
    INFO(output);
    CHECK_THAT(problem(output), ContainsSubstring("neither a number nor name=number nor JSON"));
  }
  CHECK_THAT(problem("a=1 \xff=2"), ContainsSubstring("UTF-8"));
  std::string many;
  for (int i = 0; i < 257; ++i) many += " f" + std::to_string(i) + "=1";
  CHECK_THAT(problem(many), ContainsSubstring("257 numbers; 256 may be sent"));
  CHECK_THAT(problem(std::string(5000, 'a') + "=1 " + std::string(5000, 'b') + "=2"),
             ContainsSubstring("names of 10000 bytes; 8192 may be sent"));
}

TEST_CASE("a command is a sensor: its fields, with the units of the settings") {
  SensorBench bench;
  const auto one = bench.sensor("type: command, command: [printf, '%s', 21.5], unit: C")->read({});
  CHECK(one.at(0).text == "sensor S1|21.5 C");
  const auto several =
      bench.sensor("type: command, command: [echo, 'wind=3.2 rain=0.5mm'], units: {wind: m/s, snow: cm}")->read({});
  CHECK(several.at(0).text == "sensor S1|rain 0.5 mm, wind 3.2 m/s");
  CHECK(several.at(0).units == Units{{"rain", "mm"}, {"wind", "m/s"}});
}

TEST_CASE("a name or unit that a program chooses does not end a part of the text") {
  SensorBench bench;
  const auto readings =
      bench.sensor(R"(type: command, command: [echo, '{"a|b": 1}'], units: {'a|b': 'x|y'})")->read({});
  CHECK(readings.at(0).text == "sensor S1|1 x/y");
  const auto several = bench.sensor(R"(type: command, command: [echo, '{"a|b": 1, "c": 2}'])")->read({});
  CHECK(several.at(0).text == "sensor S1|a/b 1, c 2");
  CHECK(several.at(0).fields == Fields{{"a|b", 1}, {"c", 2}});
}

TEST_CASE("a command that fails or takes too long gives no reading") {
  SensorBench bench;
  CHECK_THROWS_AS(bench.sensor("type: command, command: [sh, '-c', 'echo 1; exit 1']")->read({}), common::ProgramError);
  CHECK_THROWS_AS(bench.sensor("type: command, command: [sleep, 100], timeout: 0.2s")->read({}), common::ProgramError);
}

TEST_CASE("values are shown as people read them") {
  CHECK(shown(48.388671875, "%") == "48.389 %");
  CHECK(shown(1234567.8, "") == "1234567.8");
  CHECK(shown(100000, "Pa") == "100000 Pa");
  CHECK(shown(2.4e9, "Hz") == "2400000000 Hz");
  CHECK(shown(1.5e300, "") == "1.5e+300");
  CHECK(shown(-0.0, "C") == "0 C");
  CHECK(shown(-0.5, "") == "-0.5");
  CHECK(shown(0.000123456, "A") == "0.000123 A");
}
