#include "imagenode/detect/tuning.hpp"

#include <algorithm>
#include <cstddef>
#include <opencv2/imgproc.hpp>

namespace imagenode {

common::Image cut_out(const common::Image& image, const RoiPixels& part) {
  common::Image cut = common::Image::make(part.width(), part.height(), image.channels);
  const auto channels = static_cast<std::size_t>(image.channels);
  for (int y = 0; y < cut.height; ++y) {
    const auto* row = image.pixels.data() + static_cast<std::size_t>(part.y1 + y) * image.row_bytes() +
                      static_cast<std::size_t>(part.x1) * channels;
    std::copy_n(row, cut.row_bytes(), cut.pixels.data() + static_cast<std::size_t>(y) * cut.row_bytes());
  }
  return cut;
}

void add_roi_pictures(const Frame& frame, const RoiPercent& roi, const common::Image& gray, const RoiPixels& gray_roi,
                      std::vector<TuningItem>& items) {
  const common::Image& colour = frame.bgr();
  items.push_back({"ROI", cut_out(colour, roi_in(roi, colour.width, colour.height)), {}});
  items.push_back({"Grayscale", cut_out(gray, gray_roi), {}});
}

common::Image picture_of_value(const std::string& value) {
  common::Image picture = common::Image::make(200, 50, 3);
  cv::Mat mat(picture.height, picture.width, CV_8UC3, picture.pixels.data());
  cv::putText(mat, value, {10, 35}, cv::FONT_HERSHEY_SIMPLEX, 1, {255, 255, 255}, 2, cv::LINE_AA);
  return picture;
}

}  // namespace imagenode
