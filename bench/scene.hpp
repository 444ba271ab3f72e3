#pragma once

#include <cstdint>
#include <vector>

#include "common/payload.hpp"

/// A deterministic clip for the benchmarks: a textured picture with sensor noise, through which a figure walks.
namespace bench {

struct Clip {
  int width = 0;
  int height = 0;
  std::vector<common::Bytes> frames;  ///< JPEG

  std::size_t mean_bytes() const;
};

/// Noise and quality are chosen so that a 640x480 frame takes 25 to 35 KB, as webcams' frames do; other sizes in
/// proportion.
Clip make_clip(int width, int height, int frames);

/// The frames of an MJPEG file, as compressed as they are there.
Clip read_clip(const char* path);

/// MJPEG in AVI.
void write_clip(const Clip& clip, const char* path, int frames_per_second);

}  // namespace bench
