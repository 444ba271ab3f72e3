#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "imagenode/frame/frame.hpp"

namespace imagenode {

/// The last frames of a view, of which events send some. Each frame is given out once at most, however many events
/// ask for it. Bound to the thread of its camera.
class FrameRing {
 public:
  /// `length` at least 1.
  explicit FrameRing(std::size_t length) : length_(length) {}

  void add(FramePtr frame);

  std::size_t size() const { return places_.size(); }

  /// Appends the frames among the newest `count` that were not taken before, the oldest first.
  void take_newest(std::size_t count, std::vector<FramePtr>& out);

 private:
  struct Place {
    FramePtr frame;
    bool taken = false;
  };
  std::size_t length_;
  std::deque<Place> places_;
};

}  // namespace imagenode
