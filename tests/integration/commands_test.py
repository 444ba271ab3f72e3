"""Commands from the hub with both real programs: each is given with `imagehub command`, done by the node, reported."""

import json
import os
import subprocess
import unittest

from kit import IMAGEHUB, TIMEOUT, jpeg_shape, wait_until
from node_kit import EVENTS_ONLY, GOLDEN, NODE, OUR_HUB, NodeTest, scene

KEEP_ALIVE = {"version": "imagenode/1.0.0"}


class CommandTest(NodeTest):
    def imagehub(self, hub, *arguments, status=0):
        done = subprocess.run(
            [IMAGEHUB, *arguments, "--path", hub.folder], capture_output=True, text=True, timeout=TIMEOUT
        )
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout if status == 0 else done.stderr

    def command(self, hub, text, node=NODE):
        """Gives the command to a node that the hub has heard of; its id."""
        wait_until(lambda: any(one["node"] == node and one["version"] for one in hub.status()["nodes"]), what=node)
        return int(self.imagehub(hub, "command", node, text).split()[1])

    @staticmethod
    def state(hub, number):
        return next(one for one in hub.status()["commands"] if one["id"] == number)

    def wait_for(self, hub, number, state):
        wait_until(lambda: self.state(hub, number)["state"] == state, what=f"{state}: {self.state(hub, number)}")
        return self.state(hub, number)["reason"]

    def reports(self, hub):
        return [text for text in hub.log_texts() if "|command|" in text]

    @staticmethod
    def size(hub, row):
        """Width and height of a JPEG."""
        return jpeg_shape(hub.read(row["path"]))[:2]


class EachCommand(CommandTest):
    def quiet_node(self, hub, camera=None, **keys):
        """A node that sends no picture of its own accord; each heartbeat brings it a command."""
        return self.node([hub.address], {"T1": camera or scene(detectors=EVENTS_ONLY)}, heartbeat="1s", **keys)

    def test_send_frames(self):
        hub = self.hub()
        self.quiet_node(hub)
        number = self.command(hub, "SendFrames 10 scene")
        self.wait_for(hub, number, "done")
        self.wait_for_images(hub, 10)
        self.assertEqual(self.reports(hub), [f"{NODE}|command|SendFrames 10 scene|done"])
        self.assertEqual(self.image_count(hub), 10)
        self.assertEqual({row["text"] for row in hub.image_rows()}, {f"{NODE} scene|jpg"})

    def test_a_camera_that_has_come_to_its_end_keeps_no_other_from_its_commands(self):
        hub = self.hub()
        film = {"viewname": "film", "src": os.path.join(GOLDEN, "edge.avi"), "pace": "fast", "detectors": {}}
        settings = {
            "node": {"name": NODE, "heartbeat": "1s", "commands": ["SendFrames", "Set", "Still"]},
            "hub_address": {"H1": hub.address},
            "cameras": {"T1": film, "T2": scene(detectors=EVENTS_ONLY)},
            "actions": {"clip": {"when": f"{NODE}|command|Still|done", "type": "send_frames", "count": 1}},
        }
        node = self.node(text=json.dumps(settings))
        node.program.wait_line("camera T1: end of")
        for text, images in (("SendFrames 2", 2), ("Still", 4), ("Set framerate 20", 4)):
            self.wait_for(hub, self.command(hub, text), "done")
            self.wait_for_images(hub, images)
        wait_until(lambda: f"{NODE}|action|clip|done" in hub.log_texts(), what="the action")
        self.assertEqual({row["text"] for row in hub.image_rows()}, {f"{NODE} scene|jpg"})
        for text in ("Still film", "SendFrames 1 T1", "Set framerate 10 film"):
            reason = self.wait_for(hub, self.command(hub, text), "failed")
            self.assertEqual(reason, "camera T1 has come to its end")
        self.assertEqual(node.stop(), 0)

    def test_still_is_not_resized(self):
        hub = self.hub()
        self.quiet_node(hub, scene(resize_width=50, detectors={}))
        self.wait_for(hub, self.command(hub, "Still"), "done")
        self.wait_for(hub, self.command(hub, "SendFrames 1"), "done")
        self.wait_for_images(hub, 2)
        self.assertEqual([self.size(hub, row) for row in hub.image_rows()], [(320, 240), (160, 120)])

    def test_set_resolution(self):
        hub = self.hub()
        cameras = {"T1": scene(detectors=EVENTS_ONLY), "T2": scene("yard", detectors=EVENTS_ONLY)}
        node = self.node([hub.address], cameras, commands=["SetResolution", "Still"], heartbeat="1s")
        self.wait_for(hub, self.command(hub, "SetResolution (480, 360) yard"), "done")
        self.wait_for(hub, self.command(hub, "Still"), "done")
        self.wait_for_images(hub, 2)
        sizes = {row["view"]: self.size(hub, row) for row in hub.image_rows()}
        self.assertEqual(sizes, {"scene": (320, 240), "yard": (480, 360)})
        reason = self.wait_for(hub, self.command(hub, "SetResolution (0,480)"), "failed")
        self.assertIn("resolution must hold 2 numbers", reason)
        self.assertEqual(node.stop(), 0)

    def test_a_still_of_its_own_resolution(self):
        hub = self.hub()
        cameras = {"T1": scene(detectors=EVENTS_ONLY, still_resolution=[640, 480])}
        node = self.node([hub.address], cameras, commands=["Still", "SendFrames"], heartbeat="1s")
        for text in ("SendFrames 1", "Still", "SendFrames 1"):
            self.wait_for(hub, self.command(hub, text), "done")
        self.wait_for_images(hub, 3)
        self.assertEqual([self.size(hub, row) for row in hub.image_rows()], [(320, 240), (640, 480), (320, 240)])
        self.assertEqual([text for text in hub.log_texts() if "|camera|" in text], [])
        self.assertEqual(node.stop(), 0)

    def test_set_a_camera_setting(self):
        hub = self.hub()
        self.quiet_node(hub, commands=["Set", "SendFrames"])
        self.wait_for(hub, self.command(hub, "Set resize_width 50 scene"), "done")
        self.wait_for(hub, self.command(hub, "SendFrames 1"), "done")
        self.wait_for_images(hub, 1)
        self.assertEqual(self.size(hub, hub.image_rows()[0]), (160, 120))
        for text, reason in (
            ("Set src /etc/passwd", "src is no camera setting that can be changed here"),
            ("Set brightness 60", "T1 is no Pi camera, and has no brightness"),
            ("Set framerate", "framerate needs a value such as 5 or (640,480)"),
        ):
            self.assertEqual(self.wait_for(hub, self.command(hub, text), "failed"), reason)

    def test_restart(self):
        hub = self.hub()
        node = self.quiet_node(hub, commands=["Restart"])
        number = self.command(hub, "Restart")
        wait_until(lambda: not node.program.alive(), what="the end of the node")
        self.assertEqual(node.program.process.wait(TIMEOUT), 80)
        self.wait_for(hub, number, "done")
        node.start()
        # The new start is not told it again.
        self.wait_for(hub, self.command(hub, "Nonsense"), "failed")
        self.assertEqual(len(self.reports(hub)), 2)
        self.assertTrue(node.program.alive())

    def test_what_is_not_allowed_or_not_known_fails_with_the_reason(self):
        hub = self.hub()
        self.quiet_node(hub, commands=["Still"])
        for text, reason in (
            ("SendFrames 10", "not allowed here"),
            ("Dance", "unknown command"),
            ("Still garden", "no view named garden"),
        ):
            number = self.command(hub, text)
            self.assertEqual(self.wait_for(hub, number, "failed"), reason)
            self.assertIn(f"{NODE}|command|{text}|failed|{reason}", self.reports(hub))
        shown = self.imagehub(hub, "command", "--list")
        self.assertRegex(shown, rf"failed +{NODE} +Dance: unknown command")
        self.assertIn("commands  3 failed", self.imagehub(hub, "status"))


class OnceOnly(CommandTest):
    """A hub repeats a command until it hears of it; a node does it once."""

    def test_a_repeated_command_is_done_once_also_after_a_restart(self):
        reports = []

        def answer(metadata):
            if "|command|" in metadata["msg"]:
                reports.append((metadata["msg"], metadata["fields"]))
            return f"OK {metadata['seq']}" if "seq" in metadata else [OUR_HUB, "CMD 4711 SendFrames 3"]

        hub = self.fake_hub(answer)
        node = self.node([hub.address], {"T1": scene(detectors=EVENTS_ONLY)}, heartbeat="1s")
        wait_until(lambda: reports, what="a report")
        self.assertEqual(reports, [(f"{NODE}|command|SendFrames 3|done", {"command": 4711})])
        hub.wait_for(len(hub.all(f"{NODE}|Heartbeat")) + 4, f"{NODE}|Heartbeat")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(len(reports), 1)
        self.assertEqual(len(hub.all(f"{NODE} scene|jpg")), 3)

        # The next start reports once more, since the first report may have been lost with the start before.
        node.start()
        wait_until(lambda: len(reports) > 1, what="another report")
        hub.wait_for(len(hub.all(f"{NODE}|Heartbeat")) + 4, f"{NODE}|Heartbeat")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(reports[1:], [(f"{NODE}|command|SendFrames 3|done", {"command": 4711})])
        self.assertEqual(len(hub.all(f"{NODE} scene|jpg")), 3)

    def test_no_reply_of_a_hostile_hub_ends_a_node(self):
        hostile = [
            "CMD 5 " + "x" * 1000,
            "CMD 6 SendFrames 99999999999999999999",
            "CMD 7 a|b\x00\n\xff",
            "CMD 18446744073709551615 Still",
            "CMD -1 Still",
            "CMD 8",
            "CMD 9 Still ../../etc",
        ]

        def answer(metadata):
            return f"OK {metadata['seq']}" if "seq" in metadata else [OUR_HUB, *hostile]

        hub = self.fake_hub(answer)
        node = self.node([hub.address], {"T1": scene(detectors=EVENTS_ONLY)}, heartbeat="1s")
        reports = lambda: [one["msg"] for one in hub.all() if "|command|" in one["msg"]]
        wait_until(lambda: any("etc" in text for text in reports()), what="a report of the last")
        self.assertEqual(len(reports()), 5)
        for text in reports():
            self.assertEqual(text.split("|")[3], "failed")
            self.assertLess(len(text), 600)
        self.assertEqual(node.stop(), 0)


class Giving(CommandTest):
    def test_a_command_waits_for_its_node_over_restarts_of_the_hub(self):
        hub = self.hub()
        node = self.node([hub.address], {"T1": scene(detectors=EVENTS_ONLY)}, heartbeat="1s")
        hub_knows = lambda: any(one["version"] for one in hub.status()["nodes"])
        wait_until(hub_knows, what="the node on the hub")
        node.stop()
        number = self.command(hub, "SendFrames 2")
        self.assertEqual(self.state(hub, number)["state"], "pending")
        hub.stop()
        hub.start_again_at(hub.address)
        self.assertEqual(self.state(hub, number)["state"], "pending")
        node.start()
        self.wait_for(hub, number, "done")
        hub.kill()
        hub.start_again_at(hub.address)
        self.assertEqual(self.state(hub, number)["state"], "done")

    def test_all_nodes_that_take_commands_and_no_others(self):
        hub = self.hub()
        self.req(hub).send_jpg("Python door|jpg", b"\xff\xd8\xff\xd9")
        boot = self.boot(hub)
        boot.post("Shed|Heartbeat", seq=False, **KEEP_ALIVE)
        self.assertTrue(boot.receive().startswith("OK imagehub/"))
        given = self.imagehub(hub, "command", "--all", "SendFrames 1")
        self.assertRegex(given, r"^command \d+ waits for Shed\n$")
        boot.post("Shed|motion|moving")
        replies = {boot.receive().split(" ")[0], boot.receive().split(" ")[0]}
        self.assertEqual(replies, {"CMD", "OK"})
        # No more than once beside other messages; again at a keep-alive, behind its own reply.
        boot.post("Shed|motion|still")
        self.assertEqual(boot.receive(), "OK 2")
        boot.post("Shed|Heartbeat", seq=False, **KEEP_ALIVE)
        self.assertTrue(boot.receive().startswith("OK imagehub/"))
        self.assertRegex(boot.receive(), r"^CMD \d+ SendFrames 1$")

    def test_who_never_greeted_as_an_imagenode_is_told_no_commands(self):
        hub = self.hub()
        greeter = self.boot(hub)
        greeter.post("Shed|Heartbeat", seq=False, **KEEP_ALIVE)
        greeter.receive()
        self.imagehub(hub, "command", "Shed", "Still")
        other = self.boot(hub)
        other.post("Shed|motion|moving")
        self.assertEqual(other.receive(), "OK 1")
        other.post("Shed|Heartbeat", seq=False)
        self.assertTrue(other.receive().startswith("OK imagehub/"))
        other.post("Shed|motion|still")
        self.assertEqual(other.receive(), "OK 2")
        plain = self.req(hub)
        self.assertEqual(plain.send_jpg("Shed|jpg", b"\xff\xd8\xff\xd9"), b"OK")
        self.assertEqual(hub.status()["commands"][0]["state"], "pending")

    def test_a_command_is_forgotten_after_its_time(self):
        hub = self.hub(settings="  command_ttl: 1s\n")
        boot = self.boot(hub)
        boot.post("Shed|Heartbeat", seq=False, **KEEP_ALIVE)
        boot.receive()
        self.imagehub(hub, "command", "Shed", "Still")
        hub.program.wait_line('command "Still" to Shed is forgotten: the node was not there within command_ttl')
        wait_until(lambda: hub.rows("SELECT count(*) AS n FROM commands")[0]["n"] == 0, what="an empty table")
        self.assertEqual(hub.status()["commands"], [])

    def test_wrong_use_says_what_to_do(self):
        hub = self.hub()
        self.assertIn("no node named Nobody has sent", self.imagehub(hub, "command", "Nobody", "Still", status=67))
        self.assertIn("is missing", self.imagehub(hub, "command", "Nobody", status=64))
        self.req(hub).send_jpg("Python door|jpg", b"\xff\xd8\xff\xd9")
        self.assertIn("takes no commands", self.imagehub(hub, "command", "Python", "Still", status=67))
        boot = self.boot(hub)
        boot.post("Shed|Heartbeat", seq=False, **KEEP_ALIVE)
        boot.receive()
        self.assertIn("shorten it", self.imagehub(hub, "command", "Shed", "x" * 201, status=1))
        self.assertIn("leave them out", self.imagehub(hub, "command", "Shed", "Still|a", status=1))
        hub.stop()
        self.assertIn("no hub answers", self.imagehub(hub, "command", "Nobody", "Still", status=69))
        self.assertIn("no hub answers", self.imagehub(hub, "command", "--list", status=69))


if __name__ == "__main__":
    unittest.main()
