"""Settings files that are read again: by SIGHUP, of both programs, and by the command ReloadYaml."""

import contextlib
import fcntl
import os
import pty
import signal
import socket
import termios
import unittest

from commands_test import CommandTest
from kit import jpeg, wait_until
from node_kit import EVENTS_ONLY, NODE, NodeTest, scene
from rows_test import rows_of

TAKEN = "the settings were read again; changed: "
NOT_TAKEN = "the settings were not taken, all goes on as before"


def threads(node):
    """Thread ids of a node, by name."""
    found = {}
    folder = f"/proc/{node.program.pid}/task"
    for number in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"{folder}/{number}/comm") as file:
            found.setdefault(file.read().strip(), []).append(int(number))
    return found


def camera_threads(node, *labels):
    """Thread ids of its cameras, by label, once it has these and no others. A thread bears the name of the one that
    started it before it has its own."""

    def settled():
        names = threads(node)
        cameras = {name.split()[1]: ids for name, ids in names.items() if name.startswith("camera ")}
        ready = all(len(ids) == 1 and f"read {label}" in names for label, ids in cameras.items())
        return ready and set(cameras) == set(labels) and {label: ids[0] for label, ids in cameras.items()}

    return wait_until(settled, what=f"the cameras {labels}")


class ReloadYaml(CommandTest):
    def two_cameras(self, hub, **keys):
        cameras = {"T1": scene(detectors=EVENTS_ONLY), "T2": scene("yard", detectors=EVENTS_ONLY)}
        node = self.node([hub.address], cameras, heartbeat="1s", **keys)
        return node, camera_threads(node, "T1", "T2")

    def test_only_the_camera_that_changed_is_restarted(self):
        hub = self.hub()
        node, before = self.two_cameras(hub)
        changed = scene("yard", detectors=EVENTS_ONLY, resolution=[480, 360])
        node.change(cameras={"T1": scene(detectors=EVENTS_ONLY), "T2": changed, "T3": scene("door", EVENTS_ONLY)})
        self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
        self.assertEqual(node.count(TAKEN + "cameras.T2, cameras.T3"), 1)
        after = camera_threads(node, "T1", "T2", "T3")
        self.assertEqual(after["T1"], before["T1"])
        self.assertNotEqual(after["T2"], before["T2"])
        self.wait_for(hub, self.command(hub, "Still"), "done")
        self.wait_for_images(hub, 3)
        sizes = {row["view"]: self.size(hub, row) for row in hub.image_rows()}
        self.assertEqual(sizes, {"scene": (320, 240), "yard": (480, 360), "door": (320, 240)})
        # One start of the node, and no loss: each number came.
        self.assertEqual(node.stop(), 0)
        self.assert_complete(hub)

    def test_a_wrong_file_changes_nothing(self):
        hub = self.hub()
        node, before = self.two_cameras(hub)
        node.change(cameras={"T1": scene(detectors=EVENTS_ONLY, framerate="fast")}, commands=["Still"])
        reason = self.wait_for(hub, self.command(hub, "ReloadYaml"), "failed")
        self.assertRegex(reason, r"^imagenode\.yaml:\d+:\d+: framerate: fast is not ")
        self.assertEqual(self.reports(hub), [f"{NODE}|command|ReloadYaml|failed|{reason}"])
        self.assertEqual(camera_threads(node, "T1", "T2"), before)
        # The list of commands is the old one, too.
        self.wait_for(hub, self.command(hub, "SendFrames 1 yard"), "done")

    def test_a_change_that_needs_a_restart_changes_nothing_and_says_so(self):
        hub = self.hub()
        node, before = self.two_cameras(hub)
        node.change(outbox_mb=9, cameras={"T1": scene(detectors=EVENTS_ONLY)}, patience=5)
        reason = self.wait_for(hub, self.command(hub, "ReloadYaml"), "failed")
        wanted = "node.outbox_mb, node.patience: a change needs a restart of the node; nothing was changed"
        self.assertEqual(reason, wanted)
        self.assertEqual(camera_threads(node, "T1", "T2"), before)

    def test_a_node_moves_to_another_hub_and_loses_nothing(self):
        old, new = self.hub(), self.hub()
        node = self.node([old.address], {"T1": scene()}, heartbeat="1s")
        before = camera_threads(node, "T1")
        self.wait_for_images(old, 20)
        node.change(hubs=[new.address], window=5)
        self.command(old, "ReloadYaml")
        node.program.wait_line(TAKEN + "hub_address.H1, node.window")
        self.wait_for_images(new, 20)
        self.assertEqual(camera_threads(node, "T1"), before)
        wait_until(lambda: f"{NODE}|command|ReloadYaml|done" in new.log_texts(), what="the report")
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assert_complete(old, new)
        self.assertEqual(node.count("broke off"), 0)

    def test_a_lost_camera_is_back_with_settings_that_are_right(self):
        hub = self.hub()
        node = self.node([hub.address], {"T1": {"viewname": "scene", "src": "/nowhere/video.mp4"}}, heartbeat="1s")
        lost, back = f"{NODE} scene|camera|lost", f"{NODE} scene|camera|back"
        wait_until(lambda: lost in hub.log_texts(), what="a lost camera")
        node.change(cameras={"T1": scene(detectors=EVENTS_ONLY)})
        self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
        wait_until(lambda: back in hub.log_texts(), what="the camera")
        self.assertEqual(hub.log_texts().count(lost), 1)

    def test_the_list_of_commands_holds_from_then_on(self):
        hub = self.hub()
        node, before = self.two_cameras(hub, commands=["ReloadYaml"])
        self.assertEqual(self.wait_for(hub, self.command(hub, "SendFrames 1"), "failed"), "not allowed here")
        node.change(commands=["SendFrames"])
        self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
        self.wait_for(hub, self.command(hub, "SendFrames 1 yard"), "done")
        self.assertEqual(self.wait_for(hub, self.command(hub, "ReloadYaml"), "failed"), "not allowed here")
        self.assertEqual(camera_threads(node, "T1", "T2"), before)

    def test_what_set_had_changed_is_again_as_the_file_says(self):
        hub = self.hub()
        node, before = self.two_cameras(hub, commands=["ReloadYaml", "SetResolution", "Still"])
        self.wait_for(hub, self.command(hub, "SetResolution (480,360) yard"), "done")
        self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
        self.wait_for(hub, self.command(hub, "Still yard"), "done")
        self.wait_for_images(hub, 1)
        self.assertEqual(self.size(hub, hub.image_rows()[0]), (320, 240))
        self.assertEqual(camera_threads(node, "T1", "T2")["T1"], before["T1"])


class SensorsAndLines(CommandTest):
    @staticmethod
    def number(path):
        return {"type": "file", "path": path, "read_interval": "1s"}

    def test_only_sensors_and_lines_that_changed_are_restarted(self):
        hub = self.hub()
        folder = self.folder()
        level = os.path.join(folder, "level")
        with open(level, "w") as file:
            file.write("5\n")
        sockets = [os.path.join(folder, name) for name in ("a", "b")]
        line = lambda path, **keys: {"type": "unix", "path": path, "fields": ["n"], **keys}
        node = self.node([hub.address], {"T1": scene(detectors=EVENTS_ONLY)}, heartbeat="1s")
        node.change(
            sections={
                "sensors": {"S1": self.number(level), "S2": self.number(level)},
                "lines": {"L1": line(sockets[0]), "L2": line(sockets[1])},
            }
        )
        self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
        names = ("sensor S1", "sensor S2", "line L1", "line L2", "camera T1")
        running = lambda: {name: ids for name, ids in threads(node).items() if name in names}
        before = wait_until(lambda: len(running()) == len(names) and running(), what="all sources")
        self.send_row(sockets[1], "1")
        node.change(
            sections={
                "sensors": {"S1": self.number(level), "S3": self.number(level)},
                "lines": {"L1": line(sockets[0]), "L2": line(sockets[1], chunk={"rows": 1})},
            }
        )
        self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
        self.assertEqual(node.count(TAKEN + "lines.L2, sensors.S2, sensors.S3"), 1)
        after = wait_until(lambda: (found := threads(node)) and "sensor S3" in found and "line L2" in found and found)
        for name in ("sensor S1", "line L1", "camera T1"):
            self.assertEqual(after[name], before[name], name)
        self.assertNotEqual(after["line L2"], before["line L2"])
        self.assertNotIn("sensor S2", after)
        # No row is lost, and their IDs go on.
        self.send_row(sockets[1], "2")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(hub.stop(), 0)
        rows = rows_of(os.path.join(hub.data, "data"), "L2")
        self.assertEqual([(row[0], row[2]) for row in rows], [("1", "1"), ("2", "2")])

    def test_a_file_is_read_on_where_its_line_was(self):
        hub = self.hub()
        path = os.path.join(self.folder(), "log.csv")
        line = lambda **keys: {"L1": {"type": "file", "path": path, "from": "start", "fields": ["n"], **keys}}
        node = self.node([hub.address], {"T1": scene(detectors=EVENTS_ONLY)}, heartbeat="1s")
        with open(path, "w") as file:
            file.write("1\n2\n3")
            file.flush()
            node.change(sections={"lines": line(chunk={"rows": 1})})
            self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
            wait_until(lambda: hub.status()["data"]["rows"] == 2, what="two rows")
            node.change(sections={"lines": line(chunk={"rows": 2})})
            self.wait_for(hub, self.command(hub, "ReloadYaml"), "done")
            file.write("4\n5\n")
        wait_until(lambda: hub.status()["data"]["rows"] >= 4, what="all rows")
        self.assertEqual(node.deliver_and_stop(), 0)
        self.assertEqual(hub.stop(), 0)
        rows = rows_of(os.path.join(hub.data, "data"), "L1")
        self.assertEqual([(row[0], row[2]) for row in rows], [("1", "1"), ("2", "2"), ("3", "34"), ("4", "5")])

    def send_row(self, path, text):
        with socket.socket(socket.AF_UNIX) as sender:
            wait_until(lambda: sender.connect_ex(path) == 0, what="the socket")
            sender.sendall(f"{text}\n".encode())


class HangupOfANode(NodeTest):
    def test_the_settings_are_read_again(self):
        hub = self.hub()
        node = self.node([hub.address], {"T1": scene(detectors=EVENTS_ONLY)}, heartbeat="5s")
        interval = lambda: [one["heartbeat_s"] for one in hub.status()["nodes"] if one["version"]]
        wait_until(lambda: interval() == [5], what="the interval")
        node.change(heartbeat="1s")
        node.program.send_signal(signal.SIGHUP)
        node.program.wait_line(TAKEN + "node.heartbeat")
        wait_until(lambda: interval() == [1], what="another interval")
        # Without heartbeats the hub must not miss them.
        node.change(heartbeat=0)
        node.program.send_signal(signal.SIGHUP)
        wait_until(lambda: interval() == [0], what="no interval")
        self.assertEqual(node.stop(), 0)

    def test_a_wrong_file_changes_nothing(self):
        node = self.node("none", {"T1": scene(detectors=EVENTS_ONLY)})
        before = camera_threads(node, "T1")
        node.change(cameras={}, heartbeat="often", window=0)
        node.program.send_signal(signal.SIGHUP)
        node.program.wait_line(NOT_TAKEN + r": imagenode.yaml:\d+:\d+: heartbeat: often .*\(and 1 more\)")
        self.assertEqual(node.count("window: 0 is not"), 1)
        self.assertEqual(camera_threads(node, "T1"), before)
        self.assertEqual(node.stop(), 0)


class Terminal(NodeTest):
    """SIGHUP that comes because a terminal was closed asks for no settings."""

    def node_in_terminal(self, ignores_hangup=False):
        master, slave = pty.openpty()
        self.addCleanup(os.close, slave)

        def enter():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGHUP, signal.SIG_IGN if ignores_hangup else signal.SIG_DFL)

        node = self.node("none", {"T1": scene(detectors=EVENTS_ONLY)}, preexec=enter)
        node.program.wait_line("runs node")
        return node, master

    def test_a_program_ends_with_the_terminal_that_it_was_started_in(self):
        node, terminal = self.node_in_terminal()
        node.program.send_signal(signal.SIGHUP)
        node.program.wait_line(TAKEN + "nothing")
        os.close(terminal)
        self.assertEqual(node.program.wait(), 0)

    def test_one_that_is_to_outlive_its_terminal_goes_on(self):
        node, terminal = self.node_in_terminal(ignores_hangup=True)
        os.close(terminal)
        node.program.wait_line(TAKEN + "nothing")
        self.assertEqual(node.stop(), 0)


class HangupOfAHub(CommandTest):
    @staticmethod
    def change(hub, text):
        path = os.path.join(hub.folder, "imagehub.yaml")
        with open(path) as file:
            address = file.read().split("\n")[1]
        with open(path, "w") as file:
            file.write(f"hub:\n{address}\n{text}")
        hub.program.send_signal(signal.SIGHUP)

    def test_what_can_change_changes_while_senders_go_on(self):
        hub = self.hub()
        boot = self.boot(hub)
        self.assertEqual(boot.send("Barn|jpg", jpeg()), "OK 1")
        self.assertEqual(hub.status()["retention"]["state"], "off")
        self.change(hub, "  patience: 0.02\n  max_images_write: 3\nretention:\n  keep_days: 100\n")
        hub.program.wait_line(TAKEN + "hub.max_images_write, hub.patience, retention.keep_days")
        wait_until(lambda: hub.status()["retention"]["state"] != "off", what="retention")
        # On the same connection. The image before the change counts, too.
        replies = [boot.send("Barn|jpg", jpeg()) for _ in range(4)]
        self.assertEqual(replies, ["OK 2", "OK 3", "REJECT 4 quota", "REJECT 5 quota"])
        wait_until(lambda: "Barn|hub|lost" in hub.log_texts(), what="silence")
        self.change(hub, "")
        wait_until(lambda: sum(TAKEN in line for line in hub.program.lines) == 2, what="another change")
        self.assertEqual(hub.status()["retention"]["state"], "off")
        self.assertEqual(boot.send("Barn|jpg", jpeg()), "OK 6")

    def test_commands_are_forgotten_after_the_new_time(self):
        hub = self.hub()
        boot = self.boot(hub)
        boot.post("Shed|Heartbeat", seq=False, version="imagenode/1.0.0")
        boot.receive()
        self.imagehub(hub, "command", "Shed", "Still")
        self.change(hub, "  command_ttl: 1s\n")
        hub.program.wait_line('command "Still" to Shed is forgotten')

    def test_a_wrong_file_changes_nothing_and_all_its_problems_are_told(self):
        hub = self.hub()
        self.change(hub, "  patience: soon\n  max_images_write: 0\nretention:\n  keep_days: 1\n")
        hub.program.wait_line(NOT_TAKEN)
        hub.program.wait_line(r"imagehub\.yaml:3:\d+: patience: soon is not ")
        hub.program.wait_line(r"imagehub\.yaml:4:\d+: max_images_write: 0 is not ")
        self.assertEqual(hub.status()["retention"]["state"], "off")
        self.assert_alive(hub)

    def test_a_change_that_needs_a_restart_changes_nothing_and_says_so(self):
        hub = self.hub()
        self.change(hub, "  writers: 7\n  intake_mb: 10\nretention:\n  keep_days: 1\n")
        hub.program.wait_line("hub.intake_mb, hub.writers: a change needs a restart of the hub; nothing was changed")
        self.assertEqual(hub.status()["retention"]["state"], "off")
        self.assert_alive(hub)


if __name__ == "__main__":
    unittest.main()
