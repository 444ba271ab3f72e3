#include "imagenode/detect/picture_maker.hpp"

#include "catch.hpp"
#include "common/jpeg.hpp"
#include "golden.hpp"

using namespace imagenode;

namespace {

constexpr int kWidth = 80;
constexpr int kHeight = 60;

/// Right and lower half brighter, with more blue to the right.
common::Image picture() {
  common::Image image = common::Image::make(kWidth, kHeight, 3);
  std::size_t at = 0;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      image.pixels[at++] = static_cast<std::uint8_t>(40 + 2 * x);
      image.pixels[at++] = static_cast<std::uint8_t>(60 + y);
      image.pixels[at++] = static_cast<std::uint8_t>(y < 30 ? 50 : 90);
    }
  }
  return image;
}

Frame frame(PixelForm form) {
  const common::Image image = picture();
  common::Payload data(form == PixelForm::jpeg ? common::encode_jpeg(image) : image.pixels);
  return {form, kWidth, kHeight, std::move(data), {}, 0};
}

std::vector<DetectorSettings> detectors(const std::string& yaml) {
  return golden::parse_settings("detectors: " + yaml);
}

/// As the only detector of the view wants it.
common::Message sent(const Frame& frame, const std::string& keys, SendType send_type = SendType::jpg) {
  const auto settings = detectors("{light: {" + keys + "}}");
  common::Message message;
  PictureMaker(send_type, 95, settings).put(frame, settings.at(0).form, message);
  return message;
}

common::Image decoded(const common::Message& message) {
  common::Image image;
  common::decode_bgr(message.payload.view(), 1, image);
  return image;
}

/// A JPEG in grey has one component: the byte behind the sizes of its frame header.
int components(const common::Message& message) {
  const auto jpeg = message.payload.view();
  std::size_t at = 2;
  while (jpeg[at + 1] != 0xC0) at += 2 + (std::size_t{jpeg[at + 2]} << 8 | jpeg[at + 3]);
  return jpeg[at + 9];
}

int at(const common::Image& image, int x, int y, int channel) {
  return image.pixels[static_cast<std::size_t>((y * image.width + x) * image.channels + channel)];
}

using Shape = std::vector<std::int64_t>;

const std::string kRoi = "ROI: '(25,50),(75,100)'";  // from 20, 30 to 60, 60

}  // namespace

TEST_CASE("send roi gives the region alone, out of a camera's JPEG too") {
  for (const PixelForm form : {PixelForm::jpeg, PixelForm::bgr}) {
    INFO(name_of(form));
    const common::Image region = decoded(sent(frame(form), kRoi + ", send: roi"));
    CHECK(region.width == 40);
    CHECK(region.height == 30);
    for (const auto& [x, y] : {std::pair{0, 0}, {39, 0}, {0, 29}, {39, 29}}) {
      for (int channel = 0; channel < 3; ++channel) {
        CHECK(at(region, x, y, channel) == Approx(at(picture(), 20 + x, 30 + y, channel)).margin(12));
      }
    }
  }
}

TEST_CASE("send gray gives the whole picture in one component") {
  for (const PixelForm form : {PixelForm::jpeg, PixelForm::bgr}) {
    INFO(name_of(form));
    const common::Message message = sent(frame(form), kRoi + ", send: gray");
    CHECK(components(message) == 1);
    CHECK(decoded(message).width == kWidth);
    CHECK(decoded(message).height == kHeight);
    common::Image expected;
    common::decode_gray(frame(PixelForm::jpeg).data().view(), 1, expected);
    CHECK(at(decoded(message), 50, 40, 0) == Approx(at(expected, 50, 40, 0)).margin(4));
    // Of a camera's JPEG nothing is lost.
    common::Image got;
    common::decode_gray(message.payload.view(), 1, got);
    if (form == PixelForm::jpeg) CHECK(got.pixels == expected.pixels);
  }
  CHECK(components(sent(frame(PixelForm::jpeg), kRoi + ", send: full")) == 3);
}

TEST_CASE("send roi and gray gives the region in one component") {
  const common::Message message = sent(frame(PixelForm::jpeg), kRoi + ", send: [gray, roi]");
  CHECK(components(message) == 1);
  CHECK(common::jpeg_size(message.payload.view()).width == 40);
  CHECK(common::jpeg_size(message.payload.view()).height == 30);
}

TEST_CASE("as an array a grey picture has two dimensions") {
  const auto shape = [](const std::string& keys) {
    const common::Message message = sent(frame(PixelForm::jpeg), keys, SendType::image);
    CHECK(message.array->dtype == "uint8");
    std::int64_t bytes = 1;
    for (const std::int64_t size : message.array->shape) bytes *= size;
    CHECK(message.payload.size() == static_cast<std::size_t>(bytes));
    return message.array->shape;
  };
  CHECK(shape(kRoi) == Shape{60, 80, 3});
  CHECK(shape(kRoi + ", send: roi") == Shape{30, 40, 3});
  CHECK(shape(kRoi + ", send: gray") == Shape{60, 80});
  CHECK(shape(kRoi + ", send: [roi, gray]") == Shape{30, 40});
}

TEST_CASE("a region of a grey camera keeps all bits as an array") {
  common::Bytes bytes(std::size_t{kWidth} * kHeight * 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  const Frame wide(PixelForm::gray16, kWidth, kHeight, common::Payload(bytes), {}, 0);
  for (const char* send : {", send: roi", ", send: [roi, gray]"}) {
    const common::Message region = sent(wide, kRoi + send, SendType::image);
    CHECK(region.array->dtype == "uint16");
    CHECK(region.array->shape == Shape{30, 40});
    const std::size_t corner = (30 * kWidth + 20) * 2;
    CHECK(region.payload.view()[0] == bytes[corner]);
    CHECK(region.payload.view()[1] == bytes[corner + 1]);
    CHECK(components(sent(wide, kRoi + send)) == 1);
  }
  CHECK(sent(wide, "send: gray", SendType::image).array->dtype == "uint16");
}

TEST_CASE("the whole frame is sent byte for byte when the region is all of it") {
  const Frame jpeg = frame(PixelForm::jpeg);
  CHECK(sent(jpeg, "send: roi").payload.view().data() == jpeg.data().view().data());
}

TEST_CASE("on a region that is sent alone the other regions and the time are drawn, not its own outline") {
  const auto settings = detectors("[{light: {" + kRoi +
                                  ", send: roi, draw_roi: '((0,0,255),4)', draw_time: '((0,255,0),2)', "
                                  "draw_time_org: '(0,90)', draw_time_fontScale: 0.3}}, "
                                  "{light: {ROI: '(50,0),(100,75)', draw_roi: '((255,0,0),4)'}}]");
  common::Message message;
  const PictureMaker pictures(SendType::image, 95, settings);
  pictures.put(frame(PixelForm::bgr), settings[0].form, message);
  common::Image drawn{40, 30, 3, 1, {}};
  drawn.pixels.assign(message.payload.view().begin(), message.payload.view().end());
  CHECK(message.array->shape == Shape{30, 40, 3});
  // Its own edges are as they were.
  CHECK(at(drawn, 0, 5, 2) == 90);
  CHECK(at(drawn, 39, 10, 2) == 90);
  // The other region begins at 40, 0 and ends at 80, 45: in this picture from 20 on, down to 15.
  CHECK(at(drawn, 20, 5, 0) == 255);
  CHECK(at(drawn, 30, 15, 0) == 255);
  CHECK(at(drawn, 10, 5, 0) == at(picture(), 30, 35, 0));
  // The time stands in this picture's lower left corner.
  int green = 0;
  for (int y = 18; y < 30; ++y) {
    for (int x = 0; x < 15; ++x) green += at(drawn, x, y, 1) > 200 ? 1 : 0;
  }
  CHECK(green > 5);

  // The whole picture has all of it.
  common::Message whole;
  pictures.put(frame(PixelForm::bgr), settings[1].form, whole);
  CHECK(whole.array->shape == Shape{60, 80, 3});
  CHECK(whole.payload.view()[(45 * kWidth + 20) * 3 + 2] == 255);
}

TEST_CASE("what is drawn is drawn on grey pictures too") {
  const auto settings = detectors("{light: {" + kRoi + ", send: gray, draw_roi: '((255,255,255),2)'}}");
  common::Message message;
  PictureMaker(SendType::image, 95, settings).put(frame(PixelForm::jpeg), settings[0].form, message);
  CHECK(message.array->shape == Shape{60, 80});
  CHECK(message.payload.view()[30 * kWidth + 40] == 255);
}

TEST_CASE("a damaged JPEG cannot become a part or grey") {
  const Frame damaged(PixelForm::jpeg, kWidth, kHeight, common::Payload(common::Bytes(500, 7)), {}, 0);
  CHECK_THROWS_AS(sent(damaged, kRoi + ", send: roi"), common::JpegError);
  CHECK_THROWS_AS(sent(damaged, "send: gray"), common::JpegError);
}
