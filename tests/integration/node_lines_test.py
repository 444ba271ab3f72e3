"""Lines: rows of programs and devices leave the node as data messages, and none is lost while no hub takes them."""

import csv
import io
import json
import os
import re
import socket
import sys
import termios
import unittest

from kit import TIMEOUT, free_port, run, wait_until
from node_kit import NODE, NodeTest


def connected(family, address):
    """A connection to the node, once it listens."""

    def attempt():
        peer = socket.socket(family)
        try:
            peer.connect(address)
            return peer
        except OSError:
            peer.close()
            return None

    return wait_until(attempt, what=f"somebody who listens at {address}")


class LinesTest(NodeTest):
    def node_with(self, hub_address, lines, **node_keys):
        settings = {"node": {"name": NODE, **node_keys}, "hub_address": {"H1": hub_address}, "lines": lines}
        return self.node(text=json.dumps(settings))

    def peer(self, family, address):
        peer = connected(family, address)
        self.addCleanup(peer.close)
        return peer

    @staticmethod
    def chunks(hub, label):
        """(metadata, rows with the header) of what came from one line, each number once."""
        found = {}
        for _, metadata, payload in list(hub.requests):
            if metadata["msg"] == f"{NODE}|data|{label}":
                found[metadata["seq"]] = (metadata, list(csv.reader(io.StringIO(payload.decode(), newline=""))))
        return [found[seq] for seq in sorted(found)]

    def rows(self, hub, label):
        return [row for _, chunk in self.chunks(hub, label) for row in chunk[1:]]

    def wait_for_rows(self, hub, label, count):
        wait_until(lambda: len(self.rows(hub, label)) >= count, what=f"{count} rows of {label}")
        return self.rows(hub, label)


class Lines(LinesTest):
    def test_rows_of_a_program_come_as_data_messages(self):
        hub = self.fake_hub()
        path = os.path.join(self.folder(), "feed")
        fields = [{"name": "temperature", "unit": "C"}, {"name": "door", "type": "text"}]
        node = self.node_with(
            hub.address, {"weather": {"type": "unix", "path": path, "fields": fields, "chunk": {"rows": 2}}}
        )
        peer = self.peer(socket.AF_UNIX, path)
        peer.sendall(b'21.5,open\n21.6,"shut, locked"\n21.7,open\n')
        rows = self.wait_for_rows(hub, "weather", 3)
        self.assertEqual([row[0] for row in rows], ["1", "2", "3"])
        self.assertEqual([row[2:] for row in rows], [["21.5", "open"], ["21.6", "shut, locked"], ["21.7", "open"]])
        metadata, chunk = self.chunks(hub, "weather")[0]
        self.assertEqual(chunk[0], ["ID", "Timestamp", "temperature (C)", "door"])
        self.assertEqual(metadata["content"], "text/csv")
        self.assertEqual((metadata["node"], metadata["source"]), (NODE, "weather"))
        self.assertEqual(metadata["fields"], {"first_id": 1, "rows": 2})
        self.assertRegex(rows[0][1], r"^\d{10}\.\d{6}$")
        self.assertAlmostEqual(float(rows[0][1]), metadata["time_ns"] / 1e9, places=3)
        self.assertEqual(node.stop(), 0)

    def test_an_outage_loses_no_row(self):
        hub = self.fake_hub()
        port = free_port()
        node = self.node_with(
            hub.address,
            {"level": {"type": "tcp", "listen": f"tcp://127.0.0.1:{port}", "fields": ["n"], "chunk": {"rows": 10}}},
            patience=1,
        )
        peer = self.peer(socket.AF_INET, ("127.0.0.1", port))
        send = lambda numbers: peer.sendall(b"".join(b"%d\n" % number for number in numbers))
        send(range(1, 101))
        self.wait_for_rows(hub, "level", 100)
        address = hub.address
        hub.close()
        node.program.wait_line("broke off|no reply")
        send(range(101, 1001))
        wait_until(lambda: len(node.spooled()) >= 90, what="chunks in the spool")
        again = self.fake_hub(address=address)
        self.wait_for_rows(again, "level", 900)
        numbers = [int(row[2]) for row in self.rows(hub, "level") + self.rows(again, "level")]
        self.assertEqual(sorted(set(numbers)), list(range(1, 1001)))
        ids = [int(row[0]) for row in self.rows(hub, "level") + self.rows(again, "level")]
        self.assertEqual(sorted(set(ids)), list(range(1, 1001)))
        self.assertEqual(node.stop(), 0)

    def test_what_has_come_is_sent_at_a_stop(self):
        hub = self.fake_hub()
        path = os.path.join(self.folder(), "feed")
        node = self.node_with(
            hub.address, {"L1": {"type": "unix", "path": path, "fields": ["a"], "chunk": {"max_seconds": 3600}}}
        )
        peer = self.peer(socket.AF_UNIX, path)
        peer.sendall(b"1\n2\n")
        wait_until(lambda: hub.all(stored=True), what="the first message")
        self.assertEqual(node.stop(), 0)
        self.assertEqual([row[2] for row in self.rows(hub, "L1")], ["1", "2"])

    def test_a_peer_that_goes_is_told_and_one_that_comes(self):
        hub = self.fake_hub()
        port = free_port()
        with socket.create_server(("127.0.0.1", port)) as device:
            device.settimeout(TIMEOUT)
            self.node_with(
                hub.address,
                {"L1": {"type": "tcp", "connect": f"tcp://127.0.0.1:{port}", "fields": ["a"]}},
                heartbeat="1s",
            )
            peer, _ = device.accept()
            peer.sendall(b"1\nnonsense\n2")
            peer.close()
            hub.wait_for(1, f"{NODE}|tcp|lost|L1")
            peer, _ = device.accept()
            peer.sendall(b"3\n")
            hub.wait_for(1, f"{NODE}|tcp|back|L1")
            self.assertEqual([row[2] for row in self.wait_for_rows(hub, "L1", 2)], ["1", "3"])
            counts = lambda: [
                beat["fields"] for beat in hub.all(f"{NODE}|Heartbeat") if beat.get("fields", {}).get("rows L1") == 2
            ]
            beat = wait_until(counts, what="a heartbeat that counts")[0]
            self.assertEqual((beat["line L1"], beat["rejected L1"], beat["cut L1"]), (1, 1, 1))
            peer.close()

    def test_a_serial_port_that_is_unplugged_and_plugged_in_again(self):
        hub = self.fake_hub()
        link = os.path.join(self.folder(), "port")

        def plug():
            device, port = os.openpty()
            os.symlink(os.ttyname(port), link)
            os.close(port)
            return device

        device = plug()
        node = self.node_with(
            hub.address,
            {"arduino": {"type": "serial", "port": link, "baud": 115200, "fields": ["a"], "chunk": {"rows": 1}}},
        )
        # What is sent before the node has set the port comes back as an echo, and is none of its rows.
        wait_until(lambda: not termios.tcgetattr(device)[3] & termios.ECHO, what="an open port")
        os.write(device, b"f a row\n1\n2")
        self.wait_for_rows(hub, "arduino", 1)
        os.unlink(link)
        os.close(device)
        hub.wait_for(1, f"{NODE}|serial|lost|arduino")
        device = plug()
        hub.wait_for(1, f"{NODE}|serial|back|arduino")
        os.write(device, b"n\n3\n")
        rows = self.wait_for_rows(hub, "arduino", 2)
        self.assertEqual([(row[0], row[2]) for row in rows], [("1", "1"), ("2", "3")])
        self.assertEqual(node.stop(), 0)
        os.close(device)

    def test_bad_rows_are_kept_beside_the_spool(self):
        hub = self.fake_hub()
        path = os.path.join(self.folder(), "feed")
        node = self.node_with(hub.address, {"L 1": {"type": "unix", "path": path, "fields": ["a"]}})
        peer = self.peer(socket.AF_UNIX, path)
        peer.sendall(b"1\nnonsense\n")
        rejects = os.path.join(node.folder, "imagenode_data", f"{NODE}.lines", "L-1", "rejects.csv")

        def kept():
            if not os.path.exists(rejects):
                return []
            with open(rejects, newline="") as file:
                return list(csv.reader(file))

        wait_until(lambda: len(kept()) == 2, what="a bad row")
        rows = kept()
        self.assertEqual(rows[0], ["Timestamp", "Reason", "Row"])
        self.assertEqual(rows[1][1:], ['a: "nonsense" is not a number', "nonsense"])

    def test_readers_of_a_relay_get_the_raw_bytes(self):
        hub = self.fake_hub()
        path = os.path.join(self.folder(), "feed")
        port = free_port()
        relay = {"relay": f"tcp://127.0.0.1:{port}", "relay_write": True}
        self.node_with(hub.address, {"L1": {"type": "unix", "path": path, "fields": ["a"], **relay}})
        peer = self.peer(socket.AF_UNIX, path)
        reader = self.peer(socket.AF_INET, ("127.0.0.1", port))
        reader.settimeout(TIMEOUT)
        peer.settimeout(TIMEOUT)
        reader.sendall(b"go\n")
        self.assertEqual(peer.recv(100), b"go\n")
        peer.sendall(b"1\r\n")
        self.assertEqual(reader.recv(100), b"1\r\n")
        self.wait_for_rows(hub, "L1", 1)


class Examples(LinesTest):
    """The programs of docs/guide/feeding-data.md as they stand there."""

    GUIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/guide/feeding-data.md")

    def examples(self, language):
        with open(self.GUIDE) as file:
            return re.findall(rf"^```{language}\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)

    def test_send_their_rows(self):
        folder = self.folder()
        hub = self.fake_hub()
        path = os.path.join(folder, "feed")
        port = free_port()
        fields = [{"name": "temperature", "unit": "C"}, {"name": "humidity", "unit": "%"}]
        line = {"fields": fields, "report": False, "chunk": {"max_seconds": 0.1}}
        self.node_with(
            hub.address,
            {"unix": {"type": "unix", "path": path, **line}, "tcp": {"type": "tcp", "listen": f"tcp://127.0.0.1:{port}", **line}},
        )
        connected(socket.AF_UNIX, path).close()
        connected(socket.AF_INET, ("127.0.0.1", port)).close()
        arguments = {"unix": [path], "tcp": ["127.0.0.1", str(port)]}
        expected = [[f"{21 + i / 10:.1f}", str(48 + i)] for i in range(5)]
        for label, program in zip(["unix", "tcp"], self.examples("python")):
            source = os.path.join(folder, label + ".py")
            with open(source, "w") as file:
                file.write(program)
            status, _, errors = run([sys.executable, source, *arguments[label]])
            self.assertEqual(status, 0, errors)
            rows = self.wait_for_rows(hub, label, 5)
            self.assertEqual([row[2:] for row in rows], expected)
        for label, program in zip(["unix", "tcp"], self.examples("c")):
            source = os.path.join(folder, label + ".c")
            with open(source, "w") as file:
                file.write(program)
            status, _, errors = run(["cc", "-Wall", "-Werror", source, "-o", source + ".out"])
            self.assertEqual(status, 0, errors)
            self.assertEqual(run([source + ".out", *arguments[label]])[0], 0)
            rows = self.wait_for_rows(hub, label, 10)
            self.assertEqual([row[2:] for row in rows], expected + expected)
        self.assertEqual((len(self.examples("python")), len(self.examples("c"))), (2, 2))


if __name__ == "__main__":
    unittest.main()
