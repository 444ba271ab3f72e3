#include "imagenode/frame/roi_pixels.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

namespace imagenode {

void require_inside(const RoiPixels& part, int width, int height) {
  const bool ordered = part.x1 < part.x2 && part.y1 < part.y2;
  const bool inside = part.x1 >= 0 && part.y1 >= 0 && part.x2 <= width && part.y2 <= height;
  if (!ordered || !inside) throw std::out_of_range("a part must lie in its picture");
}

common::Image cut_out(const common::Image& image, const RoiPixels& part) {
  require_inside(part, image.width, image.height);
  common::Image cut = common::Image::make(part.width(), part.height(), image.channels, image.bytes_per_sample);
  const std::size_t pixel_bytes = image.row_bytes() / static_cast<std::size_t>(image.width);
  for (int y = 0; y < cut.height; ++y) {
    const auto* row = image.pixels.data() + static_cast<std::size_t>(part.y1 + y) * image.row_bytes() +
                      static_cast<std::size_t>(part.x1) * pixel_bytes;
    std::copy_n(row, cut.row_bytes(), cut.pixels.data() + static_cast<std::size_t>(y) * cut.row_bytes());
  }
  return cut;
}

}  // namespace imagenode
