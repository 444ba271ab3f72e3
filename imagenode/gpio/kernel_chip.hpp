#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "imagenode/gpio/gpio_chip.hpp"

/// What the two versions of libgpiod have in common here: libgpiod_1.cpp and libgpiod_2.cpp, of which CMake chooses.
namespace imagenode {

/// As the user of a line, in gpioinfo.
inline constexpr const char* kGpioConsumer = "imagenode";

/// Opens /dev/gpiochipN; in one of the two. Throws std::system_error.
std::unique_ptr<GpioChip> open_gpio_chip(const std::string& path);

/// Waits until there is something to read; false when `until_ns` of the monotonic clock has come, or a stop is
/// requested. Throws GpioError when the other end has gone.
bool wait_for_edges(int descriptor, const std::stop_token& stop, std::int64_t until_ns);

/// Of a line that could not be taken, or not be used; `error` is errno's.
GpioError line_error(const std::string& chip, unsigned offset, int error);

}  // namespace imagenode
