"""Rows from devices to files with both real programs: none is missing and none is there twice, whatever the hub does."""

import csv
import glob
import json
import os
import termios
import threading
import time
import unittest

from kit import SANITIZED, wait_until
from node_kit import NODE, NodeTest


def rows_of(data, label):
    """Rows of all closed batches of one line below a data folder, as lists of texts, in the order of their IDs."""
    rows = []
    for path in glob.glob(os.path.join(data, "*", NODE, label, "*", "*.csv")):
        with open(path, newline="") as file:
            rows += list(csv.reader(file))[1:]
    return sorted(rows, key=lambda row: int(row[0]))


def manifests_of(data, label):
    found = []
    for path in sorted(glob.glob(os.path.join(data, "*", NODE, label, "*", "manifest.json"))):
        with open(path) as file:
            found.append(json.load(file))
    return found


def cpu_seconds(program):
    with open(f"/proc/{program.pid}/stat") as file:
        user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class RowsTest(NodeTest):
    def node_with(self, hub, lines, **node_keys):
        hubs = hub if isinstance(hub, str) else {"H1": hub.address}
        settings = {"node": {"name": NODE, **node_keys}, "hub_address": hubs, "lines": lines}
        return self.node(text=json.dumps(settings))

    def ports(self, count, **keys):
        """Pseudo-terminals in the place of devices, and the lines that read them."""
        devices, lines = [], {}
        for number in range(count):
            device, port = os.openpty()
            self.addCleanup(os.close, device)
            self.addCleanup(os.close, port)
            devices.append(device)
            lines[f"p{number}"] = {"type": "serial", "port": os.ttyname(port), "skip_first": False, **keys}
        return devices, lines

    @staticmethod
    def wait_for_open(devices):
        for device in devices:
            wait_until(lambda: not termios.tcgetattr(device)[3] & termios.ECHO, what="an open port")

    def assert_all_once(self, data, label, count):
        for column in (0, 2):
            numbers = [int(row[column]) for row in rows_of(data, label)]
            self.assertEqual(numbers, list(range(1, count + 1)), f"{label}, column {column}")


class StandardInput(RowsTest):
    def node_that_reads(self, hub, descriptor):
        line = {"type": "stdin", "fields": ["n"], "chunk": {"max_seconds": 0.1}}
        settings = {"node": {"name": NODE}, "hub_address": {"H1": hub.address}, "lines": {"feed": line}}
        return self.node(text=json.dumps(settings), preexec=lambda: os.dup2(descriptor, 0))

    def assert_end(self, hub, node, count):
        """The end is told, in the log of the node by its only warning."""
        lost = f"{NODE}|stdin|lost|feed"
        wait_until(lambda: lost in hub.log_texts(), what="the end of standard input")
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assertEqual(hub.stop(), 0)
        self.assert_all_once(os.path.join(hub.data, "data"), "feed", count)
        self.assertEqual(hub.log_texts().count(lost), 1)
        warnings = [line for line in node.program.lines if "feed" in line]
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("line feed is lost", warnings[0])

    def test_what_is_piped_into_a_node_arrives_as_it_comes(self):
        hub = self.hub()
        read, write = os.pipe()
        node = self.node_that_reads(hub, read)
        os.close(read)
        os.write(write, b"1\n2\n")
        wait_until(lambda: hub.status()["data"]["rows"] == 2, what="two rows")
        os.write(write, b"3\n")
        os.close(write)
        self.assert_end(hub, node, 3)

    def test_a_file_in_the_place_of_a_pipe_is_read_whole(self):
        hub = self.hub()
        path = os.path.join(self.folder(), "rows.csv")
        count = 50_000  # more than is read at a time
        with open(path, "w") as file:
            file.writelines(f"{number}\n" for number in range(1, count + 1))
        with open(path) as file:
            node = self.node_that_reads(hub, file.fileno())
        self.assert_end(hub, node, count)


class FastPorts(RowsTest):
    PORTS = 10
    BAUD = 921_600
    SECONDS = 9

    def test_ten_fast_ports_lose_no_row_while_the_hub_is_restarted_and_killed(self):
        """Rows of 100 bytes as fast as the ports can bring them; node and hub together take less than half a core."""
        hub = self.hub()
        address = hub.address
        fields = ["n", *(f"v{value}" for value in range(9))]
        devices, lines = self.ports(self.PORTS, baud=self.BAUD, fields=fields)
        node = self.node_with(hub, lines, patience=1)
        self.wait_for_open(devices)
        used = -cpu_seconds(node.program) - cpu_seconds(hub.program)

        def restarted(end):
            nonlocal used
            used += cpu_seconds(hub.program)
            end()
            hub.start_again_at(address)

        ends = [lambda: restarted(hub.stop), lambda: restarted(hub.kill)]
        values = ",".join(["1234.5678"] * 9)
        sent, pause, restarts = 0, threading.Event(), []
        begin = time.monotonic()
        while (elapsed := time.monotonic() - begin) < self.SECONDS:
            due = int(elapsed * self.BAUD / 1000)  # ten bits per byte
            while sent < due:
                count = min(4, due - sent)  # about as many as an adapter hands over at a time
                piece = "".join(f"{sent + i + 1:08d},{values}\n" for i in range(count)).encode()
                for device in devices:
                    os.write(device, piece)
                sent += count
            if ends and elapsed > self.SECONDS * (len(restarts) + 1) / 3:
                restarts.append(threading.Thread(target=ends.pop(0)))
                restarts[-1].start()
            pause.wait(0.002)
        seconds = time.monotonic() - begin
        for restart in restarts:
            restart.join()
        used += cpu_seconds(node.program) + cpu_seconds(hub.program)
        self.assertEqual(len(restarts), 2)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assertEqual(hub.stop(), 0)
        for label in lines:
            self.assert_all_once(os.path.join(hub.data, "data"), label, sent)
        print(f"{sent * self.PORTS / seconds:.0f} rows/s, node and hub together {used / seconds:.2f} cores")
        if not SANITIZED:
            self.assertLess(used / seconds, 0.5, "cores")


class Batches(RowsTest):
    def test_a_hub_that_is_killed_in_the_middle_of_a_batch_loses_no_row(self):
        hub = self.hub()
        address = hub.address
        devices, lines = self.ports(1, fields=["n"], chunk={"rows": 100, "max_seconds": 0.5})
        node = self.node_with(hub, lines, patience=1)
        self.wait_for_open(devices)
        data = os.path.join(hub.data, "data")
        send = lambda numbers: [os.write(devices[0], f"{number}\n".encode()) for number in numbers]
        send(range(1, 1001))
        growing = lambda: sum(map(os.path.getsize, glob.glob(os.path.join(data, ".incoming", "*", "*.csv"))))
        wait_until(lambda: growing() > 5000, what="half a batch")
        hub.kill()
        send(range(1001, 2501))
        hub.start_again_at(address)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assertEqual(hub.stop(), 0)
        self.assert_all_once(data, "p0", 2500)
        states = [manifest["state"] for manifest in manifests_of(data, "p0")]
        self.assertIn("partial", states)

    def test_a_node_without_a_hub_writes_the_same_batches(self):
        devices, lines = self.ports(1, fields=[{"name": "level", "unit": "m"}], chunk={"rows": 250, "max_seconds": 0.5})
        node = self.node_with("none", lines, local_dir="here")
        self.wait_for_open(devices)
        send = lambda numbers: [os.write(devices[0], f"{number}\n".encode()) for number in numbers]
        data = os.path.join(node.folder, "here", "data")
        send(range(1, 2101))
        wait_until(lambda: manifests_of(data, "p0"), what="a batch")
        # A kill in the middle of the next one.
        growing = lambda: sum(map(os.path.getsize, glob.glob(os.path.join(data, ".incoming", "*", "*.csv"))))
        wait_until(lambda: growing() > 1000, what="a part of the next batch")
        node.program.kill()
        node.start()
        node.program.wait_line("runs node")
        wait_until(lambda: len(manifests_of(data, "p0")) == 2, what="what the kill left, closed")
        self.assertEqual(node.stop(), 0)
        whole = manifests_of(data, "p0")[0]
        self.assertEqual((whole["state"], whole["rows"], len(whole["files"])), ("complete", 2000, 5))
        self.assertEqual(whole["columns"][2], {"name": "level", "unit": "m"})
        numbers = [int(row[2]) for row in rows_of(data, "p0")]
        self.assertEqual(numbers, list(range(1, 2101)))


if __name__ == "__main__":
    unittest.main()
