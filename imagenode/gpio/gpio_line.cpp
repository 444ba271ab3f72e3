#include "imagenode/gpio/gpio_line.hpp"

#include <algorithm>

#include "common/setting_values.hpp"
#include "common/text.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::escaped;

using ChipPtr = std::unique_ptr<GpioChip>;
using Choice = std::function<bool(const GpioChip&)>;

/// gpiochip0 (pinctrl-bcm2711), gpiochip1 (raspberrypi-exp-gpio)
std::string listed(const std::vector<ChipPtr>& chips) {
  std::string all;
  for (const ChipPtr& chip : chips) {
    all += cat(all.empty() ? "" : ", ", escaped(chip->name()), " (", escaped(chip->label()), ')');
  }
  return all;
}

/// The one that is chosen, unless it is none or several.
ChipPtr only_one(std::vector<ChipPtr>& chips, const Choice& is_chosen) {
  const auto chosen = [&](const ChipPtr& chip) { return is_chosen(*chip); };
  if (std::count_if(chips.begin(), chips.end(), chosen) != 1) return nullptr;
  return std::move(*std::find_if(chips.begin(), chips.end(), chosen));
}

/// The pins of every Raspberry Pi are on the chip of its pin controller; others have one too.
bool has_pins(const GpioChip& chip) {
  return chip.label().starts_with("pinctrl-");
}

ChipPtr choose(std::vector<ChipPtr> chips, std::string wanted) {
  if (chips.empty()) throw GpioError("this computer has no GPIO chip (/dev/gpiochip*)");
  constexpr std::string_view kFolder = "/dev/";
  if (wanted.starts_with(kFolder)) wanted.erase(0, kFolder.size());
  ChipPtr chip;
  if (!wanted.empty()) {
    chip = only_one(chips, [&](const GpioChip& one) { return one.is_called(wanted); });
    if (!chip) chip = only_one(chips, [&](const GpioChip& one) { return one.label() == wanted; });
    if (!chip) {
      throw GpioError(cat("not one GPIO chip is ", escaped(wanted), " by name or label; there is ", listed(chips)));
    }
  } else {
    chip = only_one(chips, has_pins);
    if (!chip) chip = only_one(chips, [](const GpioChip&) { return true; });
    if (!chip) throw GpioError(cat("there are several GPIO chips; say which by chip: ", listed(chips)));
  }
  return chip;
}

unsigned offset_of(const GpioChip& chip, const std::string& line) {
  if (const auto by_name = chip.find(line)) return *by_name;
  const auto number = common::to_int(line);
  if (!number) throw GpioError(cat(chip.name(), " has no line ", escaped(line), "; gpioinfo shows those that it has"));
  if (*number < 0 || static_cast<unsigned>(*number) >= chip.line_count()) {
    throw GpioError(cat(chip.name(), " has no line ", *number, "; it has 0 to ", chip.line_count() - 1));
  }
  return static_cast<unsigned>(*number);
}

}  // namespace

GpioAddress GpioAddress::read(common::Section& section, const std::string& standard) {
  GpioAddress address;
  address.line = standard;
  section.read("chip", address.chip);
  section.read("gpio", address.line);
  section.read("active_low", address.active_low);
  if (address.line.empty()) section.problem("gpio", "a line is needed, by number or name, such as 17 or GPIO17");
  return address;
}

std::unique_ptr<InputLine> open_input(const GpioChips& chips, const GpioAddress& address, Pull pull) {
  const ChipPtr chip = choose(chips(), address.chip);
  return chip->input(offset_of(*chip, address.line), address.active_low, pull);
}

std::unique_ptr<OutputLine> open_output(const GpioChips& chips, const GpioAddress& address, bool active) {
  const ChipPtr chip = choose(chips(), address.chip);
  return chip->output(offset_of(*chip, address.line), address.active_low, active);
}

}  // namespace imagenode
