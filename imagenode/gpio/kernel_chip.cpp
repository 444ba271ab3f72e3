#include "imagenode/gpio/kernel_chip.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "common/clock.hpp"
#include "common/disk.hpp"
#include "common/files.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;

/// gpiochip2 before gpiochip10.
bool by_number(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

std::vector<std::string> chip_names() {
  common::Disk disk;
  std::vector<std::string> names = disk.list("/dev");
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("gpiochip"); });
  std::sort(names.begin(), names.end(), by_number);
  return names;
}

/// A chip that is there already, under another of its names, is counted once.
void add(std::vector<std::unique_ptr<GpioChip>>& chips, std::unique_ptr<GpioChip> chip, const std::string& name) {
  const std::string own_name = chip->name();
  auto same = std::find_if(chips.begin(), chips.end(), [&](const auto& one) { return one->name() == own_name; });
  if (same == chips.end()) same = chips.insert(same, std::move(chip));
  (*same)->also_called(name);
}

/// Rounded up, so that it is not asked again a moment before.
int milliseconds_until(std::int64_t until_ns) {
  const std::int64_t left_ns = until_ns - common::SystemClock().monotonic_ns();
  if (left_ns <= 0) return 0;
  return static_cast<int>(std::min<std::int64_t>(left_ns / common::kMillisecond + 1, std::numeric_limits<int>::max()));
}

}  // namespace

std::vector<std::unique_ptr<GpioChip>> gpio_chips() {
  std::vector<std::unique_ptr<GpioChip>> chips;
  std::string why;
  for (const std::string& name : chip_names()) {
    try {
      add(chips, open_gpio_chip("/dev/" + name), name);
    } catch (const std::system_error& error) {  // one of several that is not for us, or has just gone
      why = cat("/dev/", name, " cannot be opened (", error.code().message(),
                "); its group, often gpio, must have the user that runs imagenode");
    }
  }
  if (chips.empty() && !why.empty()) throw GpioError(why);
  return chips;
}

bool wait_for_edges(int descriptor, const std::stop_token& stop, std::int64_t until_ns) {
  const common::WakeUp wake;
  const std::stop_callback on_stop(stop, [&wake] { wake.signal(); });
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> waiting{{{descriptor, POLLIN, 0}, {wake.fd(), POLLIN, 0}}};
    const int milliseconds = milliseconds_until(until_ns);
    const int ready = ::poll(waiting.data(), waiting.size(), milliseconds);
    if (ready < 0 && errno != EINTR) throw GpioError(cat("poll: ", std::generic_category().message(errno)));
    if (ready > 0 && (waiting[0].revents & POLLIN) != 0) return true;
    if (ready > 0 && waiting[0].revents != 0) throw GpioError("the GPIO chip has gone");
    if (ready == 0 && milliseconds_until(until_ns) == 0) return false;
  }
  return false;
}

GpioError line_error(const std::string& chip, unsigned offset, int error) {
  const std::string line = cat("line ", offset, " of ", chip);
  switch (error) {
    case EBUSY:
      return GpioError(cat(line, " is in use already; gpioinfo says by whom"));
    case ENODEV:
      return GpioError(cat(line, " has gone"));
    case EPERM:
    case EINVAL:
    case EOPNOTSUPP:
    case ENXIO:
      return GpioError(cat(line, " cannot do what the settings ask for (", std::generic_category().message(error),
                           "); look at pull, and whether the line can tell of edges"));
    default:
      return GpioError(cat(line, ": ", std::generic_category().message(error)));
  }
}

}  // namespace imagenode
