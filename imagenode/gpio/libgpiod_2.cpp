// GPIO by libgpiod 2, that of Debian 13.

#if GPIOD_MAJOR == 2

#include <gpiod.h>

#include <cerrno>
#include <system_error>

#include "imagenode/gpio/kernel_chip.hpp"

namespace imagenode {
namespace {

template <typename T, void (*release)(T*)>
struct Release {
  void operator()(T* handle) const { release(handle); }
};
template <typename T, void (*release)(T*)>
using Handle = std::unique_ptr<T, Release<T, release>>;

using ChipHandle = Handle<gpiod_chip, gpiod_chip_close>;
using ChipInfo = Handle<gpiod_chip_info, gpiod_chip_info_free>;
using Request = Handle<gpiod_line_request, gpiod_line_request_release>;
using RequestConfig = Handle<gpiod_request_config, gpiod_request_config_free>;
using LineConfig = Handle<gpiod_line_config, gpiod_line_config_free>;
using LineSettings = Handle<gpiod_line_settings, gpiod_line_settings_free>;
using EdgeBuffer = Handle<gpiod_edge_event_buffer, gpiod_edge_event_buffer_free>;

/// What a line that counts pulses may get while its thread has no time; the most that the kernel allows for one line.
constexpr std::size_t kBufferedEdges = 1024;

template <typename Made>
Made made(Made handle) {
  if (!handle) throw std::bad_alloc();
  return handle;
}

/// A line that is ours; the request goes on without its chip.
struct TakenLine {
  std::string chip;
  unsigned offset;
  Request request;

  /// Of the call that has just failed.
  GpioError error() const { return line_error(chip, offset, errno); }
};

class Input final : public InputLine {
 public:
  explicit Input(TakenLine line)
      : line_(std::move(line)), buffer_(made(EdgeBuffer(gpiod_edge_event_buffer_new(kBufferedEdges)))) {}

  bool is_active() override {
    const auto value = gpiod_line_request_get_value(line_.request.get(), line_.offset);
    if (value == GPIOD_LINE_VALUE_ERROR) throw line_.error();
    return value == GPIOD_LINE_VALUE_ACTIVE;
  }

  std::vector<Edge> wait(const std::stop_token& stop, std::int64_t until_ns) override {
    if (!wait_for_edges(gpiod_line_request_get_fd(line_.request.get()), stop, until_ns)) return {};
    const int count = gpiod_line_request_read_edge_events(line_.request.get(), buffer_.get(), kBufferedEdges);
    if (count < 0) throw line_.error();
    std::vector<Edge> edges;
    for (unsigned long i = 0; i < static_cast<unsigned long>(count); ++i) {
      gpiod_edge_event* event = gpiod_edge_event_buffer_get_event(buffer_.get(), i);
      edges.push_back({gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
                       static_cast<std::int64_t>(gpiod_edge_event_get_timestamp_ns(event))});
    }
    return edges;
  }

 private:
  const TakenLine line_;
  const EdgeBuffer buffer_;
};

class Output final : public OutputLine {
 public:
  explicit Output(TakenLine line) : line_(std::move(line)) {}

  void set(bool active) override {
    const auto value = active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    if (gpiod_line_request_set_value(line_.request.get(), line_.offset, value) != 0) throw line_.error();
  }

 private:
  const TakenLine line_;
};

void set_pull(gpiod_line_settings* settings, Pull pull) {
  if (pull == Pull::none) gpiod_line_settings_set_bias(settings, GPIOD_LINE_BIAS_DISABLED);
  if (pull == Pull::up) gpiod_line_settings_set_bias(settings, GPIOD_LINE_BIAS_PULL_UP);
  if (pull == Pull::down) gpiod_line_settings_set_bias(settings, GPIOD_LINE_BIAS_PULL_DOWN);
}

class Chip final : public GpioChip {
 public:
  explicit Chip(const std::string& path) : chip_(gpiod_chip_open(path.c_str())) {
    if (!chip_) throw std::system_error(errno, std::generic_category(), path);
    info_ = ChipInfo(gpiod_chip_get_info(chip_.get()));
    if (!info_) throw std::system_error(errno, std::generic_category(), path);
  }

  std::string name() const override { return gpiod_chip_info_get_name(info_.get()); }
  std::string label() const override { return gpiod_chip_info_get_label(info_.get()); }
  unsigned line_count() const override { return static_cast<unsigned>(gpiod_chip_info_get_num_lines(info_.get())); }

  std::optional<unsigned> find(const std::string& line) const override {
    const int offset = gpiod_chip_get_line_offset_from_name(chip_.get(), line.c_str());
    if (offset < 0) return std::nullopt;
    return static_cast<unsigned>(offset);
  }

  std::unique_ptr<InputLine> input(unsigned offset, bool active_low, Pull pull) override {
    const auto settings = made(LineSettings(gpiod_line_settings_new()));
    gpiod_line_settings_set_direction(settings.get(), GPIOD_LINE_DIRECTION_INPUT);
    gpiod_line_settings_set_edge_detection(settings.get(), GPIOD_LINE_EDGE_BOTH);
    gpiod_line_settings_set_event_clock(settings.get(), GPIOD_LINE_CLOCK_MONOTONIC);
    gpiod_line_settings_set_active_low(settings.get(), active_low);
    set_pull(settings.get(), pull);
    return std::make_unique<Input>(take(offset, settings.get()));
  }

  std::unique_ptr<OutputLine> output(unsigned offset, bool active_low, bool active) override {
    const auto settings = made(LineSettings(gpiod_line_settings_new()));
    gpiod_line_settings_set_direction(settings.get(), GPIOD_LINE_DIRECTION_OUTPUT);
    gpiod_line_settings_set_active_low(settings.get(), active_low);
    gpiod_line_settings_set_output_value(settings.get(), active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
    return std::make_unique<Output>(take(offset, settings.get()));
  }

 private:
  TakenLine take(unsigned offset, gpiod_line_settings* settings) {
    const auto lines = made(LineConfig(gpiod_line_config_new()));
    const auto config = made(RequestConfig(gpiod_request_config_new()));
    gpiod_request_config_set_consumer(config.get(), kGpioConsumer);
    gpiod_request_config_set_event_buffer_size(config.get(), kBufferedEdges);
    if (gpiod_line_config_add_line_settings(lines.get(), &offset, 1, settings) != 0) {
      throw line_error(name(), offset, errno);
    }
    Request request(gpiod_chip_request_lines(chip_.get(), config.get(), lines.get()));
    if (!request) throw line_error(name(), offset, errno);
    return {name(), offset, std::move(request)};
  }

  const ChipHandle chip_;
  ChipInfo info_;
};

}  // namespace

std::unique_ptr<GpioChip> open_gpio_chip(const std::string& path) {
  return std::make_unique<Chip>(path);
}

}  // namespace imagenode

#endif
