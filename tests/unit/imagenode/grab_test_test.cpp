#include "imagenode/grab_test.hpp"

#include <sstream>

#include "catch.hpp"
#include "common/jpeg.hpp"
#include "source_fixture.hpp"

using namespace imagenode;

TEST_CASE("--test saves a picture of each camera and says what failed") {
  WaitedTime time;
  const TemporaryFolder folder;
  CameraSettings good;
  good.label = "W/1";
  good.src = "test";
  good.resize_width = 50;
  CameraSettings missing;
  missing.label = "W2";
  missing.src = "/nowhere/clip.avi";
  std::ostringstream out;
  CHECK_FALSE(grab_test({missing, good}, folder.path(), time.seams, out));
  CHECK_THAT(out.str(), ContainsSubstring("W2: FAILED: there is no file /nowhere/clip.avi"));
  CHECK_THAT(out.str(), ContainsSubstring("W/1: 320x240, 10 frames/s, captured as test scene, JPEG 640x480"));
  const auto path = folder.path() / "imagenode-test-W-1.jpg";
  CHECK(common::jpeg_size(bytes_of_file(path)).width == 320);

  std::ostringstream again;
  CHECK(grab_test({good}, folder.path(), time.seams, again));
}
