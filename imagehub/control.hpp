#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/thread.hpp"

namespace imagehub {

/// Where a hub with this data directory is asked: in systemd's runtime directory when the service has one
/// (RUNTIME_DIRECTORY), else in the data directory.
std::filesystem::path control_path(const std::filesystem::path& data_directory);

/// A local socket on which a running hub answers `imagehub status`, `command` and `live`. One thread of its own.
class Control {
 public:
  /// What it throws is answered as {"error": why}.
  using Answer = std::function<std::string(const std::string& question)>;
  /// Throws std::runtime_error when the socket cannot be made.
  Control(const std::filesystem::path& path, Answer answer, common::Liveness& liveness);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A connection to the hub behind the socket, for several questions.
class HubTalk {
 public:
  explicit HubTalk(const std::filesystem::path& path, int timeout_ms = 3000);
  ~HubTalk();
  HubTalk(const HubTalk&) = delete;
  HubTalk& operator=(const HubTalk&) = delete;

  /// Nothing when none answers in time; then it never does.
  std::optional<std::string> ask(const std::string& question);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One question.
std::optional<std::string> ask_hub(const std::filesystem::path& path, const std::string& question,
                                   int timeout_ms = 3000);

}  // namespace imagehub
