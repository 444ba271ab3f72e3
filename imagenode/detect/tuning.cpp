#include "imagenode/detect/tuning.hpp"

#include <opencv2/imgproc.hpp>

namespace imagenode {

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
