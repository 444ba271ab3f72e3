#include "imagenode/opencv_setup.hpp"

#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>

namespace imagenode {

void set_up_opencv() {
  constexpr int kKeep = 0;
  // AV_LOG_FATAL: damaged packets are counted by us, not told one by one.
  ::setenv("OPENCV_FFMPEG_LOGLEVEL", "8", kKeep);
  if (std::getenv("OPENCV_LOG_LEVEL") == nullptr) cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_ERROR);
  cv::setNumThreads(1);
}

}  // namespace imagenode
