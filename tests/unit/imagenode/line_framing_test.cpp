#include "catch.hpp"
#include "line_fixture.hpp"

using namespace imagenode;

namespace {

/// What a framing makes of bytes that come in pieces.
struct Cut final : FrameSink {
  explicit Cut(const std::string& keys) : framing(LineBench::settings("type: stdin, " + keys).framing()) {}

  void frame(std::string_view bytes, const Moment& first) override {
    frames.emplace_back(bytes);
    times.push_back(first.utc_ns);
  }
  void bad_frame(std::string_view bytes, const Moment&, const std::string& reason) override {
    bad.push_back(std::string(bytes) + ": " + reason);
  }
  bool take(std::string_view bytes) { return framing->take(bytes, {++now, now, true}, *this); }
  void take(std::string_view bytes, bool byte_by_byte) {
    if (!byte_by_byte) take(bytes);
    for (std::size_t at = 0; byte_by_byte && at < bytes.size(); ++at) take(bytes.substr(at, 1));
  }

  std::unique_ptr<Framing> framing;
  std::vector<std::string> frames;
  std::vector<std::string> bad;
  std::vector<std::int64_t> times;
  std::int64_t now = 0;
};

using Frames = std::vector<std::string>;

}  // namespace

TEST_CASE("lines end with LF or CR LF, however they come in pieces") {
  for (const bool slowly : {false, true}) {
    Cut cut("fields: [a], max_length: 3");
    const std::string bytes = "1\n\r\n22\r\n\n333\r\n333\n4\r4\nre";
    cut.take(bytes, slowly);
    CHECK(cut.frames == Frames{"1", "22", "333", "333", "4\r4"});
    CHECK(cut.bad.empty());
    CHECK(cut.framing->pending() == 2);
  }
}

TEST_CASE("a line that is too long is refused once, and the next is good again") {
  for (const bool slowly : {false, true}) {
    Cut cut("fields: [a], max_length: 3");
    const std::string bytes = "1234\n12\n" + std::string(100, 'x') + "\r\n123\r4\n3\n";
    cut.take(bytes, slowly);
    CHECK(cut.frames == Frames{"12", "3"});
    CHECK(cut.bad.size() == 3);
    CHECK(cut.framing->pending() == 0);
  }
}

TEST_CASE("a line has the time of its first byte") {
  Cut cut("fields: [a]");
  cut.take("1\n2");
  cut.take("2");
  cut.take("\n3\n");
  CHECK(cut.frames == Frames{"1", "22", "3"});
  CHECK(cut.times == std::vector<std::int64_t>{1, 1, 3});
}
