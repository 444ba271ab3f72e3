#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include "imagenode/gpio/gpio_line.hpp"

namespace imagenode {

/// An output line that several actions switch: one on, another off. Thread-safe.
class SharedPin {
 public:
  SharedPin(GpioChips chips, GpioAddress address) : chips_(std::move(chips)), address_(std::move(address)) {}

  const GpioAddress& address() const { return address_; }

  /// Takes the line, off, unless it is taken. Throws GpioError.
  void take();

  /// Switches, and returns the number of this switching. Throws GpioError; the line is then taken anew the next time.
  std::uint64_t set(bool on);
  /// Off, unless it has been switched again since then.
  void end(std::uint64_t switching);

  /// Off, and the line is given back. Never throws.
  void let_go();

 private:
  void apply(bool on);

  const GpioChips chips_;
  const GpioAddress address_;
  std::mutex mutex_;
  std::unique_ptr<OutputLine> line_;
  std::uint64_t switchings_ = 0;
};

/// All of them, each once. Thread-safe.
class SharedPins {
 public:
  explicit SharedPins(GpioChips chips) : chips_(std::move(chips)) {}

  std::shared_ptr<SharedPin> at(const GpioAddress& address);

  /// Lets go of all.
  void let_go();
  /// Lets go of those that nobody has any more.
  void let_go_unused();

 private:
  const GpioChips chips_;
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, bool>, std::shared_ptr<SharedPin>> pins_;
};

}  // namespace imagenode
