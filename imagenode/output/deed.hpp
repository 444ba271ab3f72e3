#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "common/message.hpp"
#include "common/wait.hpp"
#include "imagenode/output/shared_pins.hpp"

namespace imagenode {

/// Has frames sent, `10` or `10 door`, and tells how that goes on: nothing yet, empty once they are sent, else why not.
/// Throws std::exception when it cannot begin.
using FramesProgress = std::function<std::optional<std::string>()>;
using AskForFrames = std::function<FramesProgress(const std::string& arguments)>;

/// What deeds are made with. The pins outlive them.
struct DeedSeams {
  SharedPins& pins;
  AskForFrames frames;
  common::Wait wait = common::wait_for_real;
};

/// What an action does when its event comes. Bound to the thread of its action.
class Deed {
 public:
  Deed() = default;
  Deed(const Deed&) = delete;
  Deed& operator=(const Deed&) = delete;
  virtual ~Deed() = default;

  /// Once, before the first event. Throws std::exception when it could not be done now.
  virtual void prepare() {}

  /// Ends soon after a stop is requested. Throws std::exception with the reason when it could not be done.
  virtual void carry_out(const common::Message& event, const std::stop_token& stop) = 0;

  /// What carry_out() would do, for people; no secrets.
  virtual std::string plan(const common::Message& event) const = 0;
};

}  // namespace imagenode
