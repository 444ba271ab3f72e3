"""The units under systemd."""

import os
import pwd
import shutil
import signal
import socket
import time
import unittest

from kit import wait_until
from machine import PORT, HubService, MachineTest, Service, do, set_kernel_clock_synchronised
from node_kit import EVENTS_ONLY, NODE, scene

TAKEN = "the settings were read again; changed: "


class Units(MachineTest):
    def test_the_steps_of_the_readme_lead_to_pictures(self):
        for program in ("imagehub", "imagenode"):
            shutil.copy(f"/usr/local/share/doc/imagehub/examples/{program}.yaml", f"/etc/{program}/{program}.yaml")
        do("systemctl", "enable", "--now", "imagehub")
        do("systemctl", "enable", "--now", "imagenode")
        hub = HubService()
        self.wait_for_images(hub, 3)
        self.assertTrue(hub.read(hub.pictures()[0]).startswith(b"\xff\xd8"))
        self.assertIn("Demo", do("imagehub", "status"))
        for program in ("imagehub", "imagenode"):
            self.assertEqual(pwd.getpwuid(os.stat(f"/proc/{Service(program).pid}").st_uid).pw_name, program)
        do("systemctl", "disable", "imagehub", "imagenode")

    def test_a_started_service_is_ready(self):
        for _ in range(3):
            hub = self.hub()
            socket.create_connection(("127.0.0.1", PORT)).close()
            hub.service.stop()

    def test_reload_takes_new_settings_and_keeps_the_process(self):
        hub = self.hub()
        node = self.node(cameras={"T1": scene(detectors=EVENTS_ONLY)})
        pids = hub.service.pid, node.pid
        hub.write("  patience: 5\n")
        hub.service.reload()
        hub.service.wait_line(TAKEN + "hub.patience")
        self.write_node(node={"heartbeat": "2s"}, cameras={"T1": scene(detectors=EVENTS_ONLY)})
        node.reload()
        node.wait_line(TAKEN + "node.heartbeat")
        self.assertEqual((hub.service.pid, node.pid), pids)

    def test_a_killed_service_is_started_again_and_nothing_is_lost(self):
        hub = self.hub()
        node = self.node(cameras={"T1": scene(framerate=10)})
        self.wait_for_images(hub, 10)
        before = self.image_count(hub) + 20
        pid = hub.service.pid
        os.kill(pid, signal.SIGKILL)
        hub.service.wait_for_another(pid)

        def complete():
            seqs = sorted(sum(self.stored_seqs(hub).values(), []))
            return len(seqs) > before and seqs == list(range(1, len(seqs) + 1))

        # What came meanwhile is delivered beside the new messages.
        wait_until(complete, what="messages without a gap")
        self.assert_order_of_lanes(hub)
        self.assertEqual(hub.service.show("NRestarts"), "1")
        pid = node.pid
        os.kill(pid, signal.SIGKILL)
        node.wait_for_another(pid)
        self.wait_for_images(hub, self.image_count(hub) + 10)

    def test_wrong_settings_are_not_tried_again(self):
        for service in (Service("imagehub"), Service("imagenode")):
            with open(f"/etc/{service.unit}/{service.unit}.yaml", "w") as file:
                file.write("nonsense: 1\n")
            with self.assertRaises(AssertionError):
                service.start()
            self.assertEqual(service.show("ActiveState"), "failed")
            self.assertEqual(service.show("ExecMainStatus"), "78")
            self.assertEqual(service.show("NRestarts"), "0")
            service.wait_line(r"yaml:1:1: nonsense")

    def test_a_stop_ends_in_time_with_and_without_the_other(self):
        hub = self.hub()
        node = self.node(cameras={"T1": scene(framerate=10)})
        self.wait_for_images(hub, 5)
        for service, limit_s in ((hub.service, 11), (node, 15)):
            begun = time.monotonic()
            service.stop()
            self.assertLess(time.monotonic() - begun, limit_s)
            self.assertEqual((service.show("Result"), service.show("ExecMainStatus")), ("success", "0"))
        # What the node had in memory when it was stopped comes later.
        hub.service.start()
        node.start()
        self.wait_for_images(hub, self.image_count(hub) + 10)
        node.stop()
        lanes = self.stored_lanes(hub)
        boots = {boot for boot, _, _ in lanes}
        self.assertEqual(len(boots), 2)
        for boot in boots:
            seqs = sorted(sum((seqs for lane, seqs in lanes.items() if lane[0] == boot), []))
            self.assertEqual(seqs, list(range(1, len(seqs) + 1)))

    def test_the_watchdog_ends_what_hangs_and_nothing_else(self):
        for unit in ("imagehub", "imagenode"):
            self.drop_in(unit, "WatchdogSec=10\nRestartSec=1")
        hub = self.hub()
        node = self.node(cameras={"T1": {"viewname": "door", "src": "/dev/video99"}, "T2": scene(framerate=10)})
        # Longer than the watchdog's time, with a camera that is not there.
        self.wait_for_images(hub, 150)
        for service in (hub.service, node):
            self.assertEqual(service.show("NRestarts"), "0")
            pid = service.pid
            os.kill(pid, signal.SIGSTOP)
            service.wait_for_another(pid)
            service.wait_line("Watchdog timeout")
        self.wait_for_images(hub, self.image_count(hub) + 10)

    def test_the_command_restart_is_followed_by_a_start(self):
        hub = self.hub()
        node = self.node(node={"commands": ["Restart"]}, cameras={"T1": scene(detectors=EVENTS_ONLY)})
        pid = node.pid
        self.wait_for(hub, self.command(hub, "Restart"), "done")
        node.wait_for_another(pid)
        self.assertNotIn("Failed", "\n".join(node.lines()))

    def test_several_nodes_on_one_computer(self):
        hub = self.hub()
        for name in ("barn", "yard"):
            cameras = {"T1": scene(viewname="door", framerate=5)}
            self.write_node(node={"name": name}, path=f"/etc/imagenode/{name}.yaml", cameras=cameras)
            Service(f"imagenode@{name}").start()
        query = "SELECT DISTINCT node FROM images ORDER BY node"
        wait_until(lambda: [row["node"] for row in hub.rows(query)] == ["barn", "yard"], what="both nodes")

    def test_a_service_may_ask_whether_the_clock_is_synchronised(self):
        self.addCleanup(set_kernel_clock_synchronised, False)
        bounds = lambda hub: {row["clock_error_us"] is not None for row in hub.rows("SELECT clock_error_us FROM images")}
        for synchronised in (False, True):
            set_kernel_clock_synchronised(synchronised)
            hub = self.hub()
            self.node(cameras={"T1": scene(framerate=10)})
            self.wait_for_images(hub, 5)
            self.assertEqual(bounds(hub), {synchronised})
            self.setUp()

    def test_a_node_finds_the_hub_by_the_avahi_daemon(self):
        hub = self.hub()
        hub.service.wait_line('announced as "imagehub farm"')
        node = self.node("auto", cameras={"T1": scene(framerate=10)})
        self.wait_for_images(hub, 5)
        do("systemctl", "restart", "avahi-daemon")
        wait_until(lambda: sum("announced as" in line for line in hub.service.lines()) == 2, what="another announcement")
        self.wait_for_images(hub, self.image_count(hub) + 10)
        node.stop()
        self.assert_complete(hub)


if __name__ == "__main__":
    unittest.main()
