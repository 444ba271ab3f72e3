#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "catch.hpp"
#include "imagenode/detect/gaussian_blur.hpp"
#include "imagenode/detect/motion.hpp"
#include "imagenode/detect/running_average.hpp"

using namespace imagenode;

namespace {

common::Image random_image(int width, int height, cv::RNG& random, int low = 0, int high = 256) {
  common::Image image = common::Image::make(width, height, 1);
  cv::Mat mat(height, width, CV_8UC1, image.pixels.data());
  random.fill(mat, cv::RNG::UNIFORM, low, high);
  return image;
}

cv::Mat mat_of(common::Image& image) {
  return {image.height, image.width, CV_8UC1, image.pixels.data()};
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

}  // namespace

TEST_CASE("the blur is OpenCV's to the last bit, for every kernel and size") {
  cv::RNG random(1);
  for (const auto& [width, height] : {std::pair(131, 47), std::pair(64, 48), std::pair(9, 7), std::pair(1, 1)}) {
    common::Image image = random_image(width, height, random);
    for (int kernel = 1; kernel <= 61; kernel += 2) {
      INFO(width << 'x' << height << ", kernel " << kernel);
      common::Image blurred;
      GaussianBlur(kernel).blur(image, {0, 0, width, height}, blurred);
      cv::Mat expected;
      cv::GaussianBlur(mat_of(image), expected, {kernel, kernel}, 0);
      CHECK(same(mat_of(blurred), expected));
    }
  }
}

TEST_CASE("the blur does not see what lies outside of its region") {
  cv::RNG random(2);
  common::Image image = random_image(100, 80, random);
  common::Image blurred;
  GaussianBlur(15).blur(image, {10, 20, 71, 65}, blurred);
  cv::Mat expected;
  cv::GaussianBlur(mat_of(image)(cv::Rect(10, 20, 61, 45)).clone(), expected, {15, 15}, 0);
  CHECK(same(mat_of(blurred), expected));
}

TEST_CASE("average, comparison and threshold in one pass are OpenCV's four to the last bit") {
  cv::RNG random(3);
  RunningAverage average;
  cv::Mat reference;
  for (int i = 0; i < 120; ++i) {
    // Few grey values, and long rests, give averages that lie exactly between two whole numbers.
    common::Image image = i % 40 < 20 ? random_image(67, 31, random, 100, 104) : random_image(67, 31, random);
    const int threshold = i % 7;
    const RoiPixels box = average.add(image, threshold);
    if (reference.empty()) mat_of(image).convertTo(reference, CV_64F);
    cv::accumulateWeighted(mat_of(image), reference, 0.5);
    cv::Mat rounded;
    cv::Mat delta;
    cv::convertScaleAbs(reference, rounded);
    cv::absdiff(mat_of(image), rounded, delta);
    cv::threshold(delta, delta, threshold, 255, cv::THRESH_BINARY);
    common::Image mask = average.mask();
    REQUIRE(same(mat_of(mask), delta));
    const cv::Mat kept(31, 67, CV_64FC1, const_cast<double*>(average.values().data()));
    REQUIRE(cv::norm(kept, reference, cv::NORM_INF) == 0);
    const cv::Rect expected = cv::boundingRect(delta);
    CHECK(box.width() == expected.width);
    CHECK(box.height() == expected.height);
    if (box.width() > 0) CHECK(cv::Point(box.x1, box.y1) == expected.tl());
  }
}

TEST_CASE("a picture of another size starts the average anew") {
  cv::RNG random(4);
  RunningAverage average;
  average.add(random_image(20, 10, random), 5);
  CHECK(average.add(random_image(30, 5, random), 5).width() == 0);
  CHECK(average.values().size() == 150);
}

TEST_CASE("a state is decided after as many frames as the longer of its two counts") {
  MotionVote vote(2, 4);
  CHECK_FALSE(vote.add(false));
  CHECK_FALSE(vote.add(false));
  CHECK_FALSE(vote.add(false));
  CHECK(vote.add(false));
  CHECK(vote.state() == "still");
}

TEST_CASE("single moving frames do not make still frames forgotten") {
  MotionVote vote(3, 3);
  for (const bool moving : {false, true, false, true}) CHECK_FALSE(vote.add(moving));
  CHECK(vote.add(false));
  CHECK(vote.state() == "still");
}

TEST_CASE("moving frames count in a row only, and moving starts the still count anew") {
  MotionVote vote(2, 2);
  for (const bool moving : {true, false, true}) CHECK_FALSE(vote.add(moving));
  CHECK(vote.add(true));
  CHECK(vote.state() == "moving");
  CHECK_FALSE(vote.add(false));
  CHECK(vote.add(false));
  CHECK(vote.state() == "still");
}
