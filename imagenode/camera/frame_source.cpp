#include "imagenode/camera/frame_source.hpp"

#include <cmath>

#include "common/text.hpp"

namespace imagenode {

CaptureTime arrival(const common::Clock& clock) {
  const std::int64_t now_ns = clock.monotonic_ns();
  return {clock.utc_of(now_ns), now_ns};
}

CaptureTime captured_at(const common::Clock& clock, std::int64_t monotonic_ns) {
  // Some drivers stamp with another clock, or not at all: no picture is that long under way.
  constexpr std::int64_t kMaxAge = 5 * common::kSecond;
  const CaptureTime now = arrival(clock);
  const std::int64_t age = now.monotonic_ns - monotonic_ns;
  if (age < 0 || age > kMaxAge) return now;
  return {now.utc_ns - age, monotonic_ns};
}

std::string describe_capture(const std::string& form, int width, int height, double fps) {
  std::string text = common::cat(form, ' ', width, 'x', height);
  if (fps > 0) text += common::cat(" at ", std::round(fps * 100) / 100, " frames/s");
  return text;
}

}  // namespace imagenode
