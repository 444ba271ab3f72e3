#include "imagenode/detect/view_watch.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "imagenode/detect/tuning.hpp"

namespace imagenode {
namespace {

/// Frames that no detector can ask for need not be kept.
std::size_t ring_length(const ViewSettings& settings) {
  int longest = 1;
  for (const DetectorSettings& detector : settings.detectors) longest = std::max(longest, detector.send_count);
  return static_cast<std::size_t>(std::clamp(settings.queuemax, 1, longest));
}

}  // namespace

ViewWatch::ViewWatch(ViewSettings settings)
    : settings_(std::move(settings)),
      sender_(common::trimmed(common::cat(settings_.node, ' ', settings_.view))),
      pictures_(settings_.send_type, settings_.jpeg_quality, settings_.detectors),
      tiny_picture_(tiny_picture(settings_.send_type)),
      detectors_(settings_.detectors, settings_.analysis),
      choices_(settings_.detectors.begin(), settings_.detectors.end()),
      ring_(ring_length(settings_)) {}

Outcome ViewWatch::watch(const FramePtr& frame) {
  Outcome outcome;
  Judgement judgement;
  try {
    judgement = detectors_.judge(*frame);
  } catch (const common::JpegError&) {
    ++damaged_frames_;
    return outcome;
  }
  ring_.add(frame);
  std::vector<FramePtr> frames;
  for (const Judgement::Event& event : judgement.events) {
    common::Message message = event_message(event.text, frame->time());
    message.fields = event.event.fields;
    message.units = event.event.units;
    outcome.messages.push_back(std::move(message));
    FrameChoice& choice = choices_[event.detector];
    if (event.event.wants_frames) choice.event(ring_, frames);
    add_frames(frames, choice.form(), outcome.messages);
    frames.clear();
  }
  for (FrameChoice& choice : choices_) {
    choice.frame(*frame, ring_, frames);
    add_frames(frames, choice.form(), outcome.messages);
    frames.clear();
  }
  send_wanted(outcome);
  for (Judgement::Look& look : judgement.looks) {
    for (TuningItem& item : look.items) outcome.tuning.push_back(tuning_message(std::move(item), frame->time()));
  }
  frame->trim();
  return outcome;
}

void ViewWatch::want_frames(const FrameRequestPtr& request) {
  const std::lock_guard lock(mutex_);
  wanted_.push_back(request);
}

void ViewWatch::want_still(const FrameRequestPtr& request) {
  const std::lock_guard lock(mutex_);
  stills_wanted_.push_back(request);
}

void ViewWatch::send_wanted(Outcome& outcome) {
  std::vector<FramePtr> frames;
  const std::lock_guard lock(mutex_);
  std::erase_if(wanted_, [&](const std::weak_ptr<FrameRequest>& wanted) {
    const FrameRequestPtr request = wanted.lock();
    if (!request) return true;
    const int count = std::exchange(request->begun, true) ? 1 : std::min(request->left, static_cast<int>(ring_.size()));
    ring_.take_newest(static_cast<std::size_t>(count), {}, frames);
    request->left -= count;
    if (request->left > 0) return false;
    outcome.fulfilled.push_back(request);
    return true;
  });
  add_frames(frames, {}, outcome.messages);
}

Outcome ViewWatch::still(const FramePtr& frame) {
  Outcome outcome;
  const std::lock_guard lock(mutex_);
  for (const auto& wanted : stills_wanted_) {
    if (auto request = wanted.lock()) outcome.fulfilled.push_back(std::move(request));
  }
  if (!outcome.fulfilled.empty()) {
    outcome.messages.push_back(frame_message(frame->time()));
    pictures_.put_plain(*frame, outcome.messages.back());
  }
  stills_wanted_.clear();
  frame->trim();
  return outcome;
}

common::Message ViewWatch::message(std::string text, CaptureTime time) const {
  common::Message message;
  message.text = std::move(text);
  message.node = settings_.node;
  message.view = settings_.view;
  message.time_ns = time.utc_ns;
  message.monotonic_ns = time.monotonic_ns;
  return message;
}

common::Message ViewWatch::event_message(const std::string& text, CaptureTime time) const {
  common::Message event = message(common::cat(sender_, '|', text), time);
  event.payload = tiny_picture_.payload;
  event.array = tiny_picture_.array;
  return event;
}

common::Message ViewWatch::frame_message(CaptureTime time) const {
  return message(sender_ + (settings_.send_type == SendType::image ? "|image" : "|jpg"), time);
}

void ViewWatch::add_frames(const std::vector<FramePtr>& frames, const PictureForm& form,
                           std::vector<common::Message>& messages) {
  for (const FramePtr& frame : frames) {
    try {
      common::Message picture = frame_message(frame->time());
      pictures_.put(*frame, form, picture);
      messages.push_back(std::move(picture));
    } catch (const common::JpegError&) {
      ++damaged_frames_;
    }
    // The newest may be sent in another form too.
    if (frame != ring_.newest()) frame->trim();
  }
}

common::Message ViewWatch::tuning_message(TuningItem item, CaptureTime time) const {
  common::Message tuning = message(std::move(item.text), time);
  pictures_.put(item.image.empty() ? picture_of_value(item.value) : item.image, tuning);
  return tuning;
}

}  // namespace imagenode
