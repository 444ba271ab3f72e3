#include "common/rows.hpp"

#include "catch.hpp"

using namespace common;
using Columns = std::vector<RowColumn>;

namespace {

const std::string kHeader = "ID,Timestamp,Temp (C)\r\n";

RowChunk good(std::string_view csv) {
  const auto result = parse_rows(csv);
  if (const auto* wrong = std::get_if<std::string>(&result)) FAIL(*wrong);
  return std::get<RowChunk>(result);
}

std::string wrong(const std::string& csv) {
  const auto result = parse_rows(csv);
  const auto* text = std::get_if<std::string>(&result);
  return text == nullptr ? "in order" : *text;
}

}  // namespace

TEST_CASE("rows come out as they stand there, with their times to the nanosecond") {
  const std::string csv = kHeader + "1,1795168800.123456789,20.5\r\n2,1795168801,\r\n";
  const RowChunk chunk = good(csv);
  CHECK(chunk.header == "ID,Timestamp,Temp (C)");
  REQUIRE(chunk.rows.size() == 2);
  CHECK(chunk.rows[0].text == "1,1795168800.123456789,20.5");
  CHECK(chunk.rows[0].time_ns == 1'795'168'800'123'456'789);
  CHECK(chunk.rows[1].text == "2,1795168801,");
  CHECK(chunk.rows[1].id == 2);
  CHECK(chunk.rows[1].time_ns == 1'795'168'801'000'000'000);
}

TEST_CASE("lines may end with LF, the last one with nothing") {
  const RowChunk chunk = good("ID,Timestamp,x\n1,5.5,a\n2,6.5,b");
  REQUIRE(chunk.rows.size() == 2);
  CHECK(chunk.rows[1].text == "2,6.5,b");
}

TEST_CASE("a field in quotes holds commas, quotes and line ends") {
  const RowChunk chunk = good("ID,\"Timestamp\",\"say \"\"hi\"\", you (m,s)\"\r\n1,5,\"a,\r\n\"\"b\"\"\"\r\n2,6,c\r\n");
  REQUIRE(chunk.rows.size() == 2);
  CHECK(chunk.rows[0].text == "1,5,\"a,\r\n\"\"b\"\"\"");
  CHECK(columns_of(chunk.header) == Columns{{"ID", ""}, {"Timestamp", ""}, {"say \"hi\", you", "m,s"}});
}

TEST_CASE("the unit of a column stands in brackets at its end") {
  CHECK(columns_of("ID,Timestamp,Temp (deg C),(odd),f(x) (1/s)") ==
        Columns{{"ID", ""}, {"Timestamp", ""}, {"Temp", "deg C"}, {"(odd)", ""}, {"f(x)", "1/s"}});
}

TEST_CASE("what is no chunk of rows is refused with place, cause and remedy") {
  CHECK(wrong("") == "line 1: no header; begin each chunk with ID,Timestamp,<name> (<unit>)...");
  CHECK(wrong("1,2,3\r\n").starts_with("line 1: no header"));
  CHECK(wrong("ID,Timestamp\r\n1,2\r\n").starts_with("line 1: no header"));
  CHECK(wrong(kHeader) == "line 1: no row behind the header; send a chunk when there are rows");
  CHECK(wrong(kHeader + "1,2,3\r\n2,3\r\n") == "line 3: 2 columns, the header has 3; send as many fields as columns");
  CHECK(wrong(kHeader + "1,2,3\r\n\r\n").starts_with("line 3: 1 column, the header has 3"));
  CHECK(wrong(kHeader + "1,2,\"a\nb\"\r\n2,3\r\n").starts_with("line 4: 2 columns"));
  CHECK(wrong(kHeader + "x,2,3\r\n") == "line 2: the ID is x; send a whole number");
  for (const std::string timestamp : {"", "-1", "1e9", "1.", ".5", "1,5", "99999999999", "12:30", "1.5x"}) {
    CHECK(wrong(kHeader + "1,\"" + timestamp + "\",3\r\n").starts_with("line 2: the Timestamp is "));
  }
  CHECK(wrong(kHeader + "1,2,\xff\r\n") == "not UTF-8; send text in UTF-8");
  CHECK(wrong(kHeader + "1,2,a\"b\r\n").starts_with("line 2: a quote or a carriage return within a field"));
  CHECK(wrong(kHeader + "1,2,\"a\"b\r\n").starts_with("line 2: a quote or a carriage return within a field"));
  CHECK(wrong(kHeader + "1,2,a\rb\r\n").starts_with("line 2: a quote or a carriage return within a field"));
  CHECK(wrong(kHeader + "1,2,\"a\r\n").starts_with("line 2: a quote that is not closed"));
}

TEST_CASE("rows, columns and chunks have limits") {
  const std::string widest(RowLimits::kRowBytes - 4, 'x');
  CHECK(wrong(kHeader + "1,2," + widest + "\r\n") == "in order");
  CHECK(wrong(kHeader + "1,2," + widest + "x\r\n") == "line 2: more than 65536 bytes in a row");
  std::string columns = "ID,Timestamp";
  for (std::size_t i = 2; i <= RowLimits::kColumns; ++i) columns += ",c";
  CHECK(wrong(columns + "\r\n") == "line 1: more than 1000 columns");
  std::string rows = kHeader;
  for (std::size_t i = 0; i <= RowLimits::kRows; ++i) rows += "1,2,3\n";
  CHECK(wrong(rows).ends_with("more than 100000 rows; send smaller chunks"));
}
