#include "imagenode/camera/image_files_source.hpp"

#include <glob.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <opencv2/imgcodecs.hpp>
#include <string_view>

#include "common/text.hpp"
#include "imagenode/camera/opencv_capture.hpp"

namespace imagenode {
namespace {

namespace fs = std::filesystem;

constexpr double kDefaultFps = 10;
constexpr std::array<std::string_view, 9> kEndings{".jpg",  ".jpeg", ".png", ".bmp", ".tif",
                                                   ".tiff", ".webp", ".pgm", ".ppm"};

bool has_image_ending(const fs::path& path) {
  const std::string ending = common::lower(path.extension().string());
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

std::vector<fs::path> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<fs::path> files;
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return files;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && has_image_ending(entry.path())) files.push_back(entry.path());
  }
  return files;
}

common::Bytes read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return common::Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

bool names_images(const std::string& src) {
  std::error_code unreadable;
  return src.find_first_of("*?[") != std::string::npos || fs::is_directory(src, unreadable) || has_image_ending(src);
}

ImageFilesSource::ImageFilesSource(const CameraSettings& settings, const SourceSeams& seams)
    : clock_(seams.clock),
      src_(settings.src),
      fps_(settings.framerate.value_or(kDefaultFps)),
      pace_(settings.pace),
      loop_(settings.loop),
      pacer_(seams) {}

void ImageFilesSource::open(const std::stop_token&) {
  next_ = 0;
  look_up();
  pacer_.start(pace_ == Pace::real ? fps_ : 0);
}

void ImageFilesSource::look_up() {
  try {
    files_ = fs::is_directory(src_) ? files_in(src_) : fs::exists(src_) ? std::vector<fs::path>{src_} : matches(src_);
  } catch (const fs::filesystem_error& error) {
    throw SourceError(error.what());
  }
  if (files_.empty()) throw SourceError(common::cat("there are no images at ", src_));
  std::sort(files_.begin(), files_.end());
  at_ = 0;
  round_gave_a_frame_ = false;
}

FramePtr ImageFilesSource::read(const std::stop_token& stop) {
  pacer_.wait_for_turn(stop);
  while (!stop.stop_requested()) {
    if (at_ == files_.size()) {
      if (!loop_) return nullptr;
      // A folder without any readable image would be read again and again.
      if (!round_gave_a_frame_) throw SourceError(common::cat("no image can be read at ", src_));
      look_up();
    }
    if (FramePtr frame = load(files_[at_++])) {
      round_gave_a_frame_ = true;
      ++next_;
      return frame;
    }
    ++damaged_;
  }
  return nullptr;
}

FramePtr ImageFilesSource::load(const fs::path& path) {
  const common::Bytes bytes = read_bytes(path);
  if (FramePtr frame = frame_of_jpeg_packet(bytes, arrival(clock_), next_)) return frame;
  if (bytes.empty()) return nullptr;
  try {
    const cv::Mat picture = cv::imdecode(bytes, cv::IMREAD_COLOR);
    return picture.empty() ? nullptr : frame_of_picture(picture, arrival(clock_), next_);
  } catch (const cv::Exception&) {
    return nullptr;
  }
}

void ImageFilesSource::close() {
  files_.clear();
  at_ = 0;
}

std::string ImageFilesSource::describe() const {
  return common::cat(files_.size(), " images at ", fps_, " frames/s");
}

}  // namespace imagenode
