#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

/// The seam to the pins of a computer: the kernel's GPIO chips and their lines, as libgpiod shows them. Levels are
/// logical: of a line that is active low, low is active. Whatever fails throws GpioError.
namespace imagenode {

/// There is no such chip or line, somebody else has it, or it does not answer. Says what a user can do about it.
struct GpioError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The resistor of the chip at an input; as_is leaves it as it was.
enum class Pull { as_is, none, up, down };

struct Edge {
  bool active = false;            ///< the level from then on
  std::int64_t monotonic_ns = 0;  ///< when, by the kernel
};

/// How many edges of a line the kernel keeps at least; what comes when so many wait may be lost.
inline constexpr std::size_t kKeptEdges = 16;

/// A line that is ours until this object goes. Bound to one thread at a time.
class InputLine {
 public:
  InputLine() = default;
  InputLine(const InputLine&) = delete;
  InputLine& operator=(const InputLine&) = delete;
  virtual ~InputLine() = default;

  virtual bool is_active() = 0;

  /// Waits for edges, and returns those that have come, in their order. None when `until_ns` of the monotonic clock has
  /// come, or a stop is requested.
  virtual std::vector<Edge> wait(const std::stop_token& stop, std::int64_t until_ns) = 0;
};

/// The same for an output. It is not said which level it keeps when this object goes.
class OutputLine {
 public:
  OutputLine() = default;
  OutputLine(const OutputLine&) = delete;
  OutputLine& operator=(const OutputLine&) = delete;
  virtual ~OutputLine() = default;

  virtual void set(bool active) = 0;
};

/// Lines may outlive the chip that gave them. Bound to one thread at a time.
class GpioChip {
 public:
  GpioChip() = default;
  GpioChip(const GpioChip&) = delete;
  GpioChip& operator=(const GpioChip&) = delete;
  virtual ~GpioChip() = default;

  virtual std::string name() const = 0;   ///< gpiochip0, as the kernel calls it
  virtual std::string label() const = 0;  ///< pinctrl-bcm2711
  virtual unsigned line_count() const = 0;
  /// Offset of the line of this name: GPIO17, or what a device tree calls it.
  virtual std::optional<unsigned> find(const std::string& line) const = 0;

  virtual std::unique_ptr<InputLine> input(unsigned offset, bool active_low, Pull pull) = 0;
  virtual std::unique_ptr<OutputLine> output(unsigned offset, bool active_low, bool active) = 0;

  /// It has this name in /dev too, by a link: gpiochip4 for the gpiochip0 of Raspberry Pi OS.
  void also_called(const std::string& name) { links_.insert(name); }
  bool is_called(const std::string& wanted) const { return name() == wanted || links_.contains(wanted); }

 private:
  std::set<std::string> links_;
};

/// All chips that there are now, each once; thread-safe.
using GpioChips = std::function<std::vector<std::unique_ptr<GpioChip>>()>;

/// Those of the kernel. Throws GpioError when there are some and none may be opened.
std::vector<std::unique_ptr<GpioChip>> gpio_chips();

}  // namespace imagenode
