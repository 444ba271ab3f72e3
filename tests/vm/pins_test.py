"""Inputs and lights at the pins of a chip without hardware (chip/gpio_farm.c), by Debian's libgpiod."""

import os
import signal
import time
import unittest

from kit import wait_until
from machine import MachineTest, do, put, read, set_kernel_clock_synchronised
from node_kit import NODE

PARAMETERS = "/sys/module/gpio_farm/parameters/"
DOOR, RAIN, LAMP, FLOODLIGHT = 3, 4, 5, 6
"""Lines of the chip; that of the door is called GPIO17."""


def setUpModule():
    do("insmod", "/opt/chip/gpio_farm.ko")


def tearDownModule():
    do("rmmod", "gpio_farm")


class Chip:
    """chip/gpio_farm.c, and what is connected to it."""

    def __init__(self):
        self.plug()

    @staticmethod
    def plug():
        put(PARAMETERS + "plugged", "Y")
        do("udevadm", "settle")

    @staticmethod
    def unplug():
        put(PARAMETERS + "plugged", "N")

    @staticmethod
    def drive(line, high):
        put(PARAMETERS + "drive", f"{line} {int(high)}")

    @staticmethod
    def level(line):
        return int(read(PARAMETERS + "levels")) >> line & 1

    @staticmethod
    def is_pulled_up(line):
        return bool(int(read(PARAMETERS + "pull_up")) >> line & 1)


class Pins(MachineTest):
    def setUp(self):
        super().setUp()
        self.chip = Chip()
        self.addCleanup(self.chip.unplug)
        self.addCleanup(self.stop_all)

    def door(self, **keys):
        return {"type": "gpio", "gpio": "GPIO17", "on_text": "door|open", "off_text": "door|closed", **keys}

    def texts(self, hub, source):
        return [text for text, _ in hub.events(source)]

    def test_a_change_is_told_with_the_time_at_which_it_was(self):
        # With a doubtful clock the hub takes its own, less the age of the event when that was sent.
        self.addCleanup(set_kernel_clock_synchronised, False)
        set_kernel_clock_synchronised(True)
        hub = self.hub()
        node = self.node(sensors={"door": self.door()})
        hub.wait_for_text(f"{NODE}|door|closed")
        os.kill(node.pid, signal.SIGSTOP)
        before = time.time_ns()
        self.chip.drive(DOOR, True)
        after = time.time_ns()
        os.kill(node.pid, signal.SIGCONT)
        hub.wait_for_text(f"{NODE}|door|open")
        (row,) = hub.rows("SELECT time_ns FROM events WHERE text = ?", f"{NODE}|door|open")
        # The kernel's times are turned into UTC to the microsecond or so.
        self.assertGreater(row["time_ns"], before - 1e6)
        self.assertLess(row["time_ns"], after + 1e6)
        self.chip.drive(DOOR, False)
        hub.wait_for_text(f"{NODE}|door|closed", 2)

    def test_a_contact_that_bounces_is_told_once(self):
        hub = self.hub()
        self.node(sensors={"door": self.door(debounce="200ms")})
        hub.wait_for_text(f"{NODE}|door|closed")
        for up in (True, False, True, False, True):
            self.chip.drive(DOOR, up)
        hub.wait_for_text(f"{NODE}|door|open")
        # A touch that is too short, then a change.
        for up in (False, True, False):
            self.chip.drive(DOOR, up)
        hub.wait_for_text(f"{NODE}|door|closed", 2)
        self.assertEqual(self.texts(hub, "door"), [f"{NODE}|door|{word}" for word in ("closed", "open", "closed")])

    def test_the_pull_of_the_settings_is_set_and_active_low_turns_the_level_round(self):
        hub = self.hub()
        self.node(sensors={"door": self.door(pull="up", active_low=True)})
        hub.wait_for_text(f"{NODE}|door|closed")
        self.assertTrue(self.chip.is_pulled_up(DOOR))
        self.chip.drive(DOOR, False)
        hub.wait_for_text(f"{NODE}|door|open")

    def test_pulses_are_counted_also_those_that_come_while_the_node_has_no_time(self):
        hub = self.hub()
        node = self.node(sensors={"rain": {"type": "gpio", "gpio": RAIN, "pulses": True, "read_interval": "0.5s"}})
        total = lambda: max([fields["total"] for _, fields in hub.events("rain")], default=-1)
        wait_until(lambda: total() == 0, what="the first reading")
        for done in (8, 16, 24):
            os.kill(node.pid, signal.SIGSTOP)
            # As many edges as the kernel keeps for libgpiod 1.6.
            for _ in range(8):
                self.chip.drive(RAIN, True)
                self.chip.drive(RAIN, False)
            os.kill(node.pid, signal.SIGCONT)
            wait_until(lambda: total() >= done, what=f"{done} pulses")
        node.stop()
        self.assertEqual(total(), 24)
        self.assertEqual(sum(fields["pulses"] for _, fields in hub.events("rain")), 24)

    def test_lights_switch_their_lines_and_are_off_after_a_stop(self):
        hub = self.hub()
        lights = {
            "L1": {"gpio": LAMP, "on": "continuous"},
            "L2": {"gpio": FLOODLIGHT, "on": "continuous", "active_low": True},
        }
        node = self.node(lights=lights)
        for label in lights:
            hub.wait_for_text(f"{NODE}|light {label}|on")
        self.assertEqual((self.chip.level(LAMP), self.chip.level(FLOODLIGHT)), (1, 0))
        self.assertRegex(read("/sys/kernel/debug/gpio"), "imagenode.*out")
        node.stop()
        for label in lights:
            hub.wait_for_text(f"{NODE}|light {label}|off")

    def test_a_line_that_another_has_is_told_and_taken_when_it_is_free(self):
        hub = self.hub()
        self.write_node(
            node={"name": "first"}, path="/etc/imagenode/first.yaml", lights={"L1": {"gpio": LAMP, "on": "continuous"}}
        )
        do("systemctl", "start", "imagenode@first")
        hub.wait_for_text("first|light L1|on")
        node = self.node(lights={"L1": {"gpio": LAMP, "on": "continuous"}})
        hub.wait_for_text(f"{NODE}|light L1|lost")
        node.wait_line("is in use already")
        do("systemctl", "stop", "imagenode@first")
        hub.wait_for_text(f"{NODE}|light L1|back")


if __name__ == "__main__":
    unittest.main()
