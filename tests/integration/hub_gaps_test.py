"""What a node says it delivered, against what its hub has."""

import contextlib
import os
import shutil
import sqlite3
import unittest

from kit import wait_until
from node_kit import NODE, NodeTest, scene


class Gaps(NodeTest):
    @staticmethod
    def entry(hub):
        """What the hub's status says of the node, once the node has told of its messages."""

        def reported():
            nodes = [node for node in hub.status()["nodes"] if node["node"] == NODE]
            return nodes[0] if nodes and nodes[0].get("delivered_here", 0) > 0 else None

        return wait_until(reported, timeout=60, what="a report of the node")

    @staticmethod
    def missing_lines(hub):
        return [text for text in hub.log_texts() if "|hub|missing" in text]

    def test_a_hub_that_lost_rows_is_told_and_one_that_is_complete_or_new_is_not(self):
        hub = self.hub()
        address = hub.address
        self.node([address], {"T1": scene(framerate=10)}, patience=1)
        node = self.entry(hub)
        self.assertEqual([node["missing"], node["dropped"], node["set_aside"]], [0, 0, 0])
        self.assertGreaterEqual(node["images"] + node["events"], node["delivered_here"])
        # As after the return to an older backup: the same hub, without its newest messages.
        self.assertEqual(hub.stop(), 0)
        with contextlib.closing(sqlite3.connect(os.path.join(hub.data, "index.sqlite3"))) as database, database:
            self.assertEqual(database.execute("UPDATE identities SET high = high - 7 WHERE low < high - 7").rowcount, 1)
        hub.start_again_at(address)
        line = wait_until(lambda: self.missing_lines(hub), timeout=60, what="the line of what is missing")
        self.assertEqual(line, [f"{NODE}|hub|missing 7"])
        hub.program.wait_line(rf"{NODE}\|hub\|missing 7 messages that it delivered here")
        self.assertEqual(self.entry(hub)["missing"], 7)
        # An empty hub in its place knows of nothing, and nothing is missing there.
        self.assertEqual(hub.stop(), 0)
        shutil.rmtree(hub.data)
        hub.start_again_at(address)
        self.assertEqual(self.entry(hub)["missing"], 0)
        stored = self.image_count(hub)
        wait_until(lambda: self.image_count(hub) > stored + 120, timeout=60, what="another report or two")
        self.assertEqual(self.missing_lines(hub), [])


if __name__ == "__main__":
    unittest.main()
