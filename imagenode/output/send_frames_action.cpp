// send_frames: the newest frames of a view and those to come, as the command SendFrames.

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "common/clock.hpp"
#include "common/text.hpp"
#include "imagenode/output/action_registry.hpp"

namespace imagenode {
namespace {

using common::cat;

constexpr int kMaxFrames = 1000;
/// Whoever sends the frames wakes nobody; this is asked only while frames are to come.
constexpr std::int64_t kAskEvery = 100 * common::kMillisecond;

struct SendFramesSettings {
  int count = 10;
  std::string view;  // empty: all
  double timeout_s = 60;
};

class SendFramesDeed final : public Deed {
 public:
  SendFramesDeed(SendFramesSettings settings, const DeedSeams& seams)
      : settings_(std::move(settings)), frames_(seams.frames), wait_(seams.wait) {}

  void carry_out(const common::Message&, const std::stop_token& stop) override {
    const FramesProgress progress = frames_(arguments());
    for (std::int64_t left_ns = common::to_ns(settings_.timeout_s);; left_ns -= kAskEvery) {
      if (const auto outcome = progress()) {
        if (!outcome->empty()) throw std::runtime_error(*outcome);
        return;
      }
      if (stop.stop_requested()) throw std::runtime_error("the node was stopped before all were there");
      if (left_ns <= 0) throw std::runtime_error(cat("not all were there within ", settings_.timeout_s, " s"));
      wait_(stop, kAskEvery);
    }
  }

  std::string plan(const common::Message&) const override { return "SendFrames " + arguments(); }

 private:
  std::string arguments() const {
    return settings_.view.empty() ? cat(settings_.count) : cat(settings_.count, ' ', settings_.view);
  }

  const SendFramesSettings settings_;
  const AskForFrames frames_;
  const common::Wait wait_;
};

ActionKind read_settings(common::Section& section, const KnownViews& views) {
  SendFramesSettings settings;
  section.read("count", settings.count, {1, kMaxFrames});
  section.read("view", settings.view);
  section.read_duration("timeout", settings.timeout_s, 1, {0.1, 600});
  const auto is_meant = [&](const KnownView& view) { return view.is(settings.view); };
  if (views.empty()) {
    section.problem("type", "there are no cameras here, whose frames could be sent");
  } else if (!settings.view.empty() && std::none_of(views.begin(), views.end(), is_meant)) {
    section.problem("view", cat(common::escaped(settings.view), " is neither a viewname nor the label of a camera"));
  }
  return {[settings](const DeedSeams& seams) { return std::make_unique<SendFramesDeed>(settings, seams); }};
}

const RegisterAction registered("send_frames", read_settings);

}  // namespace
}  // namespace imagenode
