"""What a node keeps in its spool, and how it comes to a hub afterwards."""

import glob
import os
import time
import unittest

from kit import TIMEOUT, wait_until
from node_kit import NODE, FakeHub, Network, NodeTest, SlowProxy, scene


OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "5"))
"""How long a hub stays away from three nodes; docs/design/delivery.md has the figures of ten minutes."""


class SpoolTest(NodeTest):
    def spooling_node(self, at_least, *hubs, **keys):
        """A node whose hubs do not answer, with some messages in its spool."""
        cameras = keys.pop("cameras", {"T1": scene(framerate=30)})
        node = self.node(hubs or [self.free_address()], cameras, patience=0.3, **keys)
        self.wait_for_spool(node, at_least)
        return node

    @staticmethod
    def wait_for_spool(node, at_least):
        wait_until(lambda: len(node.spooled()) >= at_least, what=f"{at_least} messages in the spool")

    @staticmethod
    def wait_for_empty_spool(node):
        wait_until(lambda: node.spooled() == [], what="an empty spool")

    def seqs_of(self, hub, boot):
        return sorted(seq for lane, seqs in self.stored_lanes(hub).items() if lane[0] == boot for seq in seqs)

    def assert_without_gap(self, hub, boot):
        seqs = self.seqs_of(hub, boot)
        self.assertEqual(seqs, list(range(1, len(seqs) + 1)))
        return len(seqs)


class Outage(SpoolTest):
    def test_a_hub_that_was_away_gets_everything(self):
        address = self.free_address()
        node = self.spooling_node(60, address)
        hub = self.hub(address=f'"{address}"')
        self.wait_for_empty_spool(node)
        self.wait_for_images(hub, 100)
        self.assertEqual(node.stop(), 0)
        boots = {lane[0] for lane in self.stored_lanes(hub)}
        self.assertEqual(len(boots), 1)
        self.assertGreater(self.assert_without_gap(hub, boots.pop()), 100)
        self.assert_order_of_lanes(hub)
        lanes = {lane[2] for lane in self.stored_lanes(hub)}
        self.assertEqual(lanes, {0, 1})

    def test_the_images_of_an_outage_of_the_hub_of_three_nodes_have_no_gap(self):
        hub = self.hub()
        address = hub.address
        names = [f"{NODE}n{number}" for number in (1, 2, 3)]
        nodes = [self.node([address], {"T1": scene(framerate=10)}, name=name, patience=1) for name in names]
        times = lambda name: [
            row["time_ns"] / 1e9 for row in hub.rows("SELECT time_ns FROM images WHERE node = ? ORDER BY time_ns", name)
        ]
        for name in names:
            wait_until(lambda: times(name), what=f"an image of {name}")
        self.assertEqual(hub.stop(), 0)
        away = time.time()
        wait_until(lambda: time.time() > away + OUTAGE_SECONDS, timeout=2 * OUTAGE_SECONDS)
        hub.start_again_at(address)
        back = time.time()
        for node in nodes:
            self.wait_for_empty_spool(node)
        print(f"caught up within {time.time() - back:.1f} s")
        for name, node in zip(names, nodes):
            node.deliver_and_stop()
            taken = times(name)
            during = sum(away < moment < back for moment in taken)
            apart = max(after - before for before, after in zip(taken, taken[1:]))
            print(f"{name}: {during} images of {back - away:.1f} s without a hub, at most {apart:.2f} s apart")
            self.assertGreater(during, 5 * OUTAGE_SECONDS)
            self.assertLess(apart, 1)
        boots = {lane[0] for lane in self.stored_lanes(hub)}
        self.assertEqual(len(boots), len(nodes))
        for boot in boots:
            self.assert_without_gap(hub, boot)

    def test_a_hub_that_dies_again_and_again_gets_everything(self):
        hub = self.hub()
        address = hub.address
        node = self.node([address], {"T1": scene(framerate=30)}, patience=0.3)
        for _ in range(3):
            self.wait_for_images(hub, self.image_count(hub) + 20)
            hub.kill()
            self.wait_for_spool(node, 30)
            hub.start_again_at(address)
        self.wait_for_empty_spool(node)
        self.assertEqual(node.stop(), 0)
        boots = {lane[0] for lane in self.stored_lanes(hub)}
        self.assertEqual(len(boots), 1)
        self.assertGreater(self.assert_without_gap(hub, boots.pop()), 80)
        self.assert_order_of_lanes(hub)

    def test_a_full_memory_goes_to_the_spool_and_nothing_is_dropped(self):
        address = self.free_address()
        cameras = {"T1": scene(framerate=60, resolution=[640, 480])}
        node = self.node([address], cameras, patience=600, outbox_mb=1, heartbeat="1s")
        self.wait_for_spool(node, 100)
        hub = self.hub(address=f'"{address}"')
        self.wait_for_empty_spool(node)
        self.assertEqual(node.stop(), 0)
        boots = {lane[0] for lane in self.stored_lanes(hub)}
        self.assert_without_gap(hub, boots.pop())
        self.assert_order_of_lanes(hub)
        self.assertEqual(node.count("gave way"), 0)

    def test_heartbeats_tell_what_waits(self):
        address = self.free_address()
        node = self.spooling_node(20, address, heartbeat="1s")
        hub = self.fake_hub(lambda metadata: None if "seq" in metadata else FakeHub.ours(metadata), address)
        beats = lambda: [beat["fields"] for beat in hub.all(f"{NODE}|Heartbeat") if "fields" in beat]
        wait_until(beats, what="a heartbeat")
        self.assertGreaterEqual(beats()[-1]["spool_messages"], 20)
        self.assertGreater(beats()[-1]["spool_bytes"], 20 * 1000)
        self.assertEqual(beats()[-1]["image_dropped"], 0)
        node.program.kill()


class Restart(SpoolTest):
    def test_after_a_kill_a_node_that_always_spools_sends_what_was_written(self):
        node = self.spooling_node(40, spool={"when": "always"})
        node.program.kill()
        written = node.spooled()
        boot = written[0][0]
        hub = self.hub()
        node.change([hub.address])
        node.start()
        node.program.wait_line("runs node")
        wait_until(lambda: not [row for row in node.spooled() if row[0] == boot], what="the old messages on the hub")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(self.seqs_of(hub, boot), sorted(row[1] for row in written))
        self.assertEqual(self.assert_without_gap(hub, boot), len(written))
        self.assert_order_of_lanes(hub)

    def test_always_costs_nothing_that_stays_when_the_hub_answers(self):
        hub = self.hub()
        node = self.node([hub.address], {"T1": scene(framerate=30)}, spool={"when": "always"})
        self.wait_for_images(hub, 40)
        node.program.kill()
        boot = next(iter(self.stored_lanes(hub)))[0]
        left = {row[1] for row in node.spooled()}
        node.start()
        node.program.wait_line("runs node")
        wait_until(lambda: not [row for row in node.spooled() if row[0] == boot], what="the old messages on the hub")
        self.assertEqual(node.stop(), 0)
        # What the kill cost was taken in its last moment.
        self.assertTrue(left <= set(self.seqs_of(hub, boot)))
        self.assert_without_gap(hub, boot)
        self.assert_order_of_lanes(hub)

    def test_what_is_left_at_the_stop_is_sent_by_the_next_start_with_boot_and_time_of_capture(self):
        node = self.node([self.free_address()], {"T1": scene(framerate=30)}, patience=600)
        node.program.wait_line("runs node")
        started = time.time_ns()
        # Long enough for some pictures, and too short for an outage.
        probe = self.node(["tcp://127.0.0.1:9"], {"T1": scene(framerate=30)}, name=NODE + "-probe", patience=0.1)
        self.wait_for_spool(probe, 20)
        self.assertEqual(node.stop(), 0)
        stopped = time.time_ns()
        written = node.spooled()
        self.assertGreater(len(written), 5)
        hub = self.fake_hub()
        node.change([hub.address])
        node.start()
        boot = written[0][0]
        old = lambda: [metadata for metadata in hub.all(stored=True) if metadata["boot"] == boot]
        wait_until(lambda: len(old()) >= len(written), what="the old messages")
        self.wait_for_empty_spool(node)
        self.assertEqual(node.stop(), 0)
        self.assertEqual(sorted(metadata["seq"] for metadata in old()), list(range(1, len(written) + 1)))
        for metadata in old():
            self.assertTrue(metadata["late"])
            self.assertLess(metadata["time_ns"], stopped)
            self.assertGreater(metadata["time_ns"], started - TIMEOUT * 1e9)
            self.assertGreater(metadata["age_us"], (stopped - metadata["time_ns"]) / 1000 - 1)
        boots = {metadata["boot"] for metadata in hub.all(stored=True)}
        self.assertEqual(len(boots), 2)

    def test_a_corrupt_spool_is_set_aside_and_told(self):
        node = self.node([self.free_address()], {"T1": scene()}, start=False)
        os.mkdir(os.path.dirname(node.spool))
        with open(node.spool, "wb") as file:
            file.write(b"not a database" * 1000)
        hub = self.fake_hub()
        node.change([hub.address])
        node.start()
        wait_until(lambda: [m for m in hub.all(stored=True) if "|spool|corrupt|" in m["msg"]], what="the event")
        node.program.wait_line("the damaged file is set aside as")
        self.assertEqual(len(glob.glob(node.spool + ".corrupt-*")), 1)
        self.assertEqual(node.stop(), 0)

    def test_no_two_nodes_use_one_spool(self):
        first = self.node([self.free_address()], {"T1": scene()}, name=f"{NODE} a")
        first.program.wait_line("runs node")
        path = os.path.dirname(first.spool)
        second = self.node([self.free_address()], {"T1": scene()}, name=f"{NODE}-a", spool={"path": path})
        self.assertEqual(second.program.wait(), 1)
        second.program.wait_line("is in use by process")


class ForeignHub(SpoolTest):
    def test_gets_the_backlog_too_one_message_at_a_time(self):
        address = self.free_address()
        node = self.spooling_node(20, address)
        hub = self.fake_hub(FakeHub.foreign, address)
        self.wait_for_empty_spool(node)
        self.assertEqual(node.stop(), 0)
        seqs = [metadata["seq"] for metadata in hub.all(stored=True)]
        self.assertEqual(sorted(seqs), list(range(1, len(seqs) + 1)))


class Local(SpoolTest):
    def test_without_a_hub_everything_stays_in_the_spool_until_there_is_one(self):
        node = self.node("none", {"T1": scene(framerate=30)})
        self.wait_for_spool(node, 20)
        self.assertEqual(node.stop(), 0)
        written = node.spooled()
        hub = self.hub()
        node.change([hub.address])
        node.start()
        wait_until(lambda: not [row for row in node.spooled() if row[0] == written[0][0]], what="an empty spool")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(self.assert_without_gap(hub, written[0][0]), len(written))

    def test_with_local_dir_files_are_those_of_a_hub_and_nothing_is_doubled_by_a_kill(self):
        node = self.node("none", {"T1": scene(framerate=30)}, local_dir="here", spool={"when": "always"})
        folder = os.path.join(node.folder, "here")
        pictures = lambda: glob.glob(os.path.join(folder, "images", "2*", "*.jpg"))
        for count in (20, 40):
            wait_until(lambda: len(pictures()) >= count, what=f"{count} pictures")
            node.program.kill()
            node.start()
        wait_until(lambda: len(pictures()) >= 60, what="60 pictures")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(node.spooled(), [])
        for picture in pictures():
            with open(picture, "rb") as file:
                content = file.read()
            self.assertEqual((content[:2], content[-2:]), (b"\xff\xd8", b"\xff\xd9"), picture)
            self.assertRegex(os.path.basename(picture), rf"^{NODE}-scene-20\d\d-\d\d-\d\dT\d\d\.\d\d\.\d\d\.\d{{6}}\.jpg$")
        with open(os.path.join(folder, "logs", "imagehub.log")) as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), len(set(lines)))
        self.assertEqual(len([line for line in lines if "|Restart|" in line]), 3)
        self.assertEqual(os.listdir(os.path.join(folder, "images", ".incoming")), [])


class SlowLink(SpoolTest):
    KBIT = 1000

    def test_a_backlog_does_not_delay_a_new_event_by_more_than_a_second(self):
        if Network.possible():
            network = Network(rate_kbit=self.KBIT, delay_ms=20)
            self.addCleanup(network.close)
            address, preexec = f"tcp://{Network.B}:5555", network.inside(0)
            start_hub = lambda: self.hub(address=f'"{address}"', preexec=network.inside(1))
        else:
            hub = self.hub()
            hub.stop()
            proxy = SlowProxy(hub.port, self.KBIT)
            self.addCleanup(proxy.close)
            address, preexec = proxy.address, None
            start_hub = lambda: (hub.start_again_at(hub.address), hub)[1]
        # Pictures of a still scene make the backlog, the lamp of another camera the events.
        light = {"light": {"send_frames": "none", "ROI": "(0,0),(100,100)", "min_frames": 1}}
        cameras = {
            "T1": scene(framerate=30, resolution=[640, 480]),
            "T2": scene("lamp", detectors={**light, "motion": {"send_frames": "none"}}, framerate=10),
        }
        node = self.node([address], cameras, patience=0.3, preexec=preexec)
        self.wait_for_spool(node, 300)
        self.assertEqual(node.stop(), 0)
        # From now on pictures are few, and a window would take seconds of the link if the backlog could fill it.
        cameras["T1"]["framerate"] = 1
        node.change(cameras=cameras, window=100)
        node.start()
        hub = start_hub()
        query = "SELECT time_ns, received_ns FROM events WHERE late = 0 AND view = 'lamp'"
        new_events = lambda: hub.rows(query) if self.image_count(hub) else []
        wait_until(lambda: len(new_events()) >= 5, timeout=2 * TIMEOUT, what="new events on the hub")
        self.assertTrue(node.spooled(), "the backlog was gone too soon to delay anything")
        delays = [(row["received_ns"] - row["time_ns"]) / 1e9 for row in new_events()]
        self.assertLess(max(delays), 1.0 if not os.environ.get("TEST_BUILD") else 3.0)
        late = hub.rows("SELECT count(*) AS n FROM images WHERE late = 1")[0]["n"]
        self.assertGreater(late, 5, "the backlog does not advance")
        node.program.kill()


if __name__ == "__main__":
    unittest.main()
