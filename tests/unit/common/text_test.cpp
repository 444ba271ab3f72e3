#include "common/text.hpp"

#include "catch.hpp"
#include "common/field_text.hpp"

using namespace common;

TEST_CASE("parts are joined, numbers in their shortest form") {
  CHECK(cat("port ", 5555, ' ', 0.5, ' ', 10.0, ' ', std::string("x"), -3L) == "port 5555 0.5 10 x-3");
}

TEST_CASE("what is escaped stays on one line and says what it was") {
  CHECK(escaped("a\nb\rc\td\\e") == "a\\nb\\rc\\td\\\\e");
  CHECK(escaped(std::string("nul\0x\x1b\x7f", 7)) == "nul\\x00x\\x1b\\x7f");
  CHECK(escaped("Käfer \xe2\x82\xac") == "Käfer \xe2\x82\xac");
  CHECK(escaped("\xff\xc3(\xed\xa0\x80") == "\\xff\\xc3(\\xed\\xa0\\x80");
  CHECK(escaped("\xe2\x82") == "\\xe2\\x82");
}

TEST_CASE("what was escaped can be read back, and what never was stays as it is") {
  for (const std::string& text :
       {std::string("a\nb\rc\td\\e"), std::string("nul\0x\x1b\x7f", 7), std::string("\xff\xc3("), std::string("\\n"),
        std::string("\\\\x41"), std::string()}) {
    CHECK(unescaped(escaped(text)) == text);
  }
  CHECK(unescaped("a\\") == "a\\");
  CHECK(unescaped("\\x4") == "\\x4");
  CHECK(unescaped("\\xzz\\q") == "\\xzz\\q");
}

TEST_CASE("a field of a message is one line without bars, and has its bound") {
  CHECK(common::as_field("a|b\nc", 100) == "a/b\\nc");
  CHECK(common::as_field("abcdef", 3) == "abc");
}

TEST_CASE("the distance counts single edits") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("patience", "patiense") == 1);
  CHECK(edit_distance("adress", "address") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("blanks around a text go, those inside stay") {
  CHECK(trimmed(" \t a b \r\n") == "a b");
  CHECK(trimmed(" \n ").empty());
  CHECK(lower("AbZ-9") == "abz-9");
  CHECK(hex64(0x1fULL) == "000000000000001f");
  CHECK(hex64(~0ULL) == "ffffffffffffffff");
}
