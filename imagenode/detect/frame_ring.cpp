#include "imagenode/detect/frame_ring.hpp"

#include <algorithm>

namespace imagenode {

void FrameRing::add(FramePtr frame) {
  if (places_.size() == length_) places_.pop_front();
  places_.push_back({std::move(frame)});
}

void FrameRing::take_newest(std::size_t count, std::vector<FramePtr>& out) {
  for (std::size_t i = places_.size() - std::min(count, places_.size()); i < places_.size(); ++i) {
    if (places_[i].taken) continue;
    places_[i].taken = true;
    out.push_back(places_[i].frame);
  }
}

}  // namespace imagenode
