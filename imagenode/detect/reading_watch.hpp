#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/clock.hpp"
#include "imagenode/detect/reading_detector_settings.hpp"
#include "imagenode/reading/reading.hpp"

namespace imagenode {

/// The detectors of one source of readings. What they say goes to the sink, as readings with the text
/// `<detector>|<field>|<state>`, in the order in which it happened. Thread-safe: readings come from the thread of the
/// source; pass() comes from another one, so that silence is told even while that thread hangs.
class ReadingWatch {
 public:
  ReadingWatch(std::string source, const std::vector<ReadingDetectorSettings>& settings, ReadingSink sink,
               const common::Clock& clock);

  /// Then there is nothing to call the others for.
  bool empty() const { return members_.empty(); }

  /// Before the first reading: detectors go on from what those of the same name, kind and field have told last. The
  /// watch before has done its work.
  void succeed(const ReadingWatch& before);

  /// News of the source, a text without numbers, is passed over.
  void judge(const Reading& reading);
  /// To be called about once a second.
  void pass();

 private:
  struct Member {
    std::string name;
    std::string kind;
    std::string field;
    std::unique_ptr<ReadingDetector> detector;
    std::string unit;  // of the field, in the latest reading
    std::string told;  // its latest state, if it has told one
  };

  void judge(Member& member, const Reading& reading, const Reading& moment);
  void tell(Member& member, const StateChange& change, const Reading& moment) const;

  const std::string source_;
  const ReadingSink sink_;
  const common::Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Member> members_;  // as many as there are from the beginning; what is in them lies under the mutex
  std::int64_t latest_ns_ = 0;
};

}  // namespace imagenode
