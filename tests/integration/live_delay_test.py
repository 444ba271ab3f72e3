"""How long a row takes from the line of a node to who looks at it, with both real programs."""

import threading
import unittest

from kit import SANITIZED, wait_until
from live_test import LiveTest
from node_kit import NODE


class Delay(LiveTest):
    def test_every_row_is_shown_soon_once_and_in_order_and_stored_once(self):
        hub = self.hub()
        node, path = self.line_node(hub.address, {"rows": 37, "max_seconds": 0.5})
        peer = self.shown(hub, node, path)
        count = 1500
        viewer = self.viewer(hub, NODE, "tank", "--rows", str(count))
        wait_until(lambda: viewer.rows(), what="the first row")
        pause = threading.Event()
        for number in range(2, count + 1):
            peer.sendall(b"%d,%d\n" % (number, number))
            if number % 5 == 0:
                pause.wait(0.004)
        self.assertEqual(viewer.wait(), 0)
        self.assertEqual([int(row[0]) for _, row in viewer.rows()], list(range(1, count + 1)))
        self.assertEqual([int(row[2]) for _, row in viewer.rows()], list(range(1, count + 1)))
        if not SANITIZED:
            # Half of them: the machine has other work. From its first byte on its way to the screen.
            delays = sorted(when - float(row[1]) for when, row in viewer.rows()[1:])
            self.assertLess(delays[len(delays) // 2], 0.1, "seconds")
        self.assertEqual(node.stop(), 0)
        wait_until(lambda: hub.status()["data"]["rows"] == count, what="all rows in batches")
        self.assertEqual(hub.stop(), 0)
        stored = [row["rows"] for row in hub.rows("SELECT rows FROM batches")]
        self.assertEqual(sum(stored), count)


if __name__ == "__main__":
    unittest.main()
