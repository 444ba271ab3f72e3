#include "imagenode/detect/view_watch.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "imagenode/detect/drawing.hpp"
#include "imagenode/detect/tuning.hpp"

namespace imagenode {
namespace {

/// Frames that no detector can ask for need not be kept.
std::size_t ring_length(const ViewSettings& settings) {
  int longest = 1;
  for (const DetectorSettings& detector : settings.detectors) longest = std::max(longest, detector.send_count);
  return static_cast<std::size_t>(std::clamp(settings.queuemax, 1, longest));
}

common::ArrayForm array_form(const common::Image& image) {
  common::ArrayForm form{image.bytes_per_sample == 2 ? "uint16" : "uint8", {image.height, image.width}};
  if (image.channels > 1) form.shape.push_back(image.channels);
  return form;
}

/// Size and samples of a frame that is an array already, without its pixels.
bool is_array(const Frame& frame, common::Image& shape) {
  shape.width = frame.width();
  shape.height = frame.height();
  shape.channels = frame.form() == PixelForm::bgr ? 3 : 1;
  shape.bytes_per_sample = frame.form() == PixelForm::gray16 ? 2 : 1;
  return frame.form() == PixelForm::bgr || frame.form() == PixelForm::gray8 || frame.form() == PixelForm::gray16;
}

}  // namespace

ViewWatch::ViewWatch(ViewSettings settings)
    : settings_(std::move(settings)),
      sender_(common::trimmed(common::cat(settings_.node, ' ', settings_.view))),
      draws_(std::any_of(settings_.detectors.begin(), settings_.detectors.end(), draws)),
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
    if (event.event.wants_frames) choices_[event.detector].event(ring_, frames);
    add_frames(frames, outcome.messages);
    frames.clear();
  }
  for (FrameChoice& choice : choices_) choice.frame(*frame, ring_, frames);
  add_frames(frames, outcome.messages);
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
    ring_.take_newest(static_cast<std::size_t>(count), frames);
    request->left -= count;
    if (request->left > 0) return false;
    outcome.fulfilled.push_back(request);
    return true;
  });
  add_frames(frames, outcome.messages);
}

Outcome ViewWatch::still(const FramePtr& frame) {
  Outcome outcome;
  const std::lock_guard lock(mutex_);
  for (const auto& wanted : stills_wanted_) {
    if (auto request = wanted.lock()) outcome.fulfilled.push_back(std::move(request));
  }
  if (!outcome.fulfilled.empty()) outcome.messages.push_back(frame_message(*frame, false));
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

void ViewWatch::add_frames(const std::vector<FramePtr>& frames, std::vector<common::Message>& messages) {
  for (const FramePtr& frame : frames) {
    try {
      messages.push_back(frame_message(*frame, draws_));
    } catch (const common::JpegError&) {
      ++damaged_frames_;
    }
    frame->trim();
  }
}

common::Message ViewWatch::frame_message(const Frame& frame, bool drawn) const {
  const bool as_array = settings_.send_type == SendType::image;
  common::Message picture = message(sender_ + (as_array ? "|image" : "|jpg"), frame.time());
  if (drawn) {
    common::Image copy = frame.bgr();
    for (const DetectorSettings& detector : settings_.detectors) draw(detector, frame.time(), copy);
    put_picture(copy, picture);
  } else if (!as_array) {
    picture.payload = frame.jpeg(settings_.jpeg_quality);
  } else if (common::Image shape; is_array(frame, shape)) {
    picture.payload = common::Payload(frame.data().view().first(shape.size_bytes()), frame.data().owner());
    picture.array = array_form(shape);
  } else {
    put_picture(frame.bgr(), picture);
  }
  return picture;
}

void ViewWatch::put_picture(const common::Image& picture, common::Message& message) const {
  if (settings_.send_type == SendType::image) {
    message.payload = common::Payload(picture.pixels);
    message.array = array_form(picture);
  } else {
    message.payload = common::Payload(common::encode_jpeg(picture, settings_.jpeg_quality));
  }
}

common::Message ViewWatch::tuning_message(TuningItem item, CaptureTime time) const {
  common::Message tuning = message(std::move(item.text), time);
  put_picture(item.image.empty() ? picture_of_value(item.value) : item.image, tuning);
  return tuning;
}

}  // namespace imagenode
