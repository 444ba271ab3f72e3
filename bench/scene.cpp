#include "bench/scene.hpp"

#include <fstream>
#include <initializer_list>
#include <numeric>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <stdexcept>
#include <string>

#include "common/jpeg.hpp"

namespace bench {
namespace {

constexpr int kQuality = 72;
constexpr double kNoise = 2.5;

/// Soft blotches of several sizes, as walls, grass and trees have them.
cv::Mat make_background(int width, int height, cv::RNG& random) {
  cv::Mat sum(height, width, CV_32FC3, cv::Scalar(96, 110, 104));
  for (const int blotch : {96, 32, 12, 5}) {
    cv::Mat small(height / blotch + 2, width / blotch + 2, CV_32FC3);
    random.fill(small, cv::RNG::NORMAL, 0, 9);
    cv::Mat large;
    cv::resize(small, large, sum.size(), 0, 0, cv::INTER_CUBIC);
    sum += large;
  }
  cv::Mat background;
  sum.convertTo(background, CV_8U);
  return background;
}

cv::Mat make_picture(const cv::Mat& background, double progress, cv::RNG& random) {
  cv::Mat picture = background.clone();
  const int x = static_cast<int>(progress * picture.cols);
  const int unit = picture.rows / 12;
  cv::rectangle(picture, cv::Rect(x, 5 * unit, unit, 4 * unit), cv::Scalar(60, 40, 150), cv::FILLED);
  cv::circle(picture, {x + unit / 2, 4 * unit + unit / 2}, unit / 2, cv::Scalar(150, 180, 210), cv::FILLED);
  cv::Mat noise(picture.size(), CV_16SC3);
  random.fill(noise, cv::RNG::NORMAL, 0, kNoise);
  cv::add(picture, noise, picture, cv::noArray(), CV_8U);
  return picture;
}

std::string words(std::initializer_list<std::uint32_t> values) {
  std::string bytes;
  for (const std::uint32_t value : values) {
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xFF);
  }
  return bytes;
}

/// A piece of a RIFF file: name, length, content, padded to an even length.
void put_chunk(std::string& out, const char* name, const std::string& content) {
  out += name + words({static_cast<std::uint32_t>(content.size())}) + content;
  if (content.size() % 2 == 1) out += '\0';
}

}  // namespace

std::size_t Clip::mean_bytes() const {
  const auto add = [](std::size_t sum, const common::Bytes& frame) { return sum + frame.size(); };
  return frames.empty() ? 0 : std::accumulate(frames.begin(), frames.end(), std::size_t{0}, add) / frames.size();
}

Clip make_clip(int width, int height, int frames) {
  Clip clip{width, height, {}};
  cv::RNG random(4711);
  const cv::Mat background = make_background(width, height, random);
  for (int i = 0; i < frames; ++i) {
    const cv::Mat picture = make_picture(background, static_cast<double>(i) / frames, random);
    common::Bytes jpeg;
    cv::imencode(".jpg", picture, jpeg, {cv::IMWRITE_JPEG_QUALITY, kQuality});
    clip.frames.push_back(std::move(jpeg));
  }
  return clip;
}

Clip read_clip(const char* path) {
  cv::VideoCapture capture(path, cv::CAP_FFMPEG);
  if (!capture.isOpened()) throw std::runtime_error(std::string("cannot read ") + path);
  capture.set(cv::CAP_PROP_FORMAT, -1);
  Clip clip;
  cv::Mat packet;
  while (capture.read(packet) && !packet.empty()) {
    common::Bytes jpeg(packet.datastart, packet.dataend);
    if (auto whole = common::with_huffman_tables(jpeg)) jpeg = std::move(*whole);
    clip.frames.push_back(std::move(jpeg));
  }
  if (clip.frames.empty()) throw std::runtime_error(std::string("no frames in ") + path);
  const common::JpegSize size = common::jpeg_size(clip.frames.front());
  clip.width = size.width;
  clip.height = size.height;
  return clip;
}

void write_clip(const Clip& clip, const char* path, int frames_per_second) {
  const auto frames = static_cast<std::uint32_t>(clip.frames.size());
  const auto width = static_cast<std::uint32_t>(clip.width);
  const auto height = static_cast<std::uint32_t>(clip.height);
  const auto rate = static_cast<std::uint32_t>(frames_per_second);
  std::string header;
  put_chunk(header, "avih", words({1'000'000 / rate, 0, 0, 0, frames, 0, 1, 0, width, height, 0, 0, 0, 0}));
  std::string stream;
  // 1 / rate seconds per frame; quality -1 is the default.
  put_chunk(stream, "strh", "vidsMJPG" + words({0, 0, 0, 1, rate, 0, frames, 0, 0xFFFF'FFFF, 0, 0, 0}));
  put_chunk(stream, "strf",
            words({40, width, height, 24U << 16 | 1}) + "MJPG" + words({width * height * 3, 0, 0, 0, 0}));
  put_chunk(header, "LIST", "strl" + stream);

  std::string movie = "movi";
  for (const common::Bytes& frame : clip.frames) put_chunk(movie, "00dc", {frame.begin(), frame.end()});
  std::string lists = "AVI ";
  put_chunk(lists, "LIST", "hdrl" + header);
  put_chunk(lists, "LIST", movie);
  std::string file;
  put_chunk(file, "RIFF", lists);
  std::ofstream out(path, std::ios::binary);
  out.write(file.data(), static_cast<std::streamsize>(file.size()));
  if (!out.flush()) throw std::runtime_error(std::string("cannot write ") + path);
}

}  // namespace bench
