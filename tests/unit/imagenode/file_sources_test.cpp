#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "catch.hpp"
#include "common/jpeg.hpp"
#include "imagenode/camera/image_files_source.hpp"
#include "imagenode/camera/source_factory.hpp"
#include "imagenode/camera/video_file_source.hpp"
#include "source_fixture.hpp"

using namespace imagenode;
using common::Bytes;

namespace {

const std::filesystem::path kYard = std::filesystem::path(TEST_DATA) / "golden/yard.avi";
const std::filesystem::path kMeter = std::filesystem::path(TEST_DATA) / "golden/meter.avi";

CameraSettings settings_for(const std::string& src) {
  CameraSettings settings;
  settings.label = "W1";
  settings.src = src;
  return settings;
}

/// The video chunks (00dc) of an AVI's movi list.
std::vector<Bytes> chunks_of_avi(const std::filesystem::path& path) {
  const Bytes file = bytes_of_file(path);
  const std::string movi = "movi";
  auto at = std::search(file.begin(), file.end(), movi.begin(), movi.end()) + 4;
  std::vector<Bytes> chunks;
  while (file.end() - at > 8 && std::string(at, at + 4) == "00dc") {
    const auto size = static_cast<std::ptrdiff_t>(at[4] | at[5] << 8 | at[6] << 16 | at[7] << 24);
    chunks.emplace_back(at + 8, at + 8 + size);
    at += 8 + size + size % 2;
  }
  return chunks;
}

std::vector<FramePtr> read_all(FrameSource& source, std::size_t limit = 1000) {
  std::vector<FramePtr> frames;
  while (frames.size() < limit) {
    FramePtr frame = source.read({});
    if (!frame) break;
    frames.push_back(std::move(frame));
  }
  return frames;
}

void write(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

Bytes grey_jpeg(std::uint8_t value) {
  common::Image image = common::Image::make(32, 16, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return common::encode_jpeg(image);
}

}  // namespace

TEST_CASE("a Motion JPEG file gives its own JPEG pictures, byte for byte") {
  WaitedTime time;
  auto source = make_source(settings_for(kYard.string()), time.seams);
  source->open({});
  const auto frames = read_all(*source);
  const auto chunks = chunks_of_avi(kYard);
  REQUIRE(chunks.size() == 300);
  REQUIRE(frames.size() == chunks.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    INFO("frame " << i);
    REQUIRE(frames[i]->form() == PixelForm::jpeg);
    REQUIRE(frames[i]->number() == static_cast<std::int64_t>(i));
    REQUIRE(frames[i]->width() == 320);
    REQUIRE(frames[i]->height() == 240);
    REQUIRE(bytes_of_frame(frames[i]) == chunks[i]);
  }
  CHECK_FALSE(source->is_live());
  CHECK(source->damaged() == 0);
}

TEST_CASE("a video file of another codec is decoded to BGR") {
  WaitedTime time;
  auto source = make_source(settings_for(kMeter.string()), time.seams);
  source->open({});
  const auto frames = read_all(*source);
  REQUIRE(frames.size() == 200);
  CHECK(frames[0]->form() == PixelForm::bgr);
  CHECK(frames[0]->width() == 160);
  CHECK(frames[0]->data().size() == 160 * 120 * 3);
  CHECK_THAT(source->describe(), ContainsSubstring("160x120"));
}

TEST_CASE("a video file is paced by its own frame rate, or not at all") {
  WaitedTime time;
  CameraSettings settings = settings_for(kMeter.string());
  settings.pace = GENERATE(Pace::real, Pace::fast);
  auto source = make_source(settings, time.seams);
  source->open({});
  const std::int64_t start = time.clock.monotonic;
  const auto frames = read_all(*source, 21);
  REQUIRE(frames.size() == 21);
  const double waited = static_cast<double>(time.clock.monotonic - start) / common::kSecond;
  if (settings.pace == Pace::real) {
    // 20 intervals; the rate of the clip is said by its description.
    CHECK_THAT(source->describe(), ContainsSubstring(" at 10 frames/s"));
    CHECK(waited == Approx(2.0).margin(0.001));
    CHECK(frames[20]->time().monotonic_ns - frames[0]->time().monotonic_ns == Approx(2e9).margin(1e6));
  } else {
    CHECK(waited == 0);
  }
}

TEST_CASE("a looping video file starts again and goes on counting") {
  WaitedTime time;
  CameraSettings settings = settings_for(kYard.string());
  settings.loop = true;
  auto source = make_source(settings, time.seams);
  source->open({});
  const auto frames = read_all(*source, 302);
  REQUIRE(frames.size() == 302);
  CHECK(frames[301]->number() == 301);
  CHECK(bytes_of_frame(frames[300]) == bytes_of_frame(frames[0]));
  CHECK(bytes_of_frame(frames[301]) == bytes_of_frame(frames[1]));
}

TEST_CASE("a missing or unreadable video file is an error that names it") {
  WaitedTime time;
  CHECK_THROWS_WITH(make_source(settings_for("/nowhere/clip.avi"), time.seams)->open({}),
                    ContainsSubstring("/nowhere/clip.avi"));
  const TemporaryFolder folder;
  write(folder.path() / "clip.avi", Bytes{1, 2, 3});
  CHECK_THROWS_AS(make_source(settings_for(folder.path() / "clip.avi"), time.seams)->open({}), SourceError);
}

TEST_CASE("a folder of images is read in the order of names, JPEGs as they are") {
  WaitedTime time;
  const TemporaryFolder folder;
  write(folder.path() / "b.jpg", grey_jpeg(20));
  write(folder.path() / "a.jpg", grey_jpeg(10));
  cv::imwrite((folder.path() / "c.png").string(), cv::Mat(16, 32, CV_8UC3, cv::Scalar(1, 2, 3)));
  write(folder.path() / "d.jpg", Bytes{0xFF, 0xD8, 1, 2});
  write(folder.path() / "notes.txt", Bytes{'x'});
  auto source = make_source(settings_for(folder.path()), time.seams);
  source->open({});
  const auto frames = read_all(*source);
  REQUIRE(frames.size() == 3);
  CHECK(bytes_of_frame(frames[0]) == grey_jpeg(10));
  CHECK(bytes_of_frame(frames[1]) == grey_jpeg(20));
  CHECK(frames[2]->form() == PixelForm::bgr);
  CHECK(frames[2]->data().view()[2] == 3);
  CHECK(source->damaged() == 1);
}

TEST_CASE("a glob takes the images that match, at the frame rate that is set") {
  WaitedTime time;
  const TemporaryFolder folder;
  for (const char* name : {"x1.jpg", "x2.jpg", "y1.jpg"}) write(folder.path() / name, grey_jpeg(30));
  CameraSettings settings = settings_for(folder.path() / "x*.jpg");
  settings.framerate = 2;
  auto source = make_source(settings, time.seams);
  source->open({});
  const auto frames = read_all(*source);
  REQUIRE(frames.size() == 2);
  CHECK(frames[1]->time().utc_ns - frames[0]->time().utc_ns == common::kSecond / 2);
}

TEST_CASE("a looping folder takes up images that came meanwhile and ends when none can be read") {
  WaitedTime time;
  const TemporaryFolder folder;
  write(folder.path() / "a.jpg", grey_jpeg(10));
  CameraSettings settings = settings_for(folder.path());
  settings.loop = true;
  auto source = make_source(settings, time.seams);
  source->open({});
  CHECK(read_all(*source, 2).size() == 2);
  write(folder.path() / "b.jpg", grey_jpeg(20));
  CHECK(bytes_of_frame(read_all(*source, 2)[1]) == grey_jpeg(20));
  write(folder.path() / "a.jpg", Bytes{1});
  write(folder.path() / "b.jpg", Bytes{1});
  CHECK_THROWS_AS(read_all(*source, 5), SourceError);
}

TEST_CASE("a folder without images is an error that names it") {
  WaitedTime time;
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(make_source(settings_for(folder.path()), time.seams)->open({}),
                    ContainsSubstring(folder.path().string()));
}

TEST_CASE("a missing webcam or stream is a clear error without passwords") {
  WaitedTime time;
  CHECK_THROWS_WITH(make_source(settings_for("77"), time.seams)->open({}), ContainsSubstring("/dev/video77"));
  CHECK_THROWS_WITH(make_source(settings_for("http://eve:secret@127.0.0.1:9/cam"), time.seams)->open({}),
                    ContainsSubstring("http://127.0.0.1:9/cam") && !ContainsSubstring("secret"));
}
