#include "imagenode/detect/frame_ring.hpp"

#include <algorithm>

namespace imagenode {

void FrameRing::add(FramePtr frame) {
  if (places_.size() == length_) places_.pop_front();
  places_.push_back({std::move(frame)});
}

void FrameRing::take_newest(std::size_t count, const PictureForm& form, std::vector<FramePtr>& out) {
  for (std::size_t i = places_.size() - std::min(count, places_.size()); i < places_.size(); ++i) {
    Place& place = places_[i];
    if (std::find(place.taken.begin(), place.taken.end(), form) != place.taken.end()) continue;
    place.taken.push_back(form);
    out.push_back(place.frame);
  }
}

}  // namespace imagenode
