#include "imagenode/camera/transform.hpp"

#include "catch.hpp"
#include "common/jpeg.hpp"

using namespace imagenode;

namespace {

/// 4x2 pixels, numbered from 0 in all three channels.
FramePtr numbered() {
  common::Bytes pixels;
  for (std::uint8_t i = 0; i < 8; ++i) pixels.insert(pixels.end(), {i, i, i});
  return std::make_shared<const Frame>(PixelForm::bgr, 4, 2, common::Payload(pixels), CaptureTime{5, 6}, 7);
}

std::vector<int> first_channel(const FramePtr& frame) {
  std::vector<int> values;
  for (std::size_t i = 0; i < frame->data().size(); i += 3) values.push_back(frame->data().view()[i]);
  return values;
}

}  // namespace

TEST_CASE("a frame with nothing to do passes as it is") {
  const FramePtr frame = numbered();
  CHECK(transformed(frame, {}) == frame);
}

TEST_CASE("vflip turns by 180 degrees") {
  const FramePtr turned = transformed(numbered(), {true, {}});
  CHECK(first_channel(turned) == std::vector<int>{7, 6, 5, 4, 3, 2, 1, 0});
  CHECK(turned->time().utc_ns == 5);
  CHECK(turned->time().monotonic_ns == 6);
  CHECK(turned->number() == 7);
}

TEST_CASE("resize_width averages areas and keeps the proportions") {
  const FramePtr half = transformed(numbered(), {false, 50});
  CHECK(half->width() == 2);
  CHECK(half->height() == 1);
  // (0 + 1 + 4 + 5) / 4 = 2.5 and (2 + 3 + 6 + 7) / 4 = 4.5, to the next even or odd as OpenCV rounds.
  CHECK(first_channel(half)[0] == Approx(2.5).margin(0.5));
  CHECK(first_channel(half)[1] == Approx(4.5).margin(0.5));
}

TEST_CASE("both together turn first") {
  const FramePtr both = transformed(numbered(), {true, 50});
  CHECK(first_channel(both)[0] == Approx(4.5).margin(0.5));
}

TEST_CASE("sizes are floored as in the Python node") {
  CHECK(resized(640, 480, 33).width == 211);
  CHECK(resized(640, 480, 33).height == 158);  // 480 * (211 / 640) = 158.25
  CHECK(resized(321, 240, 50).width == 160);
  CHECK(resized(321, 240, 50).height == 119);  // 119.6
  CHECK(resized(640, 480, 200).height == 960);
  CHECK(resized(10, 10, 0.1).width == 1);
}

TEST_CASE("vflip and resize_width end the pass-through of JPEG, but only for cameras that do not turn themselves") {
  common::Image image = common::Image::make(16, 16, 3);
  const auto frame = std::make_shared<const Frame>(PixelForm::jpeg, 16, 16, common::Payload(common::encode_jpeg(image)),
                                                   CaptureTime{}, 0);
  CHECK(transformed(frame, {true, {}})->form() == PixelForm::bgr);

  CameraSettings settings;
  settings.vflip = true;
  settings.label = "W1";
  CHECK(transform_of(settings).half_turn);
  settings.label = "P1";
  CHECK_FALSE(transform_of(settings).any());
}
