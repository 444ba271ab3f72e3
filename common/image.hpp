#pragma once

#include <cstddef>
#include <cstdint>

#include "common/payload.hpp"

namespace common {

/// Pixels in memory: rows of `width * channels` samples without gaps, top row first.
/// Colour is in the order blue, green, red (, alpha). 16-bit samples are in the byte order of the machine.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 1;
  int bytes_per_sample = 1;
  Bytes pixels;

  std::size_t row_bytes() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels) *
           static_cast<std::size_t>(bytes_per_sample);
  }
  std::size_t size_bytes() const { return row_bytes() * static_cast<std::size_t>(height); }
  bool empty() const { return pixels.empty(); }

  static Image make(int width, int height, int channels, int bytes_per_sample = 1) {
    Image image{width, height, channels, bytes_per_sample, {}};
    image.pixels.resize(image.size_bytes());
    return image;
  }
};

}  // namespace common
