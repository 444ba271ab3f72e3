// Writes the clip that node_bench measures with: make_bench_clip tests/data/bench-640x480.avi

#include <cstdio>
#include <exception>

#include "bench/scene.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_bench_clip FILE.avi\n", stderr);
    return 64;
  }
  try {
    const bench::Clip clip = bench::make_clip(640, 480, 48);
    bench::write_clip(clip, argv[1], 15);
    std::printf("%zu frames of %zu bytes\n", clip.frames.size(), clip.mean_bytes());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
