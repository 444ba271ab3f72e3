#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "common/disk.hpp"
#include "common/files.hpp"
#include "fake_clock.hpp"
#include "forwarding_file.hpp"
#include "imagenode/line/line_thread.hpp"
#include "imagenode/line/sockets.hpp"
#include "temp_folder.hpp"

/// A disk whose files cannot be read while that is so.
class UnreadableDisk final : public common::Disk {
 public:
  bool reads_fail = false;

  common::OpenFilePtr open(const Path& path, common::OpenMode mode) override {
    return std::make_unique<File>(common::Disk::open(path, mode), reads_fail);
  }

 private:
  class File final : public ForwardingFile {
   public:
    File(common::OpenFilePtr file, const bool& fails) : ForwardingFile(std::move(file)), fails_(fails) {}
    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) override {
      if (fails_) throw std::system_error(EIO, std::generic_category(), "cannot read");
      return ForwardingFile::read(offset, into);
    }

   private:
    const bool& fails_;
  };
};

/// A line without its thread: tests turn it by hand, and time passes only when nothing has news. What it gives is kept.
class LineBench {
 public:
  FakeClock clock;
  UnreadableDisk disk;
  std::vector<imagenode::Chunk> chunks;
  bool shows_live = false;                   // before the line is made
  std::vector<imagenode::Chunk> live;        // new rows, while it does
  std::vector<imagenode::Reading> readings;  // of rows
  std::vector<std::string> told;

  const std::filesystem::path& root() const { return folder_.path(); }

  /// Of the keys of one entry of `lines:`, in flow style: "type: stdin, fields: [a]".
  static imagenode::LineSettings settings(const std::string& keys, const std::string& label = "L1") {
    auto file = common::SettingsFile::parse("lines:\n  " + label + ": {" + keys + "}\n", "imagenode.yaml");
    auto root = file.root();
    auto lines = imagenode::read_lines(root);
    file.finish();
    return lines.front();
  }
  static std::string problems(const std::string& keys) {
    try {
      settings(keys);
    } catch (const common::SettingsError& error) {
      return error.what();
    }
    return "";
  }

  imagenode::LineSinks sinks() {
    return {[this](const imagenode::Reading& reading) {
              if (reading.text.empty()) {
                readings.push_back(reading);
              } else {
                told.push_back(reading.text);
              }
            },
            [this](imagenode::Chunk chunk) { chunks.push_back(std::move(chunk)); }, live_sink()};
  }

  std::function<void(imagenode::Chunk)> live_sink() {
    if (!shows_live) return {};
    return [this](imagenode::Chunk chunk) { live.push_back(std::move(chunk)); };
  }

  imagenode::LineRows rows(const std::string& keys) { return {settings(keys), seams(), sinks(), clock}; }
  imagenode::LineSeams seams() { return {disk, root() / "lines"}; }

  /// Makes the line.
  imagenode::LineThread& line(const std::string& keys) {
    line_ = made(keys);
    return *line_;
  }
  /// Ends the line, and makes another one in its place.
  imagenode::LineThread& renew(const std::string& keys) {
    line_->finish();
    auto next = made(keys);
    next->succeed(*line_);
    line_ = std::move(next);
    return *line_;
  }
  imagenode::LineThread& line() { return *line_; }

  /// Turns the line until that is so; bytes are under way for a moment, even from one socket to the next.
  bool turn_until(const std::function<bool()>& so) {
    for (int turns = 0; turns < kMostTurns && !so(); ++turns) turn();
    return so();
  }
  void turn() { line_->turn({}, *entry_); }
  /// Turns until nothing has news: whatever has come is taken.
  void settle() {
    quiet_ = false;
    hold_time_ = true;
    while (!quiet_) turn();
    hold_time_ = false;
  }

  std::vector<std::int64_t> waits;  // in s, without news

  static common::UniqueFd connect_unix(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    common::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
    return fd;
  }
  static common::UniqueFd connect_tcp(const std::string& address) {
    try {
      return imagenode::connect_tcp(address, {});
    } catch (const std::exception&) {
      return {};
    }
  }
  /// A port of this computer that nobody has.
  static std::string free_address() {
    const auto probe = imagenode::listen_tcp("tcp://127.0.0.1:0");
    sockaddr_in name{};
    socklen_t size = sizeof name;
    ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&name), &size);
    return "tcp://127.0.0.1:" + std::to_string(ntohs(name.sin_port));
  }
  /// What comes, until so many bytes have.
  static std::string received(const common::UniqueFd& fd, std::size_t count) {
    std::string bytes;
    pollfd news{fd.get(), POLLIN, 0};
    while (bytes.size() < count && ::poll(&news, 1, 20'000) > 0) {
      const std::string more = received_now(fd);
      if (more.empty()) break;
      bytes += more;
    }
    return bytes;
  }
  static std::string received_now(const common::UniqueFd& fd) {
    std::string bytes(65'536, ' ');
    const ssize_t count = ::recv(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }
  static void put(const common::UniqueFd& fd, const std::string& bytes) {
    if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  }

 private:
  static constexpr int kMostTurns = 20'000;

  std::unique_ptr<imagenode::LineThread> made(const std::string& keys) {
    return std::make_unique<imagenode::LineThread>(
        settings(keys), seams(), sinks(), clock, liveness_,
        imagenode::LineTimes{common::kSecond, 60 * common::kSecond,
                             [this](std::vector<pollfd>& polls, std::int64_t timeout_ns) { wait(polls, timeout_ns); }});
  }

  void wait(std::vector<pollfd>& polls, std::int64_t timeout_ns) {
    if (::poll(polls.data(), polls.size(), 0) > 0) return;
    quiet_ = true;
    // Nobody would ever wake it: the other end gets a moment.
    if (timeout_ns > 365 * 86'400 * common::kSecond) {
      ::poll(polls.data(), polls.size(), 1);
    } else if (!hold_time_) {
      waits.push_back(timeout_ns / common::kSecond);
      clock.advance(timeout_ns);
    }
  }

  const TempFolder folder_;
  common::Liveness liveness_;
  std::shared_ptr<common::Liveness::Thread> entry_ = liveness_.add("line");
  std::unique_ptr<imagenode::LineThread> line_;
  bool quiet_ = false;
  bool hold_time_ = false;
};
