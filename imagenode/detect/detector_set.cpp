#include "imagenode/detect/detector_set.hpp"

#include "common/text.hpp"

namespace imagenode {

DetectorSet::DetectorSet(const std::vector<DetectorSettings>& settings, const Analysis& analysis) {
  for (const DetectorSettings& one : settings) {
    members_.push_back(
        {one.make(one.roi, analysis), one.kind, one.log_roi_name ? "|" + one.roi_name : "", one.send_test_images});
  }
}

Judgement DetectorSet::judge(const Frame& frame) {
  Judgement judgement;
  // Everything that can fail comes first, so that a damaged frame never is seen by some of the detectors only.
  for (const Member& member : members_) {
    member.detector->decode(frame);
    if (member.shows_tuning) frame.bgr();
  }
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    if (member.shows_tuning) judgement.looks.push_back({member.kind + member.roi_suffix, {}});
    auto event = member.detector->judge(frame, member.shows_tuning ? &judgement.looks.back().items : nullptr);
    if (!event) continue;
    std::string text = common::cat(event->type, '|', event->state, member.roi_suffix);
    judgement.events.push_back({i, std::move(text), std::move(*event)});
  }
  return judgement;
}

}  // namespace imagenode
