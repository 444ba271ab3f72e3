#include "imagenode/camera/pi_camera_source.hpp"

#include <algorithm>
#include <system_error>

#include "common/child_program.hpp"
#include "common/text.hpp"
#include "imagenode/camera/pi_camera_options.hpp"

namespace imagenode {
namespace {

using common::ChildProgram;

/// The camera needs a second or two to start.
constexpr std::int64_t kSilence = 10 * common::kSecond;

/// Every model of the Pi pads rows to a divisor of this (64 up to the Pi 4, 128 on the Pi 5).
constexpr int kLargestAlignment = 128;

std::size_t frame_bytes(int stride, int height) {
  return static_cast<std::size_t>(stride) * static_cast<std::size_t>(height) * 3 / 2;
}

std::vector<std::string> run_for(const std::vector<std::string>& options, const char* limit, const char* value) {
  std::vector<std::string> arguments{limit, value};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return arguments;
}

std::unique_ptr<ChildProgram> start(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  try {
    return std::make_unique<ChildProgram>(program, arguments);
  } catch (const std::system_error& error) {
    throw SourceError(common::cat(program.string(), " cannot be started: ", error.what()));
  }
}

SourceError ended(ChildProgram& program) {
  const std::string words = program.last_words();
  return SourceError(common::cat("the Pi camera's program has ended: ", words.empty() ? "it said nothing" : words));
}

void copy_plane(const std::uint8_t* from, int stride, std::uint8_t*& to, int width, int height) {
  for (int row = 0; row < height; ++row) {
    std::copy_n(from + static_cast<std::ptrdiff_t>(row) * stride, width, to);
    to += width;
  }
}

}  // namespace

common::Bytes without_stride(common::ByteView planes, int width, int height, int stride) {
  common::Bytes out(frame_bytes(width, height));
  std::uint8_t* to = out.data();
  const std::uint8_t* from = planes.data();
  copy_plane(from, stride, to, width, height);
  from += static_cast<std::ptrdiff_t>(stride) * height;
  copy_plane(from, stride / 2, to, width / 2, height / 2);
  from += static_cast<std::ptrdiff_t>(stride / 2) * (height / 2);
  copy_plane(from, stride / 2, to, width / 2, height / 2);
  return out;
}

PiCameraSource::PiCameraSource(const CameraSettings& settings, const SourceSeams& seams)
    : clock_(seams.clock),
      options_(pi_camera_options(settings)),
      size_(settings.resolution.value_or(kPiResolution)),
      fps_(settings.framerate.value_or(kPiFramerate)) {
  if (size_.width % kLargestAlignment == 0) stride_ = size_.width;
}

PiCameraSource::~PiCameraSource() = default;

void PiCameraSource::open(const std::stop_token& stop) {
  const auto program = common::find_program({"rpicam-vid", "libcamera-vid"});
  if (!program) {
    throw SourceError("a Pi camera needs the program rpicam-vid (or libcamera-vid): apt-get install rpicam-apps");
  }
  if (!stride_) stride_ = measure_stride(*program, stop);
  padded_.resize(frame_bytes(*stride_, size_.height));
  program_ = start(*program, run_for(options_, "-t", "0"));
  next_ = 0;
}

int PiCameraSource::measure_stride(const std::filesystem::path& program, const std::stop_token& stop) const {
  const auto child = start(program, run_for(options_, "--frames", "1"));
  common::Bytes frame(frame_bytes(size_.width + 4 * kLargestAlignment, size_.height));
  std::size_t size = 0;
  switch (child->read(frame, size, kSilence, stop)) {
    case ChildProgram::Read::stopped:
      throw SourceError("stopped while the Pi camera was starting");
    case ChildProgram::Read::silent:
      throw SourceError(common::cat("the Pi camera gives no picture: ", child->last_words()));
    case ChildProgram::Read::ended:
    case ChildProgram::Read::whole:
      break;
  }
  if (size == 0) throw ended(*child);
  const auto stride = static_cast<int>(size * 2 / 3 / static_cast<std::size_t>(size_.height));
  if (size == frame.size() || stride < size_.width || stride % 2 != 0 || frame_bytes(stride, size_.height) != size) {
    throw SourceError(common::cat("a frame of the Pi camera has ", size, " bytes, which does not fit ", size_.width,
                                  'x', size_.height, "; choose a resolution whose width is a multiple of ",
                                  kLargestAlignment));
  }
  return stride;
}

FramePtr PiCameraSource::read(const std::stop_token& stop) {
  if (!program_) throw SourceError("the Pi camera is not open");
  CaptureTime time;
  std::size_t size = 0;
  switch (program_->read(padded_, size, kSilence, stop, [&] { time = arrival(clock_); })) {
    case ChildProgram::Read::stopped:
      return nullptr;
    case ChildProgram::Read::silent:
      throw SourceError(common::cat("the Pi camera has given nothing for ", kSilence / common::kSecond,
                                    " s: ", program_->last_words()));
    case ChildProgram::Read::ended:
      throw ended(*program_);
    case ChildProgram::Read::whole:
      break;
  }
  return std::make_shared<const Frame>(PixelForm::yuv420, size_.width, size_.height,
                                       common::Payload(without_stride(padded_, size_.width, size_.height, *stride_)),
                                       time, next_++);
}

void PiCameraSource::close() {
  program_.reset();
}

std::string PiCameraSource::describe() const {
  return describe_capture("Pi camera, YUV 4:2:0", size_.width, size_.height, fps_);
}

}  // namespace imagenode
