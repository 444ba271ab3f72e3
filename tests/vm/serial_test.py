"""Serial ports with real drivers: one of the board (8250) and an adapter on USB (ftdi_sio), joined by a cable."""

import os
import termios
import unittest

from kit import wait_until
from machine import MachineTest, one, put
from node_kit import NODE
from node_lines_test import LinesTest

BOARD = "/dev/ttyS1"
ADAPTER = "/dev/serial/by-id/usb-*"


class SerialPorts(MachineTest, LinesTest):
    def open(self, port, speed):
        """The other end of the cable."""
        file = os.open(port, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, file)
        flags = termios.CREAD | termios.CLOCAL | termios.CS8
        termios.tcsetattr(file, termios.TCSANOW, [0, 0, flags, 0, speed, speed, [0] * 32])
        return file

    def start(self, hub, **keys):
        line = {"type": "serial", "baud": 115200, "fields": ["n"], "chunk": {"rows": 100, "max_seconds": 0.2}, **keys}
        node = self.node(hub.address, lines={"arduino": line})
        wait_until(lambda: self.has_set(node, line["port"]), what="an open port")
        return node

    @staticmethod
    def has_set(node, port):
        folder = f"/proc/{node.pid}/fd"
        if os.path.realpath(port) not in [os.path.realpath(os.path.join(folder, name)) for name in os.listdir(folder)]:
            return False
        with open(port, "rb", buffering=0) as file:
            return not termios.tcgetattr(file)[3] & termios.ECHO

    def send(self, file, numbers):
        text = b"".join(b"%d\n" % number for number in numbers)
        while text:
            text = text[os.write(file, text) :]

    def receive(self, hub, numbers):
        rows = self.wait_for_rows(hub, "arduino", len(numbers))
        self.assertEqual([int(row[2]) for row in rows], list(numbers))

    def test_rows_come_through_the_adapter(self):
        hub = self.fake_hub()
        self.start(hub, port=one(ADAPTER))
        peer = self.open(BOARD, termios.B115200)
        self.send(peer, range(5001))
        self.receive(hub, range(1, 5001))  # the first may be half a row

    def test_rows_come_through_the_port_of_the_board_with_all_that_can_be_set(self):
        hub = self.fake_hub()
        keys = {"data_bits": 8, "parity": "even", "stop_bits": 2, "flow_control": "rtscts", "skip_first": False}
        self.start(hub, port=BOARD, **keys)
        with open(BOARD, "rb", buffering=0) as port:
            iflag, oflag, cflag, lflag, ispeed, _, _ = termios.tcgetattr(port)
        for flag in (termios.PARENB, termios.CSTOPB, termios.CRTSCTS):
            self.assertTrue(cflag & flag)
        self.assertEqual((cflag & termios.CSIZE, ispeed, lflag, oflag), (termios.CS8, termios.B115200, 0, 0))
        peer = self.open(one(ADAPTER), termios.B115200)
        self.send(peer, range(2000))
        self.receive(hub, range(2000))

    def test_a_speed_that_the_port_cannot_do_is_refused_with_what_it_can(self):
        hub = self.fake_hub()
        node = self.node(hub.address, lines={"arduino": {"type": "serial", "port": BOARD, "baud": 921600, "fields": ["n"]}})
        node.wait_line(f"{BOARD} cannot do 921600 baud; it offers [0-9]+")
        hub.wait_for(1, f"{NODE}|serial|lost|arduino")

    def test_an_adapter_that_is_unplugged_is_lost_and_back_when_it_returns(self):
        hub = self.fake_hub()
        port = one(ADAPTER)
        self.start(hub, port=port, skip_first=False)
        peer = self.open(BOARD, termios.B115200)
        self.send(peer, range(10))
        self.receive(hub, range(10))
        # What the kernel does when the device has gone from the bus.
        number = os.path.basename(os.path.realpath(f"/sys/class/tty/{os.path.basename(os.path.realpath(port))}/device/../.."))
        switch = f"/sys/bus/usb/devices/{number}/authorized"
        put(switch, 0)
        self.addCleanup(put, switch, 1)
        hub.wait_for(1, f"{NODE}|serial|lost|arduino")
        put(switch, 1)
        hub.wait_for(1, f"{NODE}|serial|back|arduino")
        self.send(peer, range(10, 20))
        self.receive(hub, range(20))


if __name__ == "__main__":
    unittest.main()
