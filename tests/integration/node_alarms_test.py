"""Detectors on readings with both real programs: their events become log lines and rows with numbers."""

import json
import os
import socket
import unittest

from kit import wait_until
from node_kit import NODE, NodeTest


class Alarms(NodeTest):
    def setUp(self):
        self.root = self.folder()

    def put(self, name, text):
        """A file that is there in one piece."""
        path = os.path.join(self.root, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def node_with(self, hub, **sections):
        settings = {"node": {"name": NODE}, "hub_address": {"H1": hub.address}, **sections}
        return self.node(text=json.dumps(settings))

    @staticmethod
    def wait_for_texts(hub, texts):
        """That these are in the hub's log, in this order, and no other of their senders."""
        senders = {text.split("|")[0] for text in texts}
        found = lambda: [text for text in hub.log_texts() if text.split("|")[0] in senders]
        wait_until(lambda: len(found()) >= len(texts), what=f"{texts} in the log")
        assert found() == texts, found()

    def test_a_threshold_is_told_of_readings_that_are_not_sent(self):
        level = self.put("level", "50\n")
        hub = self.hub()
        limit = {"type": "threshold", "above": 80, "below": 20, "hysteresis": 5}
        sensor = {
            "type": "file",
            "path": level,
            "unit": "cm",
            "read_interval": "0.1s",
            "min_difference": 1000,
            "detectors": {"limit": limit},
        }
        node = self.node_with(hub, sensors={"tank": sensor})
        wait_until(lambda: f"{NODE}|sensor tank|50 cm" in hub.log_texts(), what="the first reading")
        texts = []
        for value, state in ((81, "above"), (75, "normal"), (19.5, "below"), (26, "normal")):
            self.put("level", f"{value}\n")
            texts.append(f"{NODE} tank|limit|value|{state}")
            self.wait_for_texts(hub, texts)
        row = hub.rows("SELECT node, view, source, fields, units FROM events WHERE text = ?", texts[2])[0]
        self.assertEqual((row["node"], row["view"] or "", row["source"]), (NODE, "", "tank"))
        self.assertEqual((json.loads(row["fields"]), json.loads(row["units"])), ({"value": 19.5}, {"value": "cm"}))
        # Of the readings themselves only the first was sent.
        self.assertEqual([text for text in hub.log_texts() if "|sensor tank|" in text], [f"{NODE}|sensor tank|50 cm"])
        self.assertEqual(node.stop(), 0)
        self.assert_complete(hub)

    def test_a_value_counts_until_the_next_one(self):
        """A door that is left open: there is no second reading."""
        door = self.put("door", "1\n")
        hub = self.hub()
        detectors = {"left_open": {"type": "threshold", "above": 0.5, "for": "1s"}}
        self.node_with(
            hub,
            sensors={"door": {"type": "file", "path": door, "read_interval": "1d", "detectors": detectors}},
        )
        self.wait_for_texts(hub, [f"{NODE} door|left_open|value|above"])

    def tank(self, hub, detector):
        """A node with one detector on a level, which is 10; what that says."""
        level = self.put("level", "10\n")
        sensor = {"type": "file", "path": level, "unit": "cm", "read_interval": "0.1s", "detectors": {"d": detector}}
        self.node_with(hub, sensors={"tank": sensor})
        wait_until(lambda: f"{NODE}|sensor tank|10 cm" in hub.log_texts(), what="the first reading")
        return lambda: [text for text in hub.log_texts() if text.startswith(f"{NODE} tank|d|value|")]

    @staticmethod
    def numbers(hub, text):
        row = hub.rows("SELECT fields, units FROM events WHERE text = ? ORDER BY id", text)[0]
        return json.loads(row["fields"]), json.loads(row["units"])

    def test_changes(self):
        hub = self.hub()
        said = self.tank(hub, {"type": "change", "by": 5})
        self.put("level", "15\n")
        wait_until(said, what="a rise")
        self.put("level", "9\n")
        wait_until(lambda: len(said()) > 1, what="a fall")
        self.assertEqual(said(), [f"{NODE} tank|d|value|risen", f"{NODE} tank|d|value|fallen"])
        self.assertEqual(
            self.numbers(hub, said()[1]), ({"change": -6, "value": 9}, {"change": "cm", "value": "cm"})
        )

    def test_a_rate(self):
        hub = self.hub()
        said = self.tank(hub, {"type": "rate", "above": 1, "per": "1s", "window": "0.1s"})
        level = 10

        def rise():
            nonlocal level
            level += 10
            self.put("level", f"{level}\n")
            return said()

        wait_until(rise, what="a rise")
        wait_until(lambda: said()[-1].endswith("|steady"), what="the end of it")
        self.assertEqual(said()[:2], [f"{NODE} tank|d|value|rising", f"{NODE} tank|d|value|steady"])
        fields, units = self.numbers(hub, said()[0])
        self.assertGreater(fields["rate"], 1)
        self.assertEqual(units, {"rate": "cm/s", "value": "cm"})

    def test_no_data_is_told_while_a_sensor_is_lost_and_while_it_hangs(self):
        level = self.put("level", "1\n")
        hang = os.path.join(self.root, "hang")
        program = f"echo 1; if [ -p {hang} ]; then cat {hang}; fi"
        silent = {"silent": {"type": "missing", "after": "3s"}}
        hub = self.hub()
        node = self.node_with(
            hub,
            sensors={
                "tank": {"type": "file", "path": level, "read_interval": "0.1s", "detectors": silent},
                "slow": {
                    "type": "command",
                    "command": ["sh", "-c", program],
                    "timeout": "10m",
                    "read_interval": "0.1s",
                    "detectors": silent,
                },
            },
        )
        wait_until(lambda: f"{NODE}|sensor slow|1" in hub.log_texts(), what="a reading")
        self.assertEqual([text for text in hub.log_texts() if "silent" in text], [])
        os.mkfifo(hang)
        os.remove(level)
        self.wait_for_texts(hub, [f"{NODE} slow|silent|slow|missing"])
        self.wait_for_texts(hub, [f"{NODE} tank|silent|tank|missing"])
        self.assertEqual(node.count("sensor slow is lost"), 0)
        writer = os.open(hang, os.O_RDWR)
        os.remove(hang)
        os.close(writer)  # and cat ends
        self.put("level", "2\n")
        self.wait_for_texts(hub, [f"{NODE} slow|silent|slow|{state}" for state in ("missing", "back")])
        self.wait_for_texts(hub, [f"{NODE} tank|silent|tank|{state}" for state in ("missing", "back")])
        row = hub.rows("SELECT fields, units FROM events WHERE text = ?", f"{NODE} slow|silent|slow|missing")[0]
        self.assertGreaterEqual(json.loads(row["fields"])["silence"], 3)
        self.assertEqual(json.loads(row["units"]), {"silence": "s"})
        self.assertEqual(node.stop(), 0)
        self.assert_complete(hub)

    def test_rows_of_a_line_are_judged(self):
        path = os.path.join(self.root, "feed")
        hub = self.hub()
        fields = [{"name": "pressure", "unit": "bar"}, {"name": "valve", "type": "text"}]
        detectors = {
            "burst": {"type": "threshold", "above": 6, "hysteresis": 0.5},
            "silent": {"type": "missing", "after": "1s"},
        }
        node = self.node_with(hub, lines={"pump": {"type": "unix", "path": path, "fields": fields, "detectors": detectors}})
        peer = socket.socket(socket.AF_UNIX)
        self.addCleanup(peer.close)

        def connect():
            try:
                peer.connect(path)
                return True
            except OSError:
                return False

        wait_until(connect, what="the socket")
        said = lambda what: [text for text in hub.log_texts() if text.startswith(f"{NODE} pump|{what}|")]
        # Nobody has sent anything yet.
        wait_until(lambda: said("silent"), what="silence")
        peer.sendall(b"5,open\n6.1,open\n5.8,open\nnonsense\n7,open\n5.5,shut\n6.2,open\n")
        wait_until(lambda: len(said("burst")) >= 3, what="three changes")
        self.assertEqual(said("burst"), [f"{NODE} pump|burst|pressure|{state}" for state in ("above", "normal", "above")])
        self.assertEqual(said("silent")[:2], [f"{NODE} pump|silent|pump|{state}" for state in ("missing", "back")])
        row = hub.rows("SELECT node, source, fields, units FROM events WHERE text LIKE '%|above' ORDER BY id")[0]
        self.assertEqual((row["node"], row["source"]), (NODE, "pump"))
        self.assertEqual((json.loads(row["fields"]), json.loads(row["units"])), ({"pressure": 6.1}, {"pressure": "bar"}))
        self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    unittest.main()
