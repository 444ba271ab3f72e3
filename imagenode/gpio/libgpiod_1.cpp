// GPIO by libgpiod 1.6, that of Debian 12.

#if GPIOD_MAJOR == 1

#include <gpiod.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "common/clock.hpp"
#include "imagenode/gpio/kernel_chip.hpp"

namespace imagenode {
namespace {

/// Its lines end with it, so each of them holds it.
using ChipHandle = std::shared_ptr<gpiod_chip>;

/// A line that is released at the end.
class TakenLine {
 public:
  TakenLine(ChipHandle chip, gpiod_line* line) : chip_(std::move(chip)), line_(line) {}
  ~TakenLine() { gpiod_line_release(line_); }
  TakenLine(const TakenLine&) = delete;
  TakenLine& operator=(const TakenLine&) = delete;

  gpiod_line* get() const { return line_; }
  /// Of the call that has just failed.
  GpioError error() const { return line_error(gpiod_chip_name(chip_.get()), gpiod_line_offset(line_), errno); }

 private:
  const ChipHandle chip_;
  gpiod_line* const line_;
};

class Input final : public InputLine {
 public:
  Input(ChipHandle chip, gpiod_line* line) : line_(std::move(chip), line) {}

  bool is_active() override {
    const int value = gpiod_line_get_value(line_.get());
    if (value < 0) throw line_.error();
    return value == 1;
  }

  std::vector<Edge> wait(const std::stop_token& stop, std::int64_t until_ns) override {
    const int descriptor = gpiod_line_event_get_fd(line_.get());
    if (!wait_for_edges(descriptor, stop, until_ns)) return {};
    std::array<gpiod_line_event, kKeptEdges> events{};
    const int count = gpiod_line_event_read_fd_multiple(descriptor, events.data(), events.size());
    if (count < 0) throw line_.error();
    std::vector<Edge> edges;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const gpiod_line_event& event = events.at(i);
      edges.push_back(
          {event.event_type == GPIOD_LINE_EVENT_RISING_EDGE, event.ts.tv_sec * common::kSecond + event.ts.tv_nsec});
    }
    return edges;
  }

 private:
  const TakenLine line_;
};

class Output final : public OutputLine {
 public:
  Output(ChipHandle chip, gpiod_line* line) : line_(std::move(chip), line) {}

  void set(bool active) override {
    if (gpiod_line_set_value(line_.get(), active ? 1 : 0) != 0) throw line_.error();
  }

 private:
  const TakenLine line_;
};

int flags_of(bool active_low, Pull pull) {
  int flags = active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
  if (pull == Pull::none) flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
  if (pull == Pull::up) flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
  if (pull == Pull::down) flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
  return flags;
}

class Chip final : public GpioChip {
 public:
  explicit Chip(const std::string& path) : chip_(gpiod_chip_open(path.c_str()), close) {
    if (!chip_) throw std::system_error(errno, std::generic_category(), path);
  }

  std::string name() const override { return gpiod_chip_name(chip_.get()); }
  std::string label() const override { return gpiod_chip_label(chip_.get()); }
  unsigned line_count() const override { return gpiod_chip_num_lines(chip_.get()); }

  std::optional<unsigned> find(const std::string& line) const override {
    gpiod_line* found = gpiod_chip_find_line(chip_.get(), line.c_str());
    if (found == nullptr) return std::nullopt;
    return gpiod_line_offset(found);
  }

  std::unique_ptr<InputLine> input(unsigned offset, bool active_low, Pull pull) override {
    gpiod_line* line = line_at(offset);
    if (gpiod_line_request_both_edges_events_flags(line, kGpioConsumer, flags_of(active_low, pull)) != 0) {
      throw line_error(name(), offset, errno);
    }
    return std::make_unique<Input>(chip_, line);
  }

  std::unique_ptr<OutputLine> output(unsigned offset, bool active_low, bool active) override {
    gpiod_line* line = line_at(offset);
    const int flags = flags_of(active_low, Pull::as_is);
    if (gpiod_line_request_output_flags(line, kGpioConsumer, flags, active ? 1 : 0) != 0) {
      throw line_error(name(), offset, errno);
    }
    return std::make_unique<Output>(chip_, line);
  }

 private:
  static void close(gpiod_chip* chip) {
    if (chip != nullptr) gpiod_chip_close(chip);
  }

  gpiod_line* line_at(unsigned offset) {
    gpiod_line* line = gpiod_chip_get_line(chip_.get(), offset);
    if (line == nullptr) throw line_error(name(), offset, errno);
    return line;
  }

  const ChipHandle chip_;
};

}  // namespace

std::unique_ptr<GpioChip> open_gpio_chip(const std::string& path) {
  return std::make_unique<Chip>(path);
}

}  // namespace imagenode

#endif
