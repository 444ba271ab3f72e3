#include "imagenode/replay.hpp"

#include <chrono>
#include <cmath>
#include <ostream>

#include "common/jpeg.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

/// What a detector with send_test_images would show as pictures of values, as one line.
std::string values_of(const Judgement::Look& look) {
  std::string line;
  for (const TuningItem& item : look.items) {
    if (item.image.empty()) line += common::cat(line.empty() ? "" : ", ", item.text, ' ', item.value);
  }
  return line;
}

}  // namespace

ReplayCounts replay(const std::function<FramePtr()>& next, DetectorSet& detectors, const std::string& sender,
                    std::ostream& out, std::ostream& err) {
  ReplayCounts counts;
  const auto start = std::chrono::steady_clock::now();
  while (const FramePtr frame = next()) {
    ++counts.frames;
    try {
      const Judgement judgement = detectors.judge(*frame);
      for (const Judgement::Event& event : judgement.events) {
        ++counts.events;
        out << frame->number() << '\t' << sender << '|' << event.text << '\n';
      }
      for (const Judgement::Look& look : judgement.looks) {
        out << frame->number() << '\t' << sender << '|' << look.detector << ": " << values_of(look) << '\n';
      }
    } catch (const common::JpegError&) {
      ++counts.damaged;
    }
    frame->trim();
  }
  out.flush();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const double rate = seconds.count() > 0 ? static_cast<double>(counts.frames) / seconds.count() : 0;
  err << common::cat(counts.frames, " frames, ", std::round(rate * 10) / 10, " frames/s");
  if (counts.damaged > 0) err << common::cat(", ", counts.damaged, " damaged");
  err << '\n';
  return counts;
}

}  // namespace imagenode
