"""A node with several real hubs: failover and the way back to the first, and mirror."""

import signal
import time
import unittest

from kit import wait_until
from node_kit import NODE, NodeTest, scene

CAMERAS = {"T1": scene(framerate=20)}


class TwoHubs(NodeTest):
    def wait_for_more(self, hub, count=10):
        self.wait_for_images(hub, self.image_count(hub) + count)

    def both(self):
        return self.hub(), self.hub()

    def all_seqs(self, hub):
        return set().union(*self.stored_seqs(hub).values())


class Failover(TwoHubs):
    def test_the_first_hub_gets_the_delivery_back_without_an_interruption(self):
        first, second = self.both()
        first_address = first.address
        first.stop()
        node = self.node([first_address, second.address], CAMERAS, retry_first="2s", patience=1)
        self.wait_for_more(second)
        # The first hub is asked while it is away; the second one gets everything meanwhile, on one connection.
        self.wait_for_more(second, 60)
        self.assertEqual(node.count("connected to"), 1, node.program.lines)
        first.start_again_at(first_address)
        node.program.wait_line("connected to " + first_address)
        self.wait_for_more(first)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assertEqual(node.count("connected to"), 2, node.program.lines)
        self.assert_complete(first, second)
        # Nothing was under way when it moved: no message lies on both.
        self.assertFalse(self.all_seqs(first) & self.all_seqs(second))

    def test_hubs_that_stop_in_turn_leave_no_gap(self):
        first, second = self.both()
        node = self.node([first.address, second.address], CAMERAS, retry_first="1s", patience=1)
        for _ in range(3):
            self.wait_for_more(first)
            first.stop()
            node.program.wait_line(f"hub {first.address} (shuts down|broke off)")
            self.wait_for_more(second)
            first.start_again_at(first.address)
        self.wait_for_more(first)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(first, second)

    def test_hubs_that_are_killed_in_turn_leave_no_gap(self):
        first, second = self.both()
        node = self.node([first.address, second.address], CAMERAS, retry_first="1s", patience=1)
        self.wait_for_more(first)
        first.kill()
        self.wait_for_more(second)
        second.kill()
        first.start_again_at(first.address)
        self.wait_for_more(first)
        second.start_again_at(second.address)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(first, second)


class Mirror(TwoHubs):
    def mirrored_node(self, *hubs, **keys):
        return self.node([hub.address for hub in hubs], CAMERAS, mirror=True, patience=1, **keys)

    def assert_both_have_everything(self, node, first, second):
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assertEqual(node.count("not delivered"), 0, node.program.lines)
        self.assert_complete(first)
        self.assert_complete(second)
        self.assertEqual(self.all_seqs(first), self.all_seqs(second))

    def delays(self, hub, first_id):
        """Seconds from capture to arrival of the images from this row on."""
        rows = hub.rows("SELECT time_ns, received_ns FROM images WHERE id > ?", first_id)
        return [(row["received_ns"] - row["time_ns"]) / 1e9 for row in rows]

    def test_both_hubs_get_everything_and_the_living_one_does_not_wait_for_the_dead_one(self):
        first, second = self.both()
        node = self.mirrored_node(first, second)
        for hub in (first, second):
            self.wait_for_more(hub)
        second.kill()
        before = self.image_count(first)
        self.wait_for_more(first, 80)
        self.assertLess(max(self.delays(first, before)), 1.0)
        second.start_again_at(second.address)
        self.wait_for_images(second, self.image_count(first))
        self.assert_both_have_everything(node, first, second)

    def test_a_hub_that_hangs_delays_only_itself(self):
        first, second = self.both()
        node = self.mirrored_node(first, second)
        for hub in (first, second):
            self.wait_for_more(hub)
        first.program.send_signal(signal.SIGSTOP)
        self.addCleanup(lambda: first.program.alive() and first.program.send_signal(signal.SIGCONT))
        before = self.image_count(second)
        self.wait_for_more(second, 80)
        self.assertLess(max(self.delays(second, before)), 1.0)
        first.program.send_signal(signal.SIGCONT)
        self.wait_for_images(first, self.image_count(second))
        self.assert_both_have_everything(node, first, second)

    def test_each_hub_is_told_of_its_own_queue_and_of_the_other_hub(self):
        first = self.fake_hub()
        dead = self.free_address()
        self.node([first.address, dead], CAMERAS, mirror=True, heartbeat="1s", outbox_mb=1)
        fields = lambda: [beat["fields"] for beat in first.all(f"{NODE}|Heartbeat") if "fields" in beat]
        wait_until(lambda: fields() and fields()[-1]["queue " + dead] > 20, what="a long queue")
        beat = fields()[-1]
        self.assertEqual((beat["connected " + first.address], beat["connected " + dead]), (1, 0))
        self.assertLess(beat["queue"], 20)
        self.assertEqual(beat["image_dropped"], 0)

    def test_a_stop_does_not_wait_long_for_the_dead_one(self):
        first = self.hub()
        node = self.node([first.address, self.free_address()], CAMERAS, mirror=True, shutdown_timeout="20s")
        self.wait_for_more(first)
        begin = time.monotonic()
        self.assertEqual(node.stop(), 0)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(node.count("wait in the spool for the next start"), 1, node.program.lines)
        self.assert_complete(first)


if __name__ == "__main__":
    unittest.main()
