#include "imagenode/detect/roi.hpp"

#include "catch.hpp"

using namespace imagenode;

TEST_CASE("a region's corners are rounded down, its far side is exclusive") {
  CHECK(roi_in({0, 0, 100, 100}, 320, 240) == RoiPixels{0, 0, 320, 240});
  CHECK(roi_in({65, 2, 100, 25}, 320, 240) == RoiPixels{208, 4, 320, 60});
  CHECK(roi_in({43, 14, 87, 66}, 160, 120) == RoiPixels{68, 16, 139, 79});
  CHECK(roi_in({33, 33, 66, 66}, 101, 99) == RoiPixels{33, 32, 66, 65});
}

TEST_CASE("floor division is Python's, for fractions too") {
  CHECK(percent_of(0.006, 307200) == 18);
  CHECK(percent_of(1.5, 10000) == 150);
  CHECK(percent_of(2.9, 100) == 2);
  CHECK(percent_of(0, 5) == 0);
  // 0.57 * 10000 is a hair below 5700 in binary.
  CHECK(percent_of(0.57, 10000) == 56);
}

TEST_CASE("a region thinner than a pixel is one pixel wide") {
  CHECK(roi_in({50, 50, 50.1, 50.1}, 40, 30) == RoiPixels{20, 15, 21, 16});
  CHECK(roi_in({99.9, 99.9, 100, 100}, 4, 4) == RoiPixels{3, 3, 4, 4});
}
