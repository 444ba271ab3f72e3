"""Sensors with both real programs, a folder in the place of /sys: readings become log lines and rows with numbers."""

import json
import os
import shutil
import sqlite3
import sys
import unittest

from kit import wait_until
from node_kit import NODE, NodeTest


class Sensors(NodeTest):
    def setUp(self):
        self.sysfs = self.folder()
        self.thermometer = os.path.join(self.sysfs, "bus/w1/devices/28-0316a2794fff")

    def put(self, path, text):
        """A file that is there in one piece."""
        path = os.path.join(self.sysfs, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def put_thermometer(self, milli_celsius):
        self.put(os.path.join(self.thermometer, "temperature"), f"{milli_celsius}\n")

    def node_with(self, hub, sensors, lights=None):
        settings = {"node": {"name": NODE}, "hub_address": {"H1": hub.address}, "sensors": sensors}
        if lights:
            settings["lights"] = lights
        return self.node(text=json.dumps(settings), env={"SYSFS_PATH": self.sysfs})

    @staticmethod
    def rows(hub, source):
        """(text, fields, units) of the events of one sensor, in the order of their commit."""
        query = "SELECT text, fields, units FROM events WHERE node = ? AND source = ? ORDER BY id"
        try:
            rows = hub.rows(query, NODE, source)
        except sqlite3.OperationalError:  # the database is just being made
            return []
        return [(row["text"], json.loads(row["fields"] or "{}"), json.loads(row["units"] or "{}")) for row in rows]

    def wait_for_rows(self, hub, source, count):
        wait_until(lambda: len(self.rows(hub, source)) >= count, what=f"{count} events of {source}")
        return self.rows(hub, source)

    def test_readings_become_log_lines_and_numbers(self):
        self.put_thermometer(24187)
        level = self.put("level", "484\n")
        self.put("bus/iio/devices/iio:device0/name", "dht11\n")
        self.put("bus/iio/devices/iio:device0/in_temp_input", "24000\n")
        self.put("bus/iio/devices/iio:device0/in_humidityrelative_input", "48400\n")
        hub = self.hub()
        node = self.node_with(
            hub,
            {
                "T1": {"type": "DS18B20", "read_interval_minutes": 10},
                "H1": {"type": "DHT22", "unit": "C"},
                "level": {"type": "file", "path": level, "scale": 0.1, "unit": "cm"},
                "weather": {
                    "type": "command",
                    "command": [sys.executable, "-c", "print('{\"wind\": 3.2, \"rain\": 0.5}')"],
                    "units": {"wind": "m/s"},
                },
            },
        )
        expected = {
            "T1": [(f"{NODE}|Temp|75 F", {"temperature": 75.5366}, {"temperature": "F"})],
            "H1": [
                (f"{NODE}|Temp|24.0 C", {"temperature": 24}, {"temperature": "C"}),
                (f"{NODE}|humidity|48.4 %", {"humidity": 48.4}, {"humidity": "%"}),
            ],
            "level": [(f"{NODE}|sensor level|48.4 cm", {"value": 48.4}, {"value": "cm"})],
            "weather": [
                (f"{NODE}|sensor weather|rain 0.5, wind 3.2 m/s", {"rain": 0.5, "wind": 3.2}, {"wind": "m/s"})
            ],
        }
        for source, events in expected.items():
            rows = self.wait_for_rows(hub, source, len(events))
            self.assertEqual([(text, units) for text, _, units in rows], [(text, units) for text, _, units in events])
            for (_, fields, _), (_, wanted, _) in zip(rows, events):
                self.assertEqual(set(fields), set(wanted))
                for name, value in wanted.items():
                    self.assertAlmostEqual(fields[name], value, places=6)
        texts = hub.log_texts()
        for events in expected.values():
            for text, _, _ in events:
                self.assertEqual(texts.count(text), 1, text)
        self.assertEqual(node.stop(), 0)
        self.assert_complete(hub)

    def test_only_changes_are_sent(self):
        self.put_thermometer(20000)
        hub = self.hub()
        self.node_with(hub, {"T1": {"type": "DS18B20", "unit": "C", "read_interval": "0.1s"}})
        self.wait_for_rows(hub, "T1", 1)
        self.put_thermometer(20900)  # still 20
        self.put_thermometer(22000)
        self.wait_for_rows(hub, "T1", 2)
        self.put_thermometer(19000)
        rows = self.wait_for_rows(hub, "T1", 3)
        self.assertEqual([text for text, _, _ in rows], [f"{NODE}|Temp|{degrees} C" for degrees in (20, 22, 19)])

    def test_a_sensor_that_vanishes_and_comes_back(self):
        level = self.put("level", "1\n")
        hub = self.hub()
        node = self.node_with(
            hub,
            {
                "T1": {"type": "DS18B20", "unit": "C", "read_interval": "0.1s"},
                "level": {"type": "file", "path": level, "read_interval": "0.1s"},
            },
        )
        # It is not there at the start.
        self.wait_for_rows(hub, "T1", 1)
        node.program.wait_line("sensor T1 is lost: there is no DS18B20 .*dtoverlay=w1-gpio")
        self.put_thermometer(20000)
        self.wait_for_rows(hub, "T1", 3)
        shutil.rmtree(self.thermometer)
        self.wait_for_rows(hub, "T1", 4)
        self.put_thermometer(30000)
        rows = self.wait_for_rows(hub, "T1", 6)
        words = ["sensor T1|lost", "sensor T1|back", "Temp|20 C", "sensor T1|lost", "sensor T1|back", "Temp|30 C"]
        self.assertEqual([text for text, _, _ in rows], [f"{NODE}|{word}" for word in words])
        self.assertEqual(node.count("sensor T1 is lost"), 2)
        # The other one has gone on undisturbed.
        self.put("level", "7\n")
        self.assertEqual(self.wait_for_rows(hub, "level", 2)[1][0], f"{NODE}|sensor level|7")
        self.assertEqual(node.stop(), 0)

    def test_pins_that_are_not_there_are_reported_and_disturb_nobody(self):
        level = self.put("level", "1\n")
        hub = self.hub()
        node = self.node_with(
            hub,
            {
                "door": {"type": "gpio", "chip": "no-such-chip", "gpio": 17},
                "warmth": {"type": "amg8833", "bus": 255},
                "level": {"type": "file", "path": level, "read_interval": "0.1s"},
            },
            {
                "L1": {"chip": "no-such-chip", "on": "continuous"},
                "L2": {"chip": "no-such-chip", "gpio": 23, "on": "(11pm-5am)"},
            },
        )
        for source, text in (
            ("door", "sensor door|lost"),
            ("warmth", "sensor warmth|lost"),
            ("L1", "light L1|lost"),
            ("L2", "light L2|lost"),
        ):
            self.assertEqual(self.wait_for_rows(hub, source, 1), [(f"{NODE}|{text}", {}, {})])
        node.program.wait_line("sensor door is lost: .*(GPIO chip|gpiochip)")
        node.program.wait_line("light L1 is lost: .*(GPIO chip|gpiochip)")
        node.program.wait_line("sensor warmth is lost: /dev/i2c-255: ")
        self.put("level", "7\n")
        self.wait_for_rows(hub, "level", 2)
        self.assertEqual(node.stop(), 0)
        self.assert_complete(hub)

    def test_a_stop_does_not_wait_for_a_program(self):
        hub = self.hub()
        started = os.path.join(self.sysfs, "started")
        node = self.node_with(
            hub,
            {"X1": {"type": "command", "command": ["sh", "-c", f"touch {started}; sleep 1000"], "timeout": "10m"}},
        )
        wait_until(lambda: os.path.exists(started), what="the program")
        self.assertEqual(node.stop(), 0)

    def test_readings_wait_for_the_hub(self):
        self.put_thermometer(20000)
        hub = self.hub()
        node = self.node_with(hub, {"T1": {"type": "DS18B20", "unit": "C", "read_interval": "0.1s"}})
        self.wait_for_rows(hub, "T1", 1)
        address = hub.address
        hub.stop()
        node.program.wait_line("broke off")
        self.put_thermometer(25000)
        hub.start_again_at(address)
        rows = self.wait_for_rows(hub, "T1", 2)
        self.assertEqual(rows[1][0], f"{NODE}|Temp|25 C")


if __name__ == "__main__":
    unittest.main()
