#include "imagenode/frame/frame.hpp"

#include <bit>
#include <opencv2/imgproc.hpp>

#include "catch.hpp"
#include "common/jpeg.hpp"

using namespace imagenode;

namespace {

constexpr int kWidth = 46;
constexpr int kHeight = 30;

/// A smooth picture in colour, so that JPEG and subsampled colour come near to it.
cv::Mat picture() {
  cv::Mat mat(kHeight, kWidth, CV_8UC3);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      mat.at<cv::Vec3b>(y, x) = {static_cast<uchar>(60 + 2 * x), static_cast<uchar>(40 + 5 * y),
                                 static_cast<uchar>(200 - 3 * x)};
    }
  }
  return mat;
}

common::Bytes bytes_of(const cv::Mat& mat) {
  return {mat.datastart, mat.dataend};
}

Frame frame(PixelForm form, common::Bytes bytes) {
  return {form, kWidth, kHeight, common::Payload(std::move(bytes)), {}, 0};
}

cv::Mat mat_of(const common::Image& image) {
  return {image.height, image.width, CV_8UC(image.channels), const_cast<std::uint8_t*>(image.pixels.data())};
}

double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_INF);
}

cv::Mat gray_of(const cv::Mat& bgr) {
  cv::Mat gray;
  cv::cvtColor(bgr, gray, cv::COLOR_BGR2GRAY);
  return gray;
}

/// Full range, as rpicam-vid and JPEG have it.
common::Bytes yuv420_of(const cv::Mat& bgr) {
  cv::Mat ycrcb;
  cv::cvtColor(bgr, ycrcb, cv::COLOR_BGR2YCrCb);
  std::vector<cv::Mat> planes;
  cv::split(ycrcb, planes);
  common::Bytes bytes = bytes_of(planes[0]);
  for (const int plane : {2, 1}) {
    cv::Mat small;
    cv::resize(planes[static_cast<std::size_t>(plane)], small, {kWidth / 2, kHeight / 2}, 0, 0, cv::INTER_AREA);
    bytes.insert(bytes.end(), small.datastart, small.dataend);
  }
  return bytes;
}

common::Bytes jpeg_of(const cv::Mat& bgr) {
  common::Image image = common::Image::make(bgr.cols, bgr.rows, 3);
  image.pixels = bytes_of(bgr);
  return common::encode_jpeg(image);
}

}  // namespace

TEST_CASE("every pixel form becomes the same grey and the same colours") {
  const cv::Mat bgr = picture();
  const cv::Mat gray = gray_of(bgr);

  const Frame plain = frame(PixelForm::bgr, bytes_of(bgr));
  CHECK(largest_difference(mat_of(plain.gray()), gray) == 0);
  CHECK(largest_difference(mat_of(plain.bgr()), bgr) == 0);

  const Frame jpeg = frame(PixelForm::jpeg, jpeg_of(bgr));
  CHECK(largest_difference(mat_of(jpeg.gray()), gray) <= 4);
  CHECK(largest_difference(mat_of(jpeg.gray(1, Decoding::full)), gray) <= 4);
  CHECK(largest_difference(mat_of(jpeg.bgr()), bgr) <= 12);

  const Frame yuv420 = frame(PixelForm::yuv420, yuv420_of(bgr));
  CHECK(largest_difference(mat_of(yuv420.gray()), gray) <= 1);
  CHECK(largest_difference(mat_of(yuv420.gray(1, Decoding::full)), gray) <= 2);
  CHECK(largest_difference(mat_of(yuv420.bgr()), bgr) <= 6);
}

TEST_CASE("of YUYV the Y samples are the grey") {
  common::Bytes yuyv(kWidth * kHeight * 2, 128);
  for (std::size_t i = 0; i < yuyv.size(); i += 2) yuyv[i] = static_cast<std::uint8_t>(i % 200 + 20);
  const Frame made = frame(PixelForm::yuyv, yuyv);
  CHECK(made.gray().pixels[0] == yuyv[0]);
  CHECK(made.gray().pixels[77] == yuyv[154]);
  // Neutral colour: the three are the same, stretched from video range.
  const auto& bgr = made.bgr().pixels;
  CHECK(bgr[0] == bgr[2]);
  CHECK(std::abs(bgr[0] - (yuyv[0] - 16) * 255 / 219) <= 2);
}

TEST_CASE("of 16-bit grey the upper half is the grey") {
  std::vector<std::uint16_t> samples(kWidth * kHeight);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint16_t>(i * 40);
  common::Bytes bytes(samples.size() * 2);
  std::memcpy(bytes.data(), samples.data(), bytes.size());
  const Frame made = frame(PixelForm::gray16, bytes);
  for (const std::size_t i : {std::size_t{0}, std::size_t{100}, samples.size() - 1}) {
    CHECK(made.gray().pixels[i] == samples[i] >> 8);
  }
  CHECK(made.bgr().channels == 3);
}

TEST_CASE("a smaller grey is rounded up in size and keeps the brightness") {
  const cv::Mat bgr = picture();
  const double mean = cv::mean(gray_of(bgr))[0];
  const Frame forms[]{frame(PixelForm::bgr, bytes_of(bgr)), frame(PixelForm::jpeg, jpeg_of(bgr)),
                      frame(PixelForm::yuv420, yuv420_of(bgr)), frame(PixelForm::gray8, bytes_of(gray_of(bgr)))};
  for (const Frame& made : forms) {
    for (const int scale : {2, 4, 8}) {
      INFO(name_of(made.form()) << " at 1/" << scale);
      const common::Image& small = made.gray(scale);
      CHECK(small.width == (kWidth + scale - 1) / scale);
      CHECK(small.height == (kHeight + scale - 1) / scale);
      CHECK(cv::mean(mat_of(small))[0] == Approx(mean).margin(3));
    }
  }
  CHECK_THROWS_AS(forms[0].gray(3), std::invalid_argument);
  CHECK_THROWS_AS(forms[0].gray(16), std::invalid_argument);
}

TEST_CASE("a smaller picture in colour is rounded up in size and keeps its colours") {
  const cv::Scalar mean = cv::mean(picture());
  const Frame forms[]{frame(PixelForm::bgr, bytes_of(picture())), frame(PixelForm::jpeg, jpeg_of(picture())),
                      frame(PixelForm::yuv420, yuv420_of(picture()))};
  for (const Frame& made : forms) {
    for (const int scale : {2, 4, 8}) {
      INFO(name_of(made.form()) << " at 1/" << scale);
      const common::Image& small = made.bgr(scale);
      CHECK(small.width == (kWidth + scale - 1) / scale);
      CHECK(small.height == (kHeight + scale - 1) / scale);
      CHECK(small.channels == 3);
      for (int part = 0; part < 3; ++part) CHECK(cv::mean(mat_of(small))[part] == Approx(mean[part]).margin(5));
    }
  }
  CHECK_THROWS_AS(forms[0].bgr(3), std::invalid_argument);
}

TEST_CASE("a part in colour is what the whole picture has there, of every form") {
  common::Bytes yuyv(kWidth * kHeight * 2);
  for (std::size_t i = 0; i < yuyv.size(); ++i) yuyv[i] = static_cast<std::uint8_t>(i % 4 == 1 ? 90 : 60 + i % 100);
  const Frame forms[]{frame(PixelForm::bgr, bytes_of(picture())),
                      frame(PixelForm::jpeg, jpeg_of(picture())),
                      frame(PixelForm::yuv420, yuv420_of(picture())),
                      frame(PixelForm::yuyv, yuyv),
                      frame(PixelForm::gray8, bytes_of(gray_of(picture()))),
                      frame(PixelForm::gray16, common::Bytes(kWidth * kHeight * 2, 99))};
  for (const Frame& made : forms) {
    for (const RoiPixels& part :
         {RoiPixels{11, 7, 24, 18}, {12, 8, 13, 9}, {0, 0, kWidth, kHeight}, {45, 29, 46, 30}}) {
      INFO(name_of(made.form()) << ' ' << part.x1 << ' ' << part.x2);
      const common::Image alone = made.bgr_part(part);
      CHECK(alone.width == part.width());
      CHECK(alone.height == part.height());
      const cv::Mat there = mat_of(made.bgr())(cv::Rect(part.x1, part.y1, part.width(), part.height()));
      // The colour samples of 4:2:0 are spread over their neighbours, which a part lacks at its edges.
      CHECK(largest_difference(mat_of(alone), there) <= (made.form() == PixelForm::yuv420 ? 8 : 0));
      CHECK(made.bgr_part(part).pixels.size() == alone.pixels.size());
      made.trim();
    }
  }
}

TEST_CASE("a part that does not lie in the picture is refused") {
  const Frame forms[]{frame(PixelForm::bgr, bytes_of(picture())), frame(PixelForm::jpeg, jpeg_of(picture()))};
  for (const Frame& made : forms) {
    for (const RoiPixels& part :
         {RoiPixels{0, 0, kWidth + 1, 1}, {0, 0, 1, kHeight + 1}, {-1, 0, 1, 1}, {3, 3, 3, 4}}) {
      CHECK_THROWS_AS(made.bgr_part(part), std::out_of_range);
    }
  }
}

TEST_CASE("a camera's own JPEG comes back byte for byte, other forms are encoded") {
  const common::Bytes jpeg = jpeg_of(picture());
  const Frame camera = frame(PixelForm::jpeg, jpeg);
  CHECK(common::Bytes(camera.jpeg(50).view().begin(), camera.jpeg(50).view().end()) == jpeg);

  const Frame yuv420 = frame(PixelForm::yuv420, yuv420_of(picture()));
  const auto first = yuv420.jpeg(95).size();
  CHECK(common::jpeg_size(yuv420.jpeg(95).view()).width == kWidth);
  CHECK(yuv420.jpeg(40).size() < first);
  const Frame gray = frame(PixelForm::gray8, bytes_of(gray_of(picture())));
  CHECK(common::is_whole_jpeg(gray.jpeg(95).view()));
}

TEST_CASE("what was trimmed is made again the same") {
  const Frame made = frame(PixelForm::jpeg, jpeg_of(picture()));
  const common::Bytes gray = made.gray().pixels;
  const common::Bytes bgr = made.bgr().pixels;
  made.trim();
  const Frame other = frame(PixelForm::bgr, bytes_of(cv::Mat(kHeight, kWidth, CV_8UC3, cv::Scalar(1, 2, 3))));
  other.gray();
  other.bgr();
  CHECK(made.gray().pixels == gray);
  CHECK(made.bgr().pixels == bgr);
}

TEST_CASE("a frame whose bytes do not fit its size is refused, a damaged JPEG throws when it is decoded") {
  CHECK_THROWS_AS(frame(PixelForm::bgr, common::Bytes(100)), std::invalid_argument);
  CHECK_THROWS_AS(frame(PixelForm::yuv420, common::Bytes(kWidth * kHeight)), std::invalid_argument);
  CHECK_THROWS_AS(Frame(PixelForm::gray8, 0, 5, common::Payload(common::Bytes(9)), {}, 0), std::invalid_argument);
  const Frame damaged = frame(PixelForm::jpeg, common::Bytes(500, 7));
  CHECK_THROWS_AS(damaged.gray(), common::JpegError);
  CHECK_THROWS_AS(damaged.bgr(), common::JpegError);
}
