#pragma once

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "common/crc32c.hpp"
#include "common/jpeg.hpp"
#include "fake_clock.hpp"
#include "imagehub/filing/committer.hpp"
#include "shared_disk.hpp"
#include "temp_folder.hpp"

/// A JPEG whose bytes depend on `content`.
inline common::Payload picture(std::uint8_t content = 0) {
  common::Image image = common::Image::make(16, 16, 1);
  for (auto& pixel : image.pixels) pixel = content;
  return common::Payload(common::encode_jpeg(image));
}

inline common::Message plain_message(const std::string& text, common::Payload payload = picture()) {
  common::Message message;
  message.text = text;
  message.node = text.substr(0, text.find_first_of(" |"));
  message.payload = std::move(payload);
  message.crc = common::crc32c(message.payload.view());
  return message;
}

inline common::Message message(std::uint64_t boot, std::uint64_t seq, const std::string& text = "Barn door|jpg",
                               common::Payload payload = picture()) {
  common::Message message = plain_message(text, std::move(payload));
  message.boot = boot;
  message.seq = seq;
  return message;
}

/// The real disk, which says that it is full when it is told to, and can be shared with other programs.
class FillableDisk : public SharedDisk {
 public:
  void fill() { full_ = true; }
  void free() { full_ = false; }

  common::OpenFilePtr open(const std::filesystem::path& path, common::OpenMode mode) override {
    if (full_ && mode == common::OpenMode::replace) {
      throw std::system_error(std::make_error_code(std::errc::no_space_on_device), path.string());
    }
    return SharedDisk::open(path, mode);
  }
  common::Space space(const std::filesystem::path& path) override {
    auto space = common::Disk::space(path);
    if (full_) space.free_bytes = 0;
    return space;
  }

 private:
  std::atomic<bool> full_{false};
};

/// A data directory and all that files into it, without threads. restart() is a crash and a new start.
class FilingKit {
 public:
  explicit FilingKit(imagehub::CommitterSettings settings = {}) : settings_(settings) { open(); }

  void open() {
    committer.reset();
    batches.reset();
    index.reset();
    index = std::make_unique<imagehub::Index>(disk, data() / "index.sqlite3", imagehub::Durability::synced);
    store = std::make_unique<imagehub::ImageStore>(disk, data() / "images", true);
    log = std::make_unique<imagehub::EventLog>(disk, data() / "logs");
    reserve = std::make_unique<imagehub::Reserve>(disk, data() / ".reserve", 0);
    nodes = std::make_unique<imagehub::Nodes>(clock, 600 * common::kSecond, index->nodes());
    batch_store = std::make_unique<common::BatchStore>(disk, data() / "data", true);
    batches = std::make_unique<imagehub::Batches>(batch_settings, *index, *batch_store, *reserve, clock);
    committer =
        std::make_unique<imagehub::Committer>(settings_, *index, *store, *log, *reserve, *nodes, *batches, clock);
  }
  void restart() {
    open();
    committer->recover();
  }

  const std::filesystem::path& data() const { return folder_.path(); }
  std::filesystem::path incoming() const { return data() / "images/.incoming"; }
  std::filesystem::path log_file() const { return data() / "logs/imagehub.log"; }

  /// Pictures in the days' folders, by path below images/.
  std::vector<std::string> pictures() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data() / "images")) {
      const auto path = entry.path().lexically_relative(data() / "images").string();
      if (entry.is_regular_file() && !path.starts_with(".incoming")) found.push_back(path);
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  /// Texts of the log's lines, without stamps.
  std::vector<std::string> log_texts() const {
    std::vector<std::string> texts;
    std::ifstream in(log_file());
    for (std::string line; std::getline(in, line);) texts.push_back(line.size() > 26 ? line.substr(26) : line);
    return texts;
  }

  FillableDisk disk;
  FakeClock clock;
  std::unique_ptr<imagehub::Index> index;
  std::unique_ptr<imagehub::ImageStore> store;
  std::unique_ptr<imagehub::EventLog> log;
  std::unique_ptr<imagehub::Reserve> reserve;
  std::unique_ptr<imagehub::Nodes> nodes;
  imagehub::BatchSettings batch_settings;
  std::unique_ptr<common::BatchStore> batch_store;
  std::unique_ptr<imagehub::Batches> batches;
  std::unique_ptr<imagehub::Committer> committer;

 private:
  TempFolder folder_;
  imagehub::CommitterSettings settings_;
};
