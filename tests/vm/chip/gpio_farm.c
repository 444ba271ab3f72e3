// SPDX-License-Identifier: MIT OR GPL-2.0
//
// A GPIO chip with eight lines and no hardware, since Debian's kernels have no gpio-sim. What would be connected to it is
// played by its parameters in /sys/module/gpio_farm/parameters:
//
//   plugged  Y or N: whether the chip is there
//   drive    "3 1": line 3 is drawn high from outside. Returns when the kernel has dealt with the edge.
//   levels   a bit for each line that is high
//   pull_up  a bit for each line whose resistor draws it high
#include <linux/gpio/driver.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#define LINES 8

static const char *const names[LINES] = {[3] = "GPIO17"};

static struct platform_device *parent;
static struct gpio_chip chip;
static bool plugged;
static unsigned long levels, pull_up, outputs, unmasked, rising, falling;

static int get_direction(struct gpio_chip *of, unsigned int line) {
  return test_bit(line, &outputs) ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int direction_input(struct gpio_chip *of, unsigned int line) {
  clear_bit(line, &outputs);
  return 0;
}

static int get(struct gpio_chip *of, unsigned int line) {
  return test_bit(line, &levels);
}

static void set(struct gpio_chip *of, unsigned int line, int high) {
  assign_bit(line, &levels, high);
}

static int direction_output(struct gpio_chip *of, unsigned int line, int high) {
  set_bit(line, &outputs);
  set(of, line, high);
  return 0;
}

static int set_config(struct gpio_chip *of, unsigned int line, unsigned long config) {
  switch (pinconf_to_config_param(config)) {
    case PIN_CONFIG_BIAS_PULL_UP:
      set_bit(line, &pull_up);
      set_bit(line, &levels);
      return 0;
    case PIN_CONFIG_BIAS_PULL_DOWN:
      clear_bit(line, &pull_up);
      clear_bit(line, &levels);
      return 0;
    case PIN_CONFIG_BIAS_DISABLE:
      clear_bit(line, &pull_up);
      return 0;
    default:
      return -ENOTSUPP;
  }
}

static void mask(struct irq_data *data) {
  clear_bit(irqd_to_hwirq(data), &unmasked);
  gpiochip_disable_irq(&chip, irqd_to_hwirq(data));
}

static void unmask(struct irq_data *data) {
  gpiochip_enable_irq(&chip, irqd_to_hwirq(data));
  set_bit(irqd_to_hwirq(data), &unmasked);
}

static int set_type(struct irq_data *data, unsigned int type) {
  assign_bit(irqd_to_hwirq(data), &rising, type & IRQ_TYPE_EDGE_RISING);
  assign_bit(irqd_to_hwirq(data), &falling, type & IRQ_TYPE_EDGE_FALLING);
  return 0;
}

static const struct irq_chip irqs = {
    .name = "gpio-farm",
    .irq_mask = mask,
    .irq_unmask = unmask,
    .irq_set_type = set_type,
    .flags = IRQCHIP_IMMUTABLE,
    GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static int plug(void) {
  memset(&chip, 0, sizeof(chip));
  chip.label = "pinctrl-farm";
  chip.parent = &parent->dev;
  chip.owner = THIS_MODULE;
  chip.base = -1;
  chip.ngpio = LINES;
  chip.names = names;
  chip.get_direction = get_direction;
  chip.direction_input = direction_input;
  chip.direction_output = direction_output;
  chip.get = get;
  chip.set = set;
  chip.set_config = set_config;
  gpio_irq_chip_set_chip(&chip.irq, &irqs);
  chip.irq.handler = handle_simple_irq;
  levels = pull_up = outputs = unmasked = rising = falling = 0;
  return gpiochip_add_data(&chip, NULL);
}

static int set_plugged(const char *text, const struct kernel_param *param) {
  bool wanted;
  int error = kstrtobool(text, &wanted);

  if (error || wanted == plugged) return error;
  if (wanted) {
    error = plug();
    if (error) return error;
  } else {
    gpiochip_remove(&chip);
  }
  plugged = wanted;
  return 0;
}

static void interrupt(unsigned int line) {
  unsigned long flags;

  if (!test_bit(line, &unmasked)) return;
  local_irq_save(flags);
  generic_handle_domain_irq(chip.irq.domain, line);
  local_irq_restore(flags);
  synchronize_irq(irq_find_mapping(chip.irq.domain, line));
}

static int set_drive(const char *text, const struct kernel_param *param) {
  unsigned int line, high;

  if (sscanf(text, "%u %u", &line, &high) != 2 || line >= LINES || !plugged) return -EINVAL;
  if (test_bit(line, &levels) == !!high) return 0;
  assign_bit(line, &levels, high);
  if (test_bit(line, high ? &rising : &falling)) interrupt(line);
  return 0;
}

static const struct kernel_param_ops plugged_ops = {.set = set_plugged, .get = param_get_bool};
module_param_cb(plugged, &plugged_ops, &plugged, 0600);

static const struct kernel_param_ops drive_ops = {.set = set_drive};
module_param_cb(drive, &drive_ops, NULL, 0200);

module_param(levels, ulong, 0400);
module_param(pull_up, ulong, 0400);

static int __init farm_init(void) {
  parent = platform_device_register_simple("gpio-farm", PLATFORM_DEVID_NONE, NULL, 0);
  return PTR_ERR_OR_ZERO(parent);
}

static void __exit farm_exit(void) {
  if (plugged) gpiochip_remove(&chip);
  platform_device_unregister(parent);
}

module_init(farm_init);
module_exit(farm_exit);
MODULE_DESCRIPTION("GPIO chip without hardware");
MODULE_LICENSE("Dual MIT/GPL");
