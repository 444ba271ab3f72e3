#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "imagenode/detect/picture_form.hpp"
#include "imagenode/frame/frame.hpp"

namespace imagenode {

/// The last frames of a view, of which events send some. Each frame is given out once at most in each form, however
/// many events ask for it. Bound to the thread of its camera.
class FrameRing {
 public:
  /// `length` at least 1.
  explicit FrameRing(std::size_t length) : length_(length) {}

  void add(FramePtr frame);

  std::size_t size() const { return places_.size(); }

  /// Not of an empty ring.
  const FramePtr& newest() const { return places_.back().frame; }

  /// Appends the frames among the newest `count` that were not taken in this form before, the oldest first.
  void take_newest(std::size_t count, const PictureForm& form, std::vector<FramePtr>& out);

 private:
  struct Place {
    FramePtr frame;
    std::vector<PictureForm> taken = {};
  };
  std::size_t length_;
  std::deque<Place> places_;
};

}  // namespace imagenode
