#include "imagenode/camera/test_scene.hpp"

#include <algorithm>
#include <cstring>
#include <opencv2/imgproc.hpp>

namespace imagenode {
namespace {

constexpr std::int64_t kWalk = 60;
constexpr std::int64_t kHalfRound = TestScene::kRound / 2;
constexpr std::int64_t kLampOn = 30;
constexpr std::int64_t kLampOff = 130;

/// Blocks of brick and speckles from a fixed sequence of pseudo-random numbers.
common::Image make_background(Resolution size, bool lit) {
  constexpr int kBrick = 16;
  const int light = lit ? 110 : 50;
  common::Image image = common::Image::make(size.width, size.height, 3);
  std::uint32_t random = 2026;
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      random = random * 1664525U + 1013904223U;
      const int brick = (x / kBrick * 7 + y / kBrick * 13) % 5 * 4;
      const int speckle = static_cast<int>(random >> 29U);
      std::uint8_t* pixel = image.pixels.data() + (static_cast<std::size_t>(y) * image.row_bytes()) + 3 * x;
      for (int channel = 0; channel < 3; ++channel) {
        pixel[channel] = static_cast<std::uint8_t>(light + brick + speckle + 4 * channel);
      }
    }
  }
  return image;
}

/// Where the figure stands, from 0 (left) to kWalk (right).
std::int64_t step_of(std::int64_t phase) {
  const std::int64_t step = std::min(phase % kHalfRound, kWalk);
  return phase < kHalfRound ? step : kWalk - step;
}

void draw_figure(cv::Mat& picture, std::int64_t step) {
  const int height = picture.rows * 3 / 4;
  const int width = std::max(4, picture.cols / 7);
  const int head = std::max(2, width / 3);
  const int room = picture.cols - width;
  const int x = static_cast<int>(room * step / kWalk);
  const int feet = picture.rows - picture.rows / 8;
  const cv::Scalar coat(50, 205, 235);  // stands out from both lights
  const cv::Scalar skin(70, 90, 140);
  cv::rectangle(picture, {x, feet - height + 2 * head}, {x + width, feet}, coat, cv::FILLED);
  cv::circle(picture, {x + width / 2, feet - height + head}, head, skin, cv::FILLED);
}

}  // namespace

TestScene::TestScene(Resolution size)
    : size_(size), dark_(make_background(size, false)), lit_(make_background(size, true)), picture_(dark_) {}

const common::Image& TestScene::draw(std::int64_t number) {
  const std::int64_t phase = number % kRound;
  const bool lit = phase >= kLampOn && phase < kLampOff;
  const common::Image& background = lit ? lit_ : dark_;
  std::memcpy(picture_.pixels.data(), background.pixels.data(), background.pixels.size());
  cv::Mat picture(size_.height, size_.width, CV_8UC3, picture_.pixels.data());
  draw_figure(picture, step_of(phase));

  const int lamp = std::max(2, size_.width / 40);
  cv::circle(picture, {size_.width - 3 * lamp, 3 * lamp}, lamp,
             lit ? cv::Scalar(200, 250, 255) : cv::Scalar(30, 30, 30), cv::FILLED);
  const int mark = static_cast<int>(phase * std::max(1, size_.width - 4) / kRound);
  cv::rectangle(picture, {mark, size_.height - 4}, {mark + 3, size_.height - 1}, cv::Scalar(230, 230, 230), cv::FILLED);
  return picture_;
}

}  // namespace imagenode
