#include "catch.hpp"
#include "golden.hpp"

using namespace imagenode;
using golden::Read;

TEST_CASE("the detectors give the reference's events on every golden clip", "[golden]") {
  for (const golden::Case& one : golden::cases()) {
    for (const Decoding decoding : {Decoding::luminance, Decoding::full}) {
      INFO(one.name << (decoding == Decoding::full ? " in full colour" : " in luminance"));
      CHECK(golden::replayed(one, Read::decoded, {1, decoding}) == one.events);
    }
  }
}

TEST_CASE("compressed frames give the reference's events, decoded as luminance alone or in full colour", "[golden]") {
  for (const golden::Case& one : golden::cases()) {
    if (one.clip.filename() != "yard.avi") continue;  // the other clips are not MJPEG
    for (const Decoding decoding : {Decoding::luminance, Decoding::full}) {
      INFO(one.name << (decoding == Decoding::full ? " in full colour" : " in luminance"));
      CHECK(golden::replayed(one, Read::compressed, {1, decoding}) == one.events);
    }
  }
}
