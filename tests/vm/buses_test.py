"""Chips on an I2C bus, whose registers the kernel keeps in memory (i2c-stub): one that imagenode reads itself, and those
behind the kernel's own drivers."""

import csv
import glob
import os
import struct
import unittest

from kit import wait_until
from machine import MachineTest, do, put, read
from node_kit import NODE

THERMAL_CAMERA, THERMOMETER, BAROMETER = 0x69, 0x48, 0x76


class Bus:
    def __init__(self, *addresses):
        do("modprobe", "i2c-dev")
        do("modprobe", "i2c-stub", "chip_addr=" + ",".join(map(str, addresses)))
        names = [name for name in os.listdir("/sys/bus/i2c/devices") if name.startswith("i2c-")]
        (self.name,) = [name for name in names if "stub" in read(f"/sys/bus/i2c/devices/{name}/name")]
        self.number = int(self.name.split("-")[1])
        self._folder = f"/sys/bus/i2c/devices/{self.name}"
        do("udevadm", "settle")

    def write(self, address, register, data):
        for offset in range(0, len(data), 16):
            values = [str(byte) for byte in data[offset : offset + 16]]
            do("i2cset", "-f", "-y", str(self.number), str(address), str(register + offset), *values, "i")

    def read(self, address, register):
        return int(do("i2cget", "-f", "-y", str(self.number), str(address), str(register)), 0)

    def bind(self, driver, address):
        do("modprobe", driver)
        put(os.path.join(self._folder, "new_device"), f"{driver} {address:#x}")

    def close(self):
        do("modprobe", "--remove", "i2c-stub")


class Buses(MachineTest):
    def bus(self, *addresses):
        bus = Bus(*addresses)
        self.addCleanup(bus.close)
        self.addCleanup(self.stop_all)
        return bus

    def wait_for_fields(self, hub, source, wanted):
        def close_enough():
            told = hub.events(source)
            return told and all(abs(told[-1][1].get(name, 1e9) - value) < 1e-3 for name, value in wanted.items())

        wait_until(close_enough, what=f"{wanted}; told: {hub.events(source)}")

    def test_the_thermal_camera(self):
        bus = self.bus(THERMAL_CAMERA)
        pixels = [80] * 64  # 20 C
        pixels[1], pixels[62] = 0xFF8, 140  # -2 C and 35 C
        bus.write(THERMAL_CAMERA, 0x80, struct.pack("<64H", *pixels))
        bus.write(THERMAL_CAMERA, 0x00, [0x10, 0x00])  # asleep
        hub = self.hub()
        sensor = {"type": "amg8833", "bus": bus.number, "unit": "C", "read_interval": "0.2s", "min_difference": 0.1}
        node = self.node(sensors={"warmth": sensor})
        self.wait_for_fields(hub, "warmth", {"min": -2, "max": 35, "mean": (62 * 20 + 33) / 64})
        self.assertEqual((bus.read(THERMAL_CAMERA, 0x00), bus.read(THERMAL_CAMERA, 0x01)), (0x00, 0x3F))
        # In the last of the blocks that are read.
        bus.write(THERMAL_CAMERA, 0x80 + 126, struct.pack("<H", 160))
        self.wait_for_fields(hub, "warmth", {"max": 40})
        node.stop()
        hub.service.stop()
        (path,) = glob.glob(os.path.join(hub.data, "data", "*", NODE, "warmth", "*", "*.csv"))
        with open(path, newline="") as file:
            header, *pictures = csv.reader(file)
        self.assertEqual((header[2], header[-1]), ("r0c0 (C)", "r7c7 (C)"))
        degrees = lambda picture: [float(value) for value in picture[2:]]
        self.assertEqual(degrees(pictures[0]), [20, -2, *[20] * 60, 35, 20])
        self.assertEqual(degrees(pictures[-1]), [20, -2, *[20] * 60, 35, 40])

    def test_a_thermal_camera_that_is_not_there_is_told_with_where_to_look(self):
        bus = self.bus(0x50)
        hub = self.hub()
        node = self.node(sensors={"warmth": {"type": "amg8833", "bus": bus.number, "unit": "C"}})
        hub.wait_for_text(f"{NODE}|sensor warmth|lost")
        node.wait_line(f"nothing answers at address 105 of /dev/i2c-{bus.number}.*i2cdetect")

    def test_a_thermometer_behind_a_driver_of_hwmon(self):
        bus = self.bus(THERMOMETER)
        self.put_degrees(bus, 23.5)
        bus.bind("lm75", THERMOMETER)
        hub = self.hub()
        sensor = {"type": "hwmon", "chip": "lm75", "input": "temp1", "unit": "C", "read_interval": "0.2s"}
        self.node(sensors={"case": sensor})
        self.wait_for_fields(hub, "case", {"temp1": 23.5})
        self.put_degrees(bus, -5)
        self.wait_for_fields(hub, "case", {"temp1": -5})

    @staticmethod
    def put_degrees(bus, degrees):
        """Nine bits in the upper half of a word, whose upper byte comes first: i2c-stub has words with the lower first."""
        upper_first = struct.pack(">h", int(degrees * 2) << 7)
        do("i2cset", "-f", "-y", str(bus.number), str(THERMOMETER), "0", str(int.from_bytes(upper_first, "little")), "w")

    def test_a_barometer_behind_a_driver_of_industrial_io(self):
        bus = self.bus(BAROMETER)
        # The example of Bosch's data sheet of the BMP280: 25.08 C and 1006.53 hPa.
        calibration = (27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
        bus.write(BAROMETER, 0x88, struct.pack("<HhhHhhhhhhhh", *calibration))
        bus.write(BAROMETER, 0xD0, [0x58])
        pressure, temperature = 415148 << 4, 519888 << 4
        bus.write(BAROMETER, 0xF7, pressure.to_bytes(3, "big") + temperature.to_bytes(3, "big"))
        bus.bind("bmp280", BAROMETER)
        hub = self.hub()
        sensor = {"type": "iio", "device": "bmp280", "read_interval": "0.2s"}
        self.node(
            sensors={
                "air": {**sensor, "channel": "pressure", "scale": 10, "unit": "hPa"},
                "warmth": {**sensor, "channel": "temp", "unit": "C"},
            }
        )
        self.wait_for_fields(hub, "warmth", {"temp": 25.08})
        wait_until(lambda: hub.events("air"), what="the pressure")
        self.assertAlmostEqual(hub.events("air")[0][1]["pressure"], 1006.53, places=1)


if __name__ == "__main__":
    unittest.main()
