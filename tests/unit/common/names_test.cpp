#include "common/names.hpp"

#include "catch.hpp"

using common::path_component;

TEST_CASE("a name from the network cannot leave its folder") {
  CHECK(path_component("../../etc/passwd") == "-..-etc-passwd");
  CHECK(path_component("..") == "unnamed");
  CHECK(path_component("") == "unnamed");
  CHECK(path_component(".hidden") == "hidden");
  CHECK(path_component(std::string("a\0b", 3)) == "a-b");
  CHECK(path_component("a\nb\x1b") == "a-b-");
  CHECK(path_component(std::string(5000, 'x')).size() == 100);
}

TEST_CASE("names that the Python hub wrote stay the same") {
  CHECK(path_component("Barn door") == "Barn-door");
  CHECK(path_component("Barn_1.b-c") == "Barn_1.b-c");
}

TEST_CASE("a character of several bytes becomes one dash") {
  CHECK(path_component("Stall für Kühe") == "Stall-f-r-K-he");
}
