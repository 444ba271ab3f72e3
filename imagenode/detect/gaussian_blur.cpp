#include "imagenode/detect/gaussian_blur.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "common/vector_clones.hpp"

namespace imagenode {
namespace {

constexpr int kOne = 256;  ///< the sum of the weights in one direction

/// OpenCV's weights in fixed point: rounded, what is lost carried on to the next, and the middle takes the rest.
std::vector<std::uint16_t> fixed_point_weights(int kernel_size) {
  const cv::Mat kernel = cv::getGaussianKernel(kernel_size, 0, CV_64F);
  std::vector<std::uint16_t> weights;
  double carried = 0;
  int sum = 0;
  for (int i = 0; i < kernel_size / 2; ++i) {
    const double exact = kernel.at<double>(i) * kOne + carried;
    const int weight = static_cast<int>(std::nearbyint(exact));
    carried = exact - weight;
    sum += weight;
    weights.push_back(static_cast<std::uint16_t>(weight));
  }
  weights.push_back(static_cast<std::uint16_t>(kOne - 2 * sum));
  return weights;
}

/// Position in 0..size-1 of one that may lie outside; the outermost pixel is not repeated (BORDER_REFLECT_101).
int reflected(int at, int size) {
  if (size == 1) return 0;
  while (at < 0 || at >= size) at = at < 0 ? -at : 2 * (size - 1) - at;
  return at;
}

/// Of the rows or columns under the kernel those at the same distance from the middle are a pair with one weight. So
/// many pairs are added up in one go: enough to keep the sums in registers for a while.
constexpr std::size_t kPairs = 4;

template <typename Sample>
struct Pairs {
  const Sample* near[kPairs];
  const Sample* far[kPairs];
  std::uint16_t weights[kPairs];
};

/// The sums stay below 2^16, since the weights make 256.
VECTOR_CLONES void add_rows(const Pairs<std::uint8_t>& pairs, std::uint16_t* __restrict sums, std::size_t width) {
  const auto [n0, n1, n2, n3] = pairs.near;
  const auto [f0, f1, f2, f3] = pairs.far;
  const auto [w0, w1, w2, w3] = pairs.weights;
  // Narrow on purpose: twice as many fit into a vector as of ints.
  const auto weighted = [](unsigned near, unsigned far, unsigned weight) {
    return static_cast<std::uint16_t>(static_cast<std::uint16_t>(near + far) * weight);
  };
  for (std::size_t x = 0; x < width; ++x) {
    sums[x] = static_cast<std::uint16_t>(sums[x] + weighted(n0[x], f0[x], w0) + weighted(n1[x], f1[x], w1) +
                                         weighted(n2[x], f2[x], w2) + weighted(n3[x], f3[x], w3));
  }
}

VECTOR_CLONES void add_columns(const Pairs<std::uint16_t>& pairs, std::uint32_t* __restrict totals, std::size_t width) {
  const auto [n0, n1, n2, n3] = pairs.near;
  const auto [f0, f1, f2, f3] = pairs.far;
  const std::uint32_t w0 = pairs.weights[0];
  const std::uint32_t w1 = pairs.weights[1];
  const std::uint32_t w2 = pairs.weights[2];
  const std::uint32_t w3 = pairs.weights[3];
  for (std::size_t x = 0; x < width; ++x) {
    const auto pair = [x](const std::uint16_t* near, const std::uint16_t* far) {
      return std::uint32_t{near[x]} + std::uint32_t{far[x]};
    };
    totals[x] += pair(n0, f0) * w0 + pair(n1, f1) * w1 + pair(n2, f2) * w2 + pair(n3, f3) * w3;
  }
}

/// Divides by the two sums of weights, with rounding.
VECTOR_CLONES void finish_row(const std::uint32_t* __restrict totals, std::uint8_t* __restrict out, std::size_t width) {
  constexpr std::uint32_t kHalf = kOne * kOne / 2;
  for (std::size_t x = 0; x < width; ++x) out[x] = static_cast<std::uint8_t>((totals[x] + kHalf) >> 16);
}

}  // namespace

GaussianBlur::GaussianBlur(int kernel_size) : radius_(kernel_size / 2), weights_(fixed_point_weights(kernel_size)) {
  // Whole groups of pairs; what is added weighs nothing.
  weights_.resize((weights_.size() + kPairs - 1) / kPairs * kPairs, 0);
}

void GaussianBlur::blur(const common::Image& gray, const RoiPixels& region, common::Image& out) {
  const int width = region.width();
  const int height = region.height();
  if (out.width != width || out.height != height) out = common::Image::make(width, height, 1);
  const auto columns = static_cast<std::size_t>(width);
  zeros_.resize(columns);
  zero_sums_.resize(columns);
  sums_.resize(columns + 2 * static_cast<std::size_t>(radius_));
  totals_.resize(columns);
  for (int y = 0; y < height; ++y) {
    add_up_rows(gray, region, y);
    reflect_ends(width);
    add_up_columns(columns);
    finish_row(totals_.data(), out.pixels.data() + static_cast<std::size_t>(y) * columns, columns);
  }
}

void GaussianBlur::add_up_rows(const common::Image& gray, const RoiPixels& region, int y) {
  const auto row_at = [&](int at) {
    const int row = region.y1 + reflected(at, region.height());
    return gray.pixels.data() + static_cast<std::size_t>(row) * gray.row_bytes() + static_cast<std::size_t>(region.x1);
  };
  std::fill(sums_.begin(), sums_.end(), std::uint16_t{0});
  for (std::size_t first = 0; first < weights_.size(); first += kPairs) {
    Pairs<std::uint8_t> pairs{};
    for (std::size_t i = 0; i < kPairs; ++i) {
      // The middle is alone: a pair with zeros. So are those that weigh nothing.
      const int distance = radius_ - static_cast<int>(first + i);
      pairs.near[i] = row_at(distance > 0 ? y - distance : y);
      pairs.far[i] = distance > 0 ? row_at(y + distance) : zeros_.data();
      pairs.weights[i] = weights_[first + i];
    }
    add_rows(pairs, sums_.data() + radius_, static_cast<std::size_t>(region.width()));
  }
}

void GaussianBlur::reflect_ends(int width) {
  std::uint16_t* first = sums_.data() + radius_;
  for (int i = 1; i <= radius_; ++i) {
    first[-i] = first[reflected(-i, width)];
    first[width - 1 + i] = first[reflected(width - 1 + i, width)];
  }
}

void GaussianBlur::add_up_columns(std::size_t width) {
  std::fill(totals_.begin(), totals_.end(), std::uint32_t{0});
  const std::uint16_t* middle = sums_.data() + radius_;
  for (std::size_t first = 0; first < weights_.size(); first += kPairs) {
    Pairs<std::uint16_t> pairs{};
    for (std::size_t i = 0; i < kPairs; ++i) {
      const int distance = std::max(radius_ - static_cast<int>(first + i), 0);
      pairs.near[i] = middle - distance;
      pairs.far[i] = distance > 0 ? middle + distance : zero_sums_.data();
      pairs.weights[i] = weights_[first + i];
    }
    add_columns(pairs, totals_.data(), width);
  }
}

}  // namespace imagenode
