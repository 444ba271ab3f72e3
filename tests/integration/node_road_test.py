"""The main road with both real programs: what a camera sees becomes files, lines and rows, whatever becomes of the hub."""

import os
import re
import signal
import unittest

from kit import wait_until
from node_kit import CONTINUOUS, GOLDEN, NODE, NodeTest, golden_detectors, scene

FRAMES_WHEN_CLIP_ENDS = 37
"""Of yard.avi with yard-motion.yaml: five for each event, fewer where the clip has just begun or they were sent."""


def avi_jpegs(path):
    """The frames of an MJPEG file as its chunks hold them."""
    with open(path, "rb") as file:
        data = file.read()
    at = data.index(b"movi") + 4
    frames = []
    while data[at : at + 4] == b"00dc":
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        frames.append(data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return frames


def golden_events(case):
    """(frame number, text) of each event that the Python node gave."""
    with open(os.path.join(GOLDEN, case + ".events")) as file:
        return [(int(number), text) for number, text in (line.rstrip("\n").split("\t") for line in file)]


def replay_settings(hub, clip="yard", case="yard-motion"):
    """A node that plays a golden clip once, as fast as it can."""
    lines = [f"node: {{name: {NODE}}}", "hub_address:", f"  H1: {hub}", "cameras:", "  W1:", "    viewname: view"]
    lines += [f"    src: {os.path.join(GOLDEN, clip)}.avi", "    pace: fast"]
    return "\n".join(lines + ["    " + line for line in golden_detectors(case)]) + "\n"


class GoldenClip(NodeTest):
    def test_a_clip_becomes_its_log_lines_and_event_frames(self):
        hub = self.hub()
        node = self.node(text=replay_settings(hub.address))
        self.wait_for_images(hub, FRAMES_WHEN_CLIP_ENDS)
        self.assertEqual(node.stop(), 0)
        events = golden_events("yard-motion")
        texts = hub.log_texts()
        self.assertRegex(texts[0], rf"^{NODE}\|Restart\|[^|]*\|[^|]*\|[^|]*\|\d+\|\d+$")
        self.assertEqual(texts[1:], [text.replace("Golden", NODE) for _, text in events])

        frames = avi_jpegs(os.path.join(GOLDEN, "yard.avi"))
        expected, sent = [], -1
        for number, _ in events:
            expected += range(max(0, number - 4, sent + 1), number + 1)
            sent = number
        self.assertEqual(len(expected), FRAMES_WHEN_CLIP_ENDS)
        rows = hub.image_rows()
        self.assertEqual([row["text"] for row in rows], [f"{NODE} view|jpg"] * len(expected))
        for row, number in zip(rows, expected):
            self.assertEqual(hub.read(row["path"]), frames[number][: frames[number].rindex(b"\xff\xd9") + 2], number)
        self.assertEqual(sorted(row["path"] for row in rows), hub.pictures())
        self.assertEqual(self.assert_complete(hub), 1 + len(events) + len(expected))

    def test_an_event_comes_with_the_numbers_behind_it(self):
        hub = self.hub()
        self.node(text=replay_settings(hub.address))
        self.wait_for_images(hub, FRAMES_WHEN_CLIP_ENDS)
        fields = [row["fields"] for row in hub.rows("SELECT fields FROM events WHERE text LIKE '%motion|moving'")]
        self.assertTrue(fields)
        for text in fields:
            self.assertRegex(text, "area")


class HubComesAndGoes(NodeTest):
    """The node sends without a pause; whatever the hub does, each message arrives, once, in order."""

    def busy_node(self, *hubs, **keys):
        return self.node(hubs, {"T1": scene(framerate=40)}, patience=1, **keys)

    def stop_and_check(self, node, *hubs):
        # A node that has no hub when it is told to stop does not wait for one: what it has goes to the spool.
        wait_until(node.connected, what="a hub that answers")
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assertEqual(node.count("not delivered"), 0, node.program.lines)
        self.assertEqual(node.count("wait in the spool"), 0, node.program.lines)
        self.assertGreater(self.assert_complete(*hubs), 20)

    def test_restart(self):
        hub = self.hub()
        node = self.busy_node(hub.address)
        self.wait_for_images(hub, 10)
        for _ in range(2):
            before = self.image_count(hub)
            hub.stop()
            hub.start_again_at(hub.address)
            self.wait_for_images(hub, before + 10)
        self.stop_and_check(node, hub)

    def test_kill(self):
        hub = self.hub()
        node = self.busy_node(hub.address)
        self.wait_for_images(hub, 10)
        before = self.image_count(hub)
        hub.kill()
        hub.start_again_at(hub.address)
        self.wait_for_images(hub, before + 10)
        self.stop_and_check(node, hub)

    def test_stopped_and_continued(self):
        hub = self.hub()
        node = self.busy_node(hub.address)
        self.wait_for_images(hub, 10)
        hub.program.send_signal(signal.SIGSTOP)
        self.addCleanup(lambda: hub.program.alive() and hub.program.send_signal(signal.SIGCONT))
        node.program.wait_line("broke off or is silent")
        hub.program.send_signal(signal.SIGCONT)
        self.wait_for_images(hub, self.image_count(hub) + 30)
        self.stop_and_check(node, hub)

    def test_absent_at_the_start(self):
        address = self.free_address()
        node = self.busy_node(address)
        node.program.wait_line("does not answer")
        hub = self.hub(address=f'"{address}"')
        self.wait_for_images(hub, 10)
        self.stop_and_check(node, hub)

    def test_replaced_by_an_empty_one(self):
        first = self.hub()
        node = self.busy_node(first.address)
        self.wait_for_images(first, 10)
        first.kill()
        second = self.hub(address=f'"{first.address}"')
        self.wait_for_images(second, 10)
        self.stop_and_check(node, first, second)

    def test_second_address_when_the_first_is_dead(self):
        second = self.hub()
        node = self.busy_node(self.free_address(), second.address)
        self.wait_for_images(second, 10)
        self.stop_and_check(node, second)

    def test_second_address_when_the_first_dies(self):
        first, second = self.hub(), self.hub()
        node = self.busy_node(first.address, second.address)
        self.wait_for_images(first, 10)
        self.assertEqual(self.image_count(second), 0)
        first.kill()
        self.wait_for_images(second, 10)
        self.stop_and_check(node, first, second)

    def test_second_address_when_the_first_shuts_down(self):
        first, second = self.hub(), self.hub()
        node = self.busy_node(first.address, second.address)
        self.wait_for_images(first, 10)
        self.assertEqual(first.stop(), 0)
        self.wait_for_images(second, 10)
        self.stop_and_check(node, first, second)


class NodeRestarts(NodeTest):
    def test_says_so_and_repeats_the_state_of_each_detector(self):
        hub = self.hub()
        detectors = [{"motion": {"send_frames": "none"}}, {"light": {"send_frames": "none"}}]
        cameras = {"T1": scene(detectors=detectors, framerate=30)}
        node = self.node([hub.address], cameras)
        for run in (1, 2):
            for what in (rf"{NODE}\|Restart\|", rf"{NODE} scene\|motion\|", rf"{NODE} scene\|light\|"):
                wait_until(lambda: self.started(hub, what) >= run, what=f"{what} of run {run}")
            self.assertEqual(node.stop(), 0)
            if run == 1:
                node.start()
        rows = hub.rows("SELECT boot_id, text FROM events WHERE text LIKE '%|Restart|%'")
        self.assertEqual(len({row["boot_id"] for row in rows}), 2)

    @staticmethod
    def started(hub, pattern):
        """Boots of which a line with the pattern has come."""
        rows = hub.rows("SELECT boot_id, text FROM events WHERE boot_id IS NOT NULL")
        return len({row["boot_id"] for row in rows if re.match(pattern, row["text"])})


class TwoCameras(NodeTest):
    def test_each_has_its_files(self):
        hub = self.hub()
        cameras = {"T1": scene("north", framerate=20), "T2": scene("south", framerate=20)}
        node = self.node([hub.address], cameras)
        for view in ("north", "south"):
            wait_until(lambda: len([p for p in hub.pictures() if f"{NODE}-{view}-" in p]) >= 5, what=view)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(hub)

    def test_tuning_pictures_are_not_stored(self):
        hub = self.hub()
        detectors = {"motion": {**CONTINUOUS["motion"], "send_test_images": True}}
        node = self.node([hub.address], {"T1": scene(detectors=detectors, framerate=20)})
        self.wait_for_images(hub, 10)
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assertEqual({row["text"] for row in hub.image_rows()}, {f"{NODE} scene|jpg"})
        self.assertFalse([text for text in hub.log_texts() if "|" not in text])
        self.assert_complete(hub)


if __name__ == "__main__":
    unittest.main()
