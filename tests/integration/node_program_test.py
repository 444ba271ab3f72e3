"""The node as a program: its command line, its locks, its cameras."""

import os
import threading
import unittest

from kit import IMAGENODE, Systemd, run, wait_until
from node_kit import CONTINUOUS, EVENTS_ONLY, GOLDEN, NODE, STAND_IN_FOLDER, FakeHub, NodeTest, golden_detectors, scene


class CommandLine(NodeTest):
    def settings(self, text):
        path = os.path.join(self.folder(), "imagenode.yaml")
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_replay_gives_the_events_of_the_python_node(self):
        cases = sorted(name[:-5] for name in os.listdir(GOLDEN) if name.endswith(".yaml"))
        self.assertGreater(len(cases), 5)
        for case in cases:
            with self.subTest(case=case):
                lines = ["node: {name: Golden}", "hub_address: {H1: 'tcp://127.0.0.1:1'}", "cameras:", "  W1:"]
                lines += ["    viewname: view"] + ["    " + line for line in golden_detectors(case)]
                settings = self.settings("\n".join(lines) + "\n")
                clip = os.path.join(GOLDEN, case.split("-")[0] + ".avi")
                code, out, err = run([IMAGENODE, "--config", settings, "--replay", clip])
                with open(os.path.join(GOLDEN, case + ".events")) as file:
                    self.assertEqual(out, file.read())
                self.assertEqual(code, 0)
                self.assertRegex(err, r"\d+ frames, [\d.]+ frames/s")

    def test_replay_of_what_is_not_there_fails(self):
        settings = self.node(["tcp://127.0.0.1:1"], {"T1": scene()}, start=False).settings
        for arguments in (["no-such-file.avi"], ["no-such-file.avi", "--camera", "T2"]):
            code, out, err = run([IMAGENODE, "--config", settings, "--replay", *arguments])
            self.assertEqual((code, out), (1, ""))
            self.assertTrue(err.startswith("imagenode: "), err)

    def test_test_saves_a_picture_of_each_camera(self):
        node = self.node(["tcp://127.0.0.1:1"], {"T1": scene("a"), "T2": scene("b")}, start=False)
        code, out, _ = run([IMAGENODE, "--config", node.settings, "--test"])
        self.assertEqual(code, 0, out)
        for label in ("T1", "T2"):
            self.assertRegex(out, rf"{label}: 320x240, [\d.]+ frames/s, captured as test scene")
            with open(os.path.join(node.folder, f"imagenode-test-{label}.jpg"), "rb") as file:
                self.assertEqual(file.read(2), b"\xff\xd8")

    def test_test_fails_when_one_camera_does(self):
        missing = {"viewname": "gone", "src": "/no/such/film.avi"}
        node = self.node(["tcp://127.0.0.1:1"], {"T1": scene(), "F1": missing}, start=False)
        code, out, _ = run([IMAGENODE, "--config", node.settings, "--test"])
        self.assertEqual(code, 1)
        self.assertRegex(out, r"T1: 320x240")
        self.assertRegex(out, r"F1: FAILED: .*film\.avi")

    def test_systemd_is_asked_for_the_time_that_a_stop_may_take(self):
        systemd = Systemd(self)
        node = self.node(["tcp://127.0.0.1:1"], {"T1": scene()}, env=systemd.env, outbox_mb=1000, shutdown_timeout="20s")
        node.program.wait_line("runs node")
        self.assertEqual(node.stop(), 0)
        # 20 s for the hub, 500 s for 1000 MB, 30 s in reserve, and some to tell what hangs.
        last = ["STOPPING=1", "EXTEND_TIMEOUT_USEC=565000000", "WATCHDOG_USEC=565000000"]
        wait_until(lambda: systemd.told[-3:] == last, what="word to systemd")

    def test_wrong_settings_end_with_78(self):
        settings = self.settings("node: {nam: Barn}\nhub_address: {H1: 'tcp://127.0.0.1:1'}\n")
        for arguments in ([], ["--check-config"]):
            code, _, err = run([IMAGENODE, "--config", settings, *arguments])
            self.assertEqual(code, 78)
            self.assertIn("name", err)


class OnlyOnce(NodeTest):
    """A second node that would send the same is refused, and told who runs."""

    def refused(self, first, settings, what):
        code, _, err = run([IMAGENODE, "--config", settings])
        self.assertEqual(code, 1)
        self.assertIn(what, err)
        self.assertIn(f"process {first.program.pid}", err)

    def test_two_nodes_of_one_name(self):
        hub = self.fake_hub()
        first = self.node([hub.address])
        hub.wait_for(1)
        second = self.node([hub.address], start=False)
        self.refused(first, second.settings, f"the node name {NODE}")
        self.assertTrue(first.program.alive())

    def test_one_settings_file_twice(self):
        hub = self.fake_hub()
        first = self.node([hub.address])
        hub.wait_for(1)
        link = os.path.join(self.folder(), "same.yaml")
        os.symlink(first.settings, link)
        self.refused(first, link, "settings file")

    def test_the_name_is_free_when_the_first_was_killed(self):
        hub = self.fake_hub()
        first = self.node([hub.address])
        hub.wait_for(1)
        first.program.kill()
        self.node([hub.address]).program.wait_line("connected to")


class Cameras(NodeTest):
    def test_a_camera_that_dies_is_reported_lost_and_back(self):
        hub = self.fake_hub()
        env = {"PATH": f"{STAND_IN_FOLDER}:{os.environ['PATH']}", "STAND_IN_FRAMES": "10"}
        camera = {"viewname": "pi", "resolution": [128, 96], "detectors": CONTINUOUS}
        node = self.node([hub.address], {"P1": camera}, env=env)
        hub.wait_for(2, f"{NODE} pi|camera|lost")
        hub.wait_for(1, f"{NODE} pi|camera|back")
        self.assertGreaterEqual(len(hub.wait_for(20, f"{NODE} pi|jpg")), 20)
        texts = [text for text in (metadata["msg"] for metadata in hub.all(stored=True)) if "|camera|" in text]
        self.assertEqual(texts[:3], [f"{NODE} pi|camera|lost", f"{NODE} pi|camera|back", f"{NODE} pi|camera|lost"])
        self.assertTrue(node.program.alive())

    def test_one_that_is_not_there_does_not_disturb_the_others(self):
        hub = self.fake_hub()
        cameras = {"T1": scene(framerate=20), "F1": {"viewname": "gone", "src": "/no/such/film.avi"}}
        node = self.node([hub.address], cameras)
        hub.wait_for(1, f"{NODE} gone|camera|lost")
        hub.wait_for(10, f"{NODE} scene|jpg")
        self.assertEqual(node.stop(), 0)


class Stop(NodeTest):
    def test_sigterm_delivers_what_waits(self):
        pause = threading.Event()

        def slowly(metadata):
            pause.wait(0.02)
            return FakeHub.ours(metadata)

        hub = self.fake_hub(slowly)
        node = self.node([hub.address], {"T1": scene(framerate=100)})
        hub.wait_for(10, f"{NODE} scene|jpg")
        self.assertEqual(node.stop(), 0)
        seqs = [metadata["seq"] for metadata in hub.all(stored=True)]
        self.assertEqual(sorted(seqs), list(range(1, len(seqs) + 1)))
        self.assertEqual(node.count("not delivered"), 0)

    def without_a_hub(self, **keys):
        """A node that is stopped while it has messages and no hub answers."""
        node = self.node([self.free_address()], {"T1": scene(detectors=EVENTS_ONLY, framerate=30)}, **keys)
        node.program.wait_line(f"runs node {NODE}")
        self.assertEqual(node.stop(), 0)
        return node

    def test_sigterm_without_a_hub_keeps_what_is_left_in_the_spool(self):
        node = self.without_a_hub()
        wait_until(lambda: node.count("wait in the spool for the next start") == 1, what="the last words")
        self.assertEqual(node.count("not delivered"), 0)
        self.assertGreater(len(node.spooled()), 0)

    def test_sigterm_without_hub_and_spool_ends_soon_and_says_what_is_lost(self):
        node = self.without_a_hub(spool={"when": "never"})
        wait_until(lambda: node.count("not delivered") == 1, what="the last words")


if __name__ == "__main__":
    unittest.main()
