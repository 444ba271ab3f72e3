#include "imagenode/grab_test.hpp"

#include <cctype>
#include <cmath>
#include <exception>
#include <ostream>

#include "common/disk.hpp"
#include "common/text.hpp"
#include "imagenode/camera/source_factory.hpp"
#include "imagenode/camera/transform.hpp"

namespace imagenode {
namespace {

constexpr int kFrames = 10;
constexpr std::int64_t kLongest = 2 * common::kSecond;

struct Grabbed {
  FramePtr last;
  double frames_per_second = 0;
};

Grabbed grab(FrameSource& source) {
  Grabbed grabbed;
  std::int64_t first_ns = 0;
  for (int count = 0; count < kFrames; ++count) {
    FramePtr frame = source.read({});
    if (!frame) break;
    const std::int64_t now = frame->time().monotonic_ns;
    if (count == 0) first_ns = now;
    grabbed.last = std::move(frame);
    if (now > first_ns) grabbed.frames_per_second = count * 1e9 / static_cast<double>(now - first_ns);
    if (now - first_ns > kLongest) break;
  }
  if (!grabbed.last) throw SourceError("it gives no picture");
  return grabbed;
}

std::filesystem::path picture_path(const std::filesystem::path& folder, std::string label) {
  for (char& c : label) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  }
  return folder / common::cat("imagenode-test-", label, ".jpg");
}

void test_camera(const CameraSettings& settings, const std::filesystem::path& folder, const SourceSeams& seams,
                 std::ostream& out) {
  const auto source = make_source(settings, seams);
  source->open({});
  const Grabbed grabbed = grab(*source);
  const FramePtr frame = transformed(grabbed.last, transform_of(settings));
  const auto path = picture_path(folder, settings.label);
  common::Disk disk;
  common::begin_file(disk, path, frame->jpeg(settings.jpeg_quality).view());
  out << settings.label << ": " << frame->width() << 'x' << frame->height() << ", "
      << std::round(grabbed.frames_per_second * 10) / 10 << " frames/s, captured as " << source->describe()
      << ", saved as " << path.string() << '\n';
  source->close();
}

}  // namespace

bool grab_test(const std::vector<CameraSettings>& cameras, const std::filesystem::path& folder,
               const SourceSeams& seams, std::ostream& out) {
  bool all_good = true;
  for (const CameraSettings& settings : cameras) {
    try {
      test_camera(settings, folder, seams, out);
    } catch (const std::exception& error) {
      out << settings.label << ": FAILED: " << error.what() << '\n';
      all_good = false;
    }
  }
  return all_good;
}

}  // namespace imagenode
