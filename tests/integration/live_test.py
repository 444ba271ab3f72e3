"""What is live, with both real programs: rows a moment after they came, and a demo, of which nothing stays."""

import csv
import json
import os
import socket
import subprocess
import threading
import time
import unittest

import imagezmq_peer
from kit import IMAGEHUB, IMAGENODE, TIMEOUT, Program, run, wait_until
from node_kit import CONTINUOUS, NODE, NodeTest, scene
from node_lines_test import connected

FIELDS = [{"name": "n", "type": "integer"}, {"name": "level", "unit": "m"}]
HEADER = ["ID", "Timestamp", "n", "level (m)"]


class Viewer:
    """`imagehub live` with its output by line, each with the time of its coming."""

    def __init__(self, *arguments):
        self.lines = []
        self.process = subprocess.Popen(
            [IMAGEHUB, "live", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append((time.time(), line.rstrip("\n")))

    def rows(self):
        """(time of coming, row) without the header."""
        return [(when, row) for when, row in zip([when for when, _ in self.lines], csv.reader(line for _, line in self.lines)) if row != HEADER]

    def wait(self):
        status = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(TIMEOUT)
        self.process.stdout.close()
        self.process.stderr.close()


def start(node, demo=True):
    """As Node.start(), with --demo."""
    node.program = Program([IMAGENODE, "--config", node.settings, *(["--demo"] if demo else [])])


class LiveTest(NodeTest):
    def line_node(self, hub_address, chunk, start=True, **settings):
        """A node with a line that reads a socket, and the socket's path."""
        path = os.path.join(self.folder(), "feed")
        line = {"type": "unix", "path": path, "fields": FIELDS, "report": False, "chunk": chunk}
        text = {"node": {"name": NODE, "heartbeat": "1s"}, "hub_address": {"H1": hub_address}, "lines": {"tank": line}, **settings}
        return self.node(text=json.dumps(text), start=start), path

    def feed(self, path):
        peer = connected(socket.AF_UNIX, path)
        self.addCleanup(peer.close)
        return peer

    def viewer(self, hub, *arguments):
        viewer = Viewer(*arguments, "--path", hub.folder)
        self.addCleanup(viewer.close)
        return viewer

    def live(self, hub):
        status, out, errors = run([IMAGEHUB, "live", "--json", "--path", hub.folder])
        self.assertEqual(status, 0, errors)
        return json.loads(out)

    def series(self, hub):
        return {(one["node"], one["source"]): one for one in self.live(hub)["series"]}

    def shown(self, hub, node, path):
        """Feeds the line, whose first row the hub shows then."""
        peer = self.feed(path)
        self.greeted(node)
        peer.sendall(b"1,0\n")
        wait_until(lambda: (NODE, "tank") in self.series(hub), what="the series")
        return peer

    def greeted(self, node):
        node.program.wait_line("connected to")


class Rows(LiveTest):
    def test_a_row_is_live_long_before_its_chunk_is_stored(self):
        hub = self.hub()
        node, path = self.line_node(hub.address, {"rows": 400, "max_seconds": 3600})
        peer = self.shown(hub, node, path)
        viewer = self.viewer(hub, NODE, "tank", "--rows", "3")
        peer.sendall(b"2,2.6\n3,2.7\n")
        self.assertEqual(viewer.wait(), 0)
        self.assertEqual(viewer.lines[0][1], ",".join(HEADER))
        self.assertEqual([row[0] for _, row in viewer.rows()], ["1", "2", "3"])
        self.assertEqual([row[2:] for _, row in viewer.rows()], [["1", "0"], ["2", "2.6"], ["3", "2.7"]])
        self.assertEqual(hub.status()["data"]["rows"], 0)
        self.assertEqual(node.stop(), 0)
        wait_until(lambda: hub.status()["data"]["rows"] == 3, what="three rows that are stored, each once")

    def test_the_list_tells_what_comes(self):
        hub = self.hub()
        self.boot(hub).send("Barn door|motion|moving", crc=False)
        status, out, _ = run([IMAGEHUB, "live", "--path", hub.folder])
        self.assertEqual(status, 0)
        self.assertIn("Barn door|motion|moving", out)

    def test_says_what_is_wrong(self):
        hub = self.hub()
        for arguments, status, words in (
            (["Nobody"], 67, "nothing of Nobody has come"),
            (["Nobody", "tank"], 67, "nothing of Nobody tank has come"),
            (["a", "b", "c"], 64, "too many words"),
            (["--rows", "5"], 64, "--rows needs a node and a source"),
            (["Nobody", "tank", "--rows", "0"], 64, "rows"),
        ):
            done, _, errors = run([IMAGEHUB, "live", *arguments, "--path", hub.folder])
            self.assertEqual(done, status, errors)
            self.assertIn(words, errors)
        hub.stop()
        status, _, errors = run([IMAGEHUB, "live", "--path", hub.folder])
        self.assertEqual(status, 69, errors)
        self.assertIn("no hub answers", errors)

    def test_a_viewer_ends_cleanly_with_ctrl_c_and_without_its_hub(self):
        hub = self.hub()
        node, path = self.line_node(hub.address, {"rows": 1})
        self.shown(hub, node, path)
        first, second = (self.viewer(hub, NODE, "tank") for _ in range(2))
        wait_until(lambda: first.rows() and second.rows(), what="rows")
        first.process.send_signal(2)
        self.assertEqual(first.wait(), 0)
        hub.stop()
        self.assertEqual(second.wait(), 69)


class OtherHubs(LiveTest):
    def test_hubs_that_do_not_show_live_rows_get_none(self):
        for hub in (self.fake_hub(), self.fake_hub(lambda _: "OK")):
            node, path = self.line_node(hub.address, {"rows": 5, "max_seconds": 3600})
            peer = self.feed(path)
            self.greeted(node)
            peer.sendall(b"1,0\n")
            # What is live comes long before the second heartbeat from now on.
            beats = lambda: len(hub.all(f"{NODE}|Heartbeat"))
            before = beats()
            wait_until(lambda: beats() >= before + 2, what="two heartbeats")
            self.assertEqual(node.stop(), 0)
            self.assertEqual([one for one in hub.all() if "live" in one or "demo" in one], [])

    def test_a_python_hub_gets_neither_live_nor_demo_messages(self):
        for demo in (False, True):
            hub = imagezmq_peer.ImageHub(timeout=TIMEOUT)
            self.addCleanup(hub.close)
            taken = []

            def serve():
                try:
                    while True:
                        taken.append(hub.recv()[0])
                        hub.send_reply(b"OK")
                except Exception:  # closed, or nothing comes any more
                    return

            hub.zmq_socket.rcvtimeo = 2000
            thread = threading.Thread(target=serve)
            thread.start()
            node, path = self.line_node(hub.address, {"rows": 1}, start=False, cameras={"T1": scene(framerate=20)})
            start(node, demo)
            peer = self.feed(path)
            if demo:
                node.program.wait_line("--demo sends nothing to tcp://.*that hub does not say that it leaves a demo unstored")
            else:
                wait_until(lambda: any("|jpg" in one["msg"] for one in list(taken)), what="a picture")
            peer.sendall(b"1,0\n2,0\n")
            wait_until(lambda: len(taken) > 2, what="messages")
            self.assertEqual(node.stop(), 0)
            thread.join(TIMEOUT)
            if demo:
                self.assertEqual({one["msg"] for one in taken}, {f"{NODE}|Heartbeat"})
            else:
                self.assertEqual([one for one in taken if one.get("live") or one.get("demo") or "|data" in one["msg"]], [])


class Demo(LiveTest):
    def test_shows_everything_and_leaves_no_trace(self):
        hub = self.hub()
        self.boot(hub).send("Other|motion|moving", crc=False)
        nodes = lambda: [row["node"] for row in hub.rows("SELECT node FROM nodes")]
        wait_until(lambda: nodes() == ["Other"], what="the row of a node")
        tables = ("images", "events", "batches", "boots", "identities")
        rows = lambda: {table: hub.rows(f"SELECT * FROM {table}") for table in tables}
        before, log = rows(), hub.log()
        node, path = self.line_node(
            hub.address,
            {"rows": 7, "max_seconds": 0.1},
            start=False,
            cameras={"T1": scene(framerate=20, detectors=CONTINUOUS)},
        )
        with open(node.settings) as file:
            settings = json.load(file)
        settings["node"].update({"spool": {"when": "always"}, "ledger": "ledger.tsv"})
        with open(node.settings, "w") as file:
            json.dump(settings, file)
        start(node)
        node.program.wait_line("--demo: the hub shows what this node sends .* and nobody stores it")
        peer = self.shown(hub, node, path)
        viewer = self.viewer(hub, NODE, "tank", "--rows", "200")
        wait_until(lambda: viewer.rows(), what="the first row")
        for number in range(2, 201):
            peer.sendall(b"%d,%d\n" % (number, number))
        self.assertEqual(viewer.wait(), 0)
        self.assertEqual([int(row[0]) for _, row in viewer.rows()], list(range(1, 201)))
        views = lambda: {(one["node"], one["view"]): one for one in self.live(hub)["views"]}
        wait_until(lambda: views().get((NODE, "scene"), {}).get("picture_age_s") is not None, what="a picture")
        self.assertTrue(views()[(NODE, "scene")]["demo"])
        self.assertTrue(self.series(hub)[(NODE, "tank")]["demo"])
        status = hub.status()
        self.assertGreater(status["live"]["demo_messages"], 10)
        self.assertEqual([one["node"] for one in status["nodes"]], ["Other"])
        self.assertEqual(status["drops"], {})
        self.assertEqual(node.stop(), 0)
        self.assertEqual((rows(), nodes()), (before, ["Other"]))
        self.assertEqual(hub.log(), log)
        self.assertEqual((hub.pictures(), hub.incoming()), ([], []))
        self.assertEqual(hub.stop(), 0)
        self.assertEqual(hub.log(), log)
        data = os.path.join(hub.data, "data")
        self.assertEqual([names for _, _, names in os.walk(data) if names], [])
        self.assertFalse(os.path.exists(node.spool))
        self.assertFalse(os.path.exists(os.path.join(node.folder, "ledger.tsv")))

    def test_needs_a_hub(self):
        node = self.node(text=json.dumps({"node": {"name": NODE}, "hub_address": "none"}), start=False)
        start(node)
        self.assertEqual(node.program.wait(), 64)
        node.program.wait_line("--demo shows in a hub what this node sends, and the settings say that there is none")


if __name__ == "__main__":
    unittest.main()
