"""Lights and actions at pins, with both real programs and a chip whose pins are files."""

import contextlib
import json
import os
import re
import unittest

from commands_test import CommandTest
from kit import IMAGENODE, wait_until
from node_kit import NODE, scene

PINS = os.path.join(os.path.dirname(IMAGENODE), "libpins_in_files.so")


class Pins(CommandTest):
    def setUp(self):
        self.assertTrue(os.path.exists(PINS), "build the target pins_in_files")
        self.pins = self.folder()
        os.mkdir(os.path.join(self.pins, "dev"))
        open(os.path.join(self.pins, "dev/gpiochip0"), "w").close()

    def pin(self, number):
        """1, 0, or None while nobody has it."""
        with contextlib.suppress(FileNotFoundError), open(os.path.join(self.pins, str(number))) as file:
            return int(file.read())

    def wait_for_pin(self, number, level):
        wait_until(lambda: self.pin(number) == level, what=f"pin {number} at {level}, which is at {self.pin(number)}")

    def node_with(self, hub, node_keys=None, **sections):
        settings = {"node": {"name": NODE, **(node_keys or {})}, "hub_address": {"H1": hub.address}, **sections}
        env = {"LD_PRELOAD": PINS, "PINS": self.pins, "ASAN_OPTIONS": "verify_asan_link_order=0"}
        return self.node(text=json.dumps(settings), env=env)

    def wait_for_texts(self, hub, pattern, count):
        """The texts of the log that are like that, in their order, once there are so many."""
        found = lambda: [text for text in hub.log_texts() if re.search(pattern, text)]
        wait_until(lambda: len(found()) >= count, what=f"{count} of {pattern}: {found()}")
        return found()

    def test_a_light_is_on_as_long_as_a_camera_says_that_it_is_dark(self):
        hub = self.hub()
        light = {"light": {"send_frames": "none", "hysteresis": 10, "min_frames": 2}}
        node = self.node_with(
            hub,
            cameras={"T1": scene(detectors=light, framerate=50), "T2": scene("yard", detectors={})},
            lights={"L1": {"gpio": 24, "on": "dark", "hold": 0}},
        )
        texts = self.wait_for_texts(hub, r"\|light L1\||scene\|light\|", 8)
        words = [text for text in texts if "scene|light|" in text]
        self.assertEqual(words[:2], [f"{NODE} scene|light|dark", f"{NODE} scene|light|lighted"])
        # Off, perhaps, while there was no word; then each word is followed.
        first = texts.index(f"{NODE}|light L1|on")
        self.assertEqual(set(texts[:first]) - {f"{NODE}|light L1|off"}, {words[0]})
        for before, text in zip(texts[first - 1 :], texts[first:]):
            if "|light L1|" in text:
                self.assertEqual(before.endswith("|dark") or before.endswith("|off"), text.endswith("|on"))
        self.wait_for_pin(24, 1)
        self.wait_for_pin(24, 0)
        self.assertEqual(node.stop(), 0)
        self.assertIsNone(self.pin(24))

    def test_a_light_is_held(self):
        hub = self.hub()
        light = {"light": {"send_frames": "none", "min_frames": 2}}
        node = self.node_with(
            hub,
            cameras={"T1": scene(detectors=light, framerate=100)},
            lights={"L1": {"on": "dark", "view": "scene", "hold": "1h"}},
        )
        self.wait_for_texts(hub, r"scene\|light\|lighted", 2)
        self.assertEqual(node.stop(), 0)
        self.wait_for_texts(hub, r"\|light L1\|off", 1)
        states = [text.split("|")[2] for text in self.wait_for_texts(hub, r"\|light L1\|", 2)]
        self.assertEqual(states[-2:], ["on", "off"])  # off with the stop
        self.assertEqual(states.count("on"), 1)

    def test_a_chip_that_has_a_second_name_is_one_chip(self):
        os.symlink("gpiochip0", os.path.join(self.pins, "dev/gpiochip4"))
        hub = self.hub()
        chips = {23: {}, 24: {"chip": "gpiochip0"}, 25: {"chip": "gpiochip4"}, 26: {"chip": "pinctrl-test"}}
        lights = {f"L{pin}": {"gpio": pin, "on": "continuous", **chip} for pin, chip in chips.items()}
        node = self.node_with(hub, lights=lights)
        for pin in chips:
            self.wait_for_pin(pin, 1)
        self.assertEqual(node.stop(), 0)

    def test_the_command_light(self):
        hub = self.hub()
        node = self.node_with(
            hub,
            {"heartbeat": "1s", "commands": ["Light"]},
            lights={"L1": {"name": "flood light", "on": "continuous"}, "L2": {"gpio": 23, "on": "continuous"}},
        )
        self.wait_for_pin(18, 1)
        for text, level in (("Light L1 off", 0), ("Light flood light on", 1), ("Light L1 off", 0), ("Light L1 auto", 1)):
            self.wait_for(hub, self.command(hub, text), "done")
            self.assertEqual(self.pin(18), level)
            self.assertEqual(self.pin(23), 1)
        self.assertIn(f"{NODE}|command|Light flood light on|done", self.reports(hub))
        states = [text.split("|")[2] for text in self.wait_for_texts(hub, r"\|light L1\|", 5)]
        self.assertEqual(states, ["on", "off", "on", "off", "on"])
        # Until the next start.
        self.wait_for(hub, self.command(hub, "Light L2 off"), "done")
        self.assertEqual(self.pin(23), 0)
        self.assertEqual(node.stop(), 0)
        self.assertIsNone(self.pin(18))
        node.start()
        self.wait_for_pin(23, 1)

    def test_light_is_done_only_when_the_settings_allow_it(self):
        hub = self.hub()
        self.node_with(hub, {"heartbeat": "1s"}, lights={"L1": {"on": "continuous"}})
        self.wait_for_pin(18, 1)
        self.assertEqual(self.wait_for(hub, self.command(hub, "Light L1 off"), "failed"), "not allowed here")
        self.assertEqual(self.pin(18), 1)

    def test_new_settings_restart_only_what_they_change(self):
        hub = self.hub()
        light = {"light": {"send_frames": "none", "min_frames": 2}}
        cameras = {"T1": scene(detectors=light, framerate=5)}  # dark for six seconds, then lighted for twenty
        pressed = lambda **keys: {"when": f"{NODE}|sensor S1|*", "type": "gpio", **keys}
        level = os.path.join(self.folder(), "level")
        with open(level, "w") as file:
            file.write("1\n")
        node = self.node_with(
            hub,
            {"heartbeat": "1s"},
            cameras=cameras,
            lights={"L1": {"gpio": 24, "on": "dark", "hold": 0}},
            actions={"a": pressed(gpio=23, set="on"), "b": pressed(gpio=25, set="on"), "c": pressed(gpio=26, set="on")},
        )
        self.wait_for_pin(24, 1)
        self.wait_for_pin(23, 0)
        node.change(
            sections={
                "sensors": {"S1": {"type": "file", "path": level}},
                # Another pin, and the word that was said before.
                "lights": {"L1": {"gpio": 27, "on": "dark", "hold": 0}},
                "actions": {"a": pressed(gpio=23, set="on"), "b": pressed(gpio=24, pulse="1h")},
            }
        )
        self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
        self.assertEqual(node.count("changed: actions.b, actions.c, lights.L1, sensors.S1"), 1)
        self.wait_for_pin(27, 1)
        self.wait_for_texts(hub, r"\|action\|a\|done", 1)
        self.wait_for_pin(24, 1)
        self.assertEqual([self.pin(number) for number in (23, 25, 26)], [1, None, None])
        self.assertEqual(node.stop(), 0)

    def test_actions_switch_pins(self):
        hub = self.hub()
        moving, still = f"{NODE} scene|motion|moving", f"{NODE} scene|motion|still"
        node = self.node_with(
            hub,
            cameras={"T1": scene(detectors={"motion": {"send_frames": "none"}}, framerate=100)},
            actions={
                "on": {"when": moving, "type": "gpio", "gpio": 23, "set": "on"},
                "off": {"when": still, "type": "gpio", "gpio": 23, "set": "off"},
                "pulse": {"when": moving, "type": "gpio", "gpio": 24, "pulse": "50ms"},
                "siren": {"when": moving, "type": "gpio", "gpio": 25, "pulse": "1h"},
            },
        )
        self.wait_for_pin(23, 1)
        self.wait_for_pin(25, 1)
        self.wait_for_texts(hub, r"\|action\|on\|done", 1)
        self.wait_for_pin(23, 0)
        self.wait_for_texts(hub, r"\|action\|off\|done", 1)
        self.wait_for_texts(hub, r"\|action\|pulse\|done", 2)
        self.wait_for_pin(24, 0)
        self.assertEqual(node.stop(), 0)
        self.wait_for_texts(hub, r"\|action\|siren\|done", 1)
        self.assertEqual([self.pin(number) for number in (23, 24, 25)], [None] * 3)


if __name__ == "__main__":
    unittest.main()
