#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "common/disk.hpp"

namespace fuzz {

namespace fs = std::filesystem;

/// A folder for the run, in memory where that is possible; it goes with the program.
class Folder {
 public:
  explicit Folder(const std::string& name) {
    const fs::path memory = "/dev/shm";
    std::string pattern = ((fs::exists(memory) ? memory : fs::temp_directory_path()) / (name + "-XXXXXX")).string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// A database as a crash left it (main file and write-ahead log), damaged as the input says.
class DamagedFile {
 public:
  /// In a folder of its own; `name` is index or spool.
  explicit DamagedFile(const std::string& name)
      : folder_(name + "-fuzz"),
        files_{folder_.path() / (name + ".sqlite3"), folder_.path() / (name + ".sqlite3-wal")} {}
  const fs::path& path() const { return files_[0]; }

  /// Takes the two files into memory as they are now: while the database is open, what a crash leaves, with a log that
  /// was not merged; when it is closed, what a stop leaves.
  void add_state() {
    State& state = states_.emplace_back();
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (fs::exists(files_[i])) state[i] = bytes_of(files_[i]);
    }
  }

  /// Writes one of the states, damaged: bytes overwritten or missing, and where it is whole otherwise, wrong numbers in
  /// some of these columns (`table.column`).
  void damage(FuzzedDataProvider& input, const std::vector<std::string>& columns) const {
    write(input);
    confuse(input, columns);
  }

 private:
  using State = std::array<common::Bytes, 2>;  ///< main file and log

  /// Writes one of the states with up to sixteen places overwritten, and maybe one of the two files cut.
  void write(FuzzedDataProvider& input) const {
    State state = states_[input.ConsumeIntegralInRange<std::size_t>(0, states_.size() - 1)];
    const int changes = input.ConsumeIntegralInRange(0, 16);
    for (int change = 0; change < changes; ++change) overwrite(state[input.ConsumeBool() ? 1 : 0], input);
    common::Bytes& cut = state[input.ConsumeBool() ? 1 : 0];
    if (input.ConsumeBool()) cut.resize(input.ConsumeIntegralInRange<std::size_t>(0, cut.size()));
    fs::remove(fs::path(files_[0]) += "-shm");
    for (std::size_t i = 0; i < files_.size(); ++i) {
      fs::remove(files_[i]);
      if (i == 0 || !state[i].empty()) common::Disk().open(files_[i], common::OpenMode::replace)->write(0, state[i]);
    }
  }

  /// Up to four columns get numbers that mean nothing.
  void confuse(FuzzedDataProvider& input, const std::vector<std::string>& columns) const {
    const int changes = input.ConsumeIntegralInRange(0, 4);
    if (changes == 0) return;
    try {
      SQLite::Database database(files_[0].string(), SQLite::OPEN_READWRITE);
      for (int change = 0; change < changes; ++change) {
        const std::string& place = columns[input.ConsumeIntegralInRange<std::size_t>(0, columns.size() - 1)];
        const std::size_t dot = place.find('.');
        SQLite::Statement update(database, "UPDATE " + place.substr(0, dot) + " SET " + place.substr(dot + 1) + " = ?");
        update.bind(1, input.ConsumeBool() ? input.ConsumeIntegral<std::int64_t>()
                                           : input.PickValueInArray<std::int64_t>({INT64_MIN, -1, 0, 1, 3, INT64_MAX}));
        update.exec();
      }
    } catch (const SQLite::Exception&) {
      // Damaged before.
    }
  }

  static void overwrite(common::Bytes& bytes, FuzzedDataProvider& input) {
    if (bytes.empty()) return;
    const auto at = input.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1);
    const auto part = input.ConsumeBytes<std::uint8_t>(input.ConsumeIntegralInRange<std::size_t>(0, 64));
    std::copy_n(part.begin(), std::min(part.size(), bytes.size() - at),
                bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  static common::Bytes bytes_of(const fs::path& path) {
    common::Disk disk;
    const auto file = disk.open(path, common::OpenMode::read);
    common::Bytes bytes(file->size());
    file->read(0, bytes);
    return bytes;
  }

  Folder folder_;
  std::array<fs::path, 2> files_;
  std::vector<State> states_;
};

}  // namespace fuzz
