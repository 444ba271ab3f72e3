#include "golden.hpp"

#include <algorithm>
#include <fstream>
#include <memory>
#include <opencv2/videoio.hpp>
#include <sstream>
#include <stdexcept>

#include "common/clock.hpp"
#include "common/jpeg.hpp"
#include "imagenode/detect/detector_set.hpp"
#include "imagenode/replay.hpp"

using namespace imagenode;

namespace golden {
namespace {

constexpr std::int64_t kStart = 1'795'168'800 * common::kSecond;

FramePtr make_frame(const cv::Mat& mat, Read how, std::int64_t number) {
  common::Bytes bytes(mat.datastart, mat.dataend);
  const std::int64_t since_start = number * common::kSecond / 10;
  const CaptureTime time{kStart + since_start, since_start};
  if (how == Read::decoded) {
    return std::make_shared<Frame>(PixelForm::bgr, mat.cols, mat.rows, common::Payload(std::move(bytes)), time, number);
  }
  if (auto whole = common::with_huffman_tables(bytes)) bytes = std::move(*whole);
  const common::JpegSize size = common::jpeg_size(bytes);
  return std::make_shared<Frame>(PixelForm::jpeg, size.width, size.height, common::Payload(std::move(bytes)), time,
                                 number);
}

}  // namespace

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Case> cases() {
  std::vector<Case> found;
  for (const auto& entry : std::filesystem::directory_iterator(TEST_DATA "/golden")) {
    if (entry.path().extension() != ".yaml") continue;
    Case one;
    one.name = entry.path().stem();
    one.settings = entry.path();
    one.clip = entry.path().parent_path() / (one.name.substr(0, one.name.find('-')) + ".avi");
    std::ifstream events(std::filesystem::path(entry.path()).replace_extension(".events"));
    one.events = lines_of({std::istreambuf_iterator<char>(events), {}});
    if (one.events.empty()) throw std::runtime_error("no events for " + one.name);
    found.push_back(std::move(one));
  }
  std::sort(found.begin(), found.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
  return found;
}

Case case_named(const std::string& name) {
  for (const Case& one : cases()) {
    if (one.name == name) return one;
  }
  throw std::runtime_error("no golden case " + name);
}

std::vector<DetectorSettings> read_settings(const std::filesystem::path& yaml) {
  auto file = common::SettingsFile::load(yaml);
  auto root = file.root();
  auto detectors = read_detectors(root);
  file.finish();
  return detectors;
}

std::vector<DetectorSettings> parse_settings(const std::string& yaml) {
  auto file = common::SettingsFile::parse(yaml, "test.yaml");
  auto root = file.root();
  auto detectors = read_detectors(root);
  file.finish();
  return detectors;
}

std::function<FramePtr()> open_clip(const std::filesystem::path& clip, Read how) {
  auto capture = std::make_shared<cv::VideoCapture>(clip.string(), cv::CAP_FFMPEG);
  if (!capture->isOpened()) throw std::runtime_error("cannot read " + clip.string());
  if (how == Read::compressed) capture->set(cv::CAP_PROP_FORMAT, -1);
  return [capture, how, number = std::int64_t{0}]() mutable -> FramePtr {
    cv::Mat mat;
    if (!capture->read(mat) || mat.empty()) return nullptr;
    return make_frame(mat, how, number++);
  };
}

std::vector<FramePtr> read_clip(const std::filesystem::path& clip, Read how) {
  const auto next = open_clip(clip, how);
  std::vector<FramePtr> frames;
  while (FramePtr frame = next()) frames.push_back(std::move(frame));
  return frames;
}

std::vector<std::string> replayed(const Case& golden_case, Read how, const Analysis& analysis) {
  DetectorSet detectors(read_settings(golden_case.settings), analysis);
  std::ostringstream out;
  std::ostringstream err;
  replay(open_clip(golden_case.clip, how), detectors, kSender, out, err);
  return lines_of(out.str());
}

}  // namespace golden
