// missing: there has been no reading for so long, or none with this field. The states are missing and back.

#include <utility>

#include "common/clock.hpp"
#include "common/text.hpp"
#include "imagenode/detect/reading_registry.hpp"

namespace imagenode {
namespace {

constexpr const char* kMissing = "missing";

class Missing final : public ReadingDetector {
 public:
  explicit Missing(double after_s) : after_ns_(common::to_ns(after_s)) {}

  void begin_as(const std::string& state) override { missing_ = state == kMissing; }

  std::optional<StateChange> judge(const Sample& sample) override {
    const std::int64_t silence_ns = sample.monotonic_ns - last_ns_.value_or(sample.monotonic_ns);
    last_ns_ = sample.monotonic_ns;
    if (!std::exchange(missing_, false)) return std::nullopt;
    return change("back", sample.value, silence_ns);
  }

  /// The first time is when the waiting begins.
  std::optional<StateChange> pass(std::int64_t now_ns) override {
    if (!last_ns_) last_ns_ = now_ns;
    if (missing_ || now_ns - *last_ns_ < after_ns_) return std::nullopt;
    missing_ = true;
    return change(kMissing, std::nullopt, now_ns - *last_ns_);
  }

 private:
  static StateChange change(const char* state, std::optional<double> value, std::int64_t silence_ns) {
    return {state, value, StateChange::Number{"silence", static_cast<double>(silence_ns) / 1e9, false, "s"}};
  }

  const std::int64_t after_ns_;
  std::optional<std::int64_t> last_ns_;
  bool missing_ = false;
};

ReadingDetectorKind read_settings(common::Section& section, const WatchedSource& source) {
  double after_s = 0;
  section.read_duration("after", after_s, 1, {1, 30.0 * 86'400});
  if (!section.has("after")) {
    section.problem("after", "a duration is needed here, such as 5m");
  } else if (after_s > 0 && after_s <= source.interval_s) {
    section.problem("after", common::cat("must be longer than read_interval, which is ", source.interval_s, " s"));
  }
  return {[after_s] { return std::make_unique<Missing>(after_s); }, false};
}

const RegisterReadingDetector registered("missing", read_settings);

}  // namespace
}  // namespace imagenode
