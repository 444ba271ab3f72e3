#include "imagenode/detect/drawing.hpp"

#include <opencv2/imgproc.hpp>

#include "common/local_time.hpp"

namespace imagenode {
namespace {

cv::Scalar colour(const Pen& pen) {
  return {static_cast<double>(pen.blue), static_cast<double>(pen.green), static_cast<double>(pen.red)};
}

}  // namespace

bool draws(const DetectorSettings& settings) {
  return settings.draw_roi || settings.draw_time;
}

void draw(const DetectorSettings& settings, CaptureTime time, common::Image& picture) {
  cv::Mat mat(picture.height, picture.width, CV_8UC3, picture.pixels.data());
  if (settings.draw_roi) {
    const RoiPixels roi = roi_in(settings.roi, picture.width, picture.height);
    cv::rectangle(mat, {roi.x1, roi.y1}, {roi.x2, roi.y2}, colour(*settings.draw_roi), settings.draw_roi->width);
  }
  if (settings.draw_time) {
    const cv::Point origin(static_cast<int>(percent_of(settings.draw_time_x, picture.width)),
                           static_cast<int>(percent_of(settings.draw_time_y, picture.height)));
    cv::putText(mat, common::picture_stamp(time.utc_ns), origin, cv::FONT_HERSHEY_SIMPLEX,
                settings.draw_time_font_scale, colour(*settings.draw_time), settings.draw_time->width, cv::LINE_AA);
  }
}

}  // namespace imagenode
