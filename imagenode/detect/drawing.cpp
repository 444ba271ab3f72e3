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

void draw_region(const DetectorSettings& settings, const RoiPixels& region, Corner origin, common::Image& picture) {
  if (!settings.draw_roi) return;
  cv::Mat mat(picture.height, picture.width, CV_8UC3, picture.pixels.data());
  const cv::Point shift(origin.x, origin.y);
  cv::rectangle(mat, cv::Point(region.x1, region.y1) - shift, cv::Point(region.x2, region.y2) - shift,
                colour(*settings.draw_roi), settings.draw_roi->width);
}

void draw_stamp(const DetectorSettings& settings, CaptureTime time, common::Image& picture) {
  if (!settings.draw_time) return;
  cv::Mat mat(picture.height, picture.width, CV_8UC3, picture.pixels.data());
  const cv::Point place(static_cast<int>(percent_of(settings.draw_time_x, picture.width)),
                        static_cast<int>(percent_of(settings.draw_time_y, picture.height)));
  cv::putText(mat, common::picture_stamp(time.utc_ns), place, cv::FONT_HERSHEY_SIMPLEX, settings.draw_time_font_scale,
              colour(*settings.draw_time), settings.draw_time->width, cv::LINE_AA);
}

}  // namespace imagenode
