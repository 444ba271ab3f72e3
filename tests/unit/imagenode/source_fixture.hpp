#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/payload.hpp"
#include "fake_clock.hpp"
#include "imagenode/camera/frame_source.hpp"

/// What tests of frame sources share.

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "imagenode-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline common::Bytes bytes_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return common::Bytes(std::istreambuf_iterator<char>(file), {});
}

inline common::Bytes bytes_of_frame(const imagenode::FramePtr& frame) {
  return {frame->data().view().begin(), frame->data().view().end()};
}

/// A clock that only waiting moves.
struct WaitedTime {
  FakeClock clock;
  imagenode::SourceSeams seams{clock, [this](const std::stop_token&, std::int64_t ns) { clock.advance(ns); }};
};
