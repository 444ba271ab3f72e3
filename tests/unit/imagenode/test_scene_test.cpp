#include "imagenode/camera/test_scene.hpp"

#include <cstdlib>
#include <numeric>

#include "catch.hpp"
#include "common/jpeg.hpp"
#include "imagenode/camera/test_source.hpp"
#include "source_fixture.hpp"

using namespace imagenode;

namespace {

int mean(const common::Image& image) {
  return static_cast<int>(std::accumulate(image.pixels.begin(), image.pixels.end(), std::int64_t{0}) /
                          static_cast<std::int64_t>(image.pixels.size()));
}

/// Share of the picture that differs visibly, in percent.
double difference(common::Image a, const common::Image& b) {
  int different = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) different += std::abs(a.pixels[i] - b.pixels[i]) > 20 ? 1 : 0;
  return 100.0 * different / static_cast<double>(a.pixels.size());
}

}  // namespace

TEST_CASE("the test scene is a pure function of the frame number") {
  TestScene one({320, 240});
  TestScene other({320, 240});
  one.draw(3);
  CHECK(one.draw(47).pixels == other.draw(47).pixels);
  CHECK(one.draw(5).pixels == other.draw(5 + TestScene::kRound).pixels);
}

TEST_CASE("the figure of the test scene walks, rests and walks back") {
  TestScene scene({640, 480});
  const auto moved = [&](std::int64_t from, std::int64_t to) {
    const common::Image before = scene.draw(from);
    return difference(before, scene.draw(to));
  };
  CHECK(moved(10, 15) > 3);
  CHECK(moved(70, 90) < 0.1);
  CHECK(moved(110, 115) > 3);
  CHECK(moved(170, 190) < 0.1);
  CHECK(moved(70, 71) > 0);
}

TEST_CASE("the lamp of the test scene takes the mean grey across the light detector's threshold") {
  TestScene scene({640, 480});
  CHECK(mean(scene.draw(29)) < 85);
  CHECK(mean(scene.draw(30)) > 115);
  CHECK(mean(scene.draw(129)) > 115);
  CHECK(mean(scene.draw(130)) < 85);
}

TEST_CASE("the test source gives the scene as JPEG frames at its pace") {
  WaitedTime time;
  TestSource source(CameraSettings{}, time.seams);
  source.open({});
  std::vector<FramePtr> frames;
  for (int i = 0; i < 12; ++i) frames.push_back(source.read({}));
  CHECK(frames[11]->form() == PixelForm::jpeg);
  CHECK(frames[11]->width() == 640);
  CHECK(frames[11]->number() == 11);
  CHECK(frames[11]->time().utc_ns - frames[1]->time().utc_ns == common::kSecond);
  CHECK(common::jpeg_size(frames[0]->data().view()).height == 480);

  TestSource again(CameraSettings{}, time.seams);
  again.open({});
  CHECK(bytes_of_frame(again.read({})) == bytes_of_frame(frames[0]));
}

TEST_CASE("the second round of the test source is not encoded again") {
  WaitedTime time;
  CameraSettings settings;
  settings.resolution = Resolution{64, 48};
  TestSource source(settings, time.seams);
  source.open({});
  const FramePtr first = source.read({});
  for (std::int64_t i = 1; i < TestScene::kRound; ++i) source.read({});
  const FramePtr again = source.read({});
  CHECK(again->number() == TestScene::kRound);
  CHECK(again->data().view().data() == first->data().view().data());
}

TEST_CASE("a stop ends the wait of the test source") {
  FakeClock clock;
  std::stop_source stop;
  TestSource source(CameraSettings{}, {clock, [&](const std::stop_token&, std::int64_t) { stop.request_stop(); }});
  source.open(stop.get_token());
  CHECK(source.read(stop.get_token()));
  CHECK_FALSE(source.read(stop.get_token()));
}
