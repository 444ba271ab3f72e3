#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "imagenode/link/greeting.hpp"

namespace imagenode {

/// While another hub than the first of the list is in use: asks the first one from time to time whether it is there
/// again, on a connection of its own, so that delivery to the other one goes on. Bound to the link's thread.
class ReturnProbe {
 public:
  /// What the link is to do.
  enum class Advice {
    stay,
    finish,  ///< the first hub is there: send nothing more here, and wait for the answers to what is under way
    leave    ///< go to the first hub
  };

  /// Address of the first hub of the list as it is now; empty when the one in use is the first, or none is known.
  using First = std::function<std::string()>;
  using Greet = std::function<std::unique_ptr<Greeting>(const std::string& address)>;

  /// `patience_ns`: how long answers to what is under way are waited for.
  ReturnProbe(std::int64_t interval_ns, std::int64_t patience_ns, First first, Greet greet);

  /// A hub is in use from now on.
  void restart(std::int64_t now_ns);

  Advice look(std::int64_t now_ns, bool anything_under_way);

  /// When to look again, at the latest, and the connection whose news are a reason too.
  std::int64_t next_ns() const { return greeting_ && !answered_ ? greeting_->next_ns() : next_ns_; }
  HubConnection* connection() { return greeting_ ? &greeting_->connection() : nullptr; }

  /// After `leave`: the answered greeting of the first hub.
  std::unique_ptr<Greeting> take() { return std::move(greeting_); }

 private:
  void ask(std::int64_t now_ns);
  Greeting::State state_of_greeting(std::int64_t now_ns);

  const std::int64_t interval_ns_;
  const std::int64_t patience_ns_;
  const First first_;
  const Greet greet_;
  std::unique_ptr<Greeting> greeting_;
  bool answered_ = false;
  std::int64_t next_ns_ = 0;
};

}  // namespace imagenode
