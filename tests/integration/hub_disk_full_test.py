"""A disk that is filled to the last byte and freed again, under the real hub and node: no hand on the hub."""

import contextlib
import os
import signal
import subprocess
import unittest

import zmq

from kit import IMAGEHUB, jpeg, run, wait_until
from node_kit import NodeTest, scene

EVENTS = 100
RESERVE = 8 << 20


class FullDisk(NodeTest):
    """The data directory lies on a file system of its own. Needs the right to mount."""

    def small_disk(self, megabytes):
        folder = self.folder()
        self.mount_small(folder, megabytes)
        return folder

    def mount_small(self, folder, megabytes):
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder]
        if subprocess.run(mount, capture_output=True).returncode:
            self.skipTest("a small file system cannot be mounted here: that needs root")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)

    def small_ext4(self, megabytes):
        """A loop device: a real journal and real allocation."""
        folder = self.folder()
        image = os.path.join(self.folder(), "disk")
        with open(image, "wb") as file:
            file.truncate(megabytes * 1024 * 1024)
        made = subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], capture_output=True, check=False)
        if made.returncode or subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True).returncode:
            self.skipTest("no loop device can be mounted here: that needs root and loop devices")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)
        return folder

    def fill(self, folder):
        """Every last byte, so that nothing fits but what stands in blocks that are there."""
        path = os.path.join(folder, "ballast")
        with open(path, "ab", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass
        return path

    @staticmethod
    def disk(hub):
        return hub.status()["disk"]

    def wait_full(self, hub, full):
        wait_until(lambda: self.disk(hub)["full"] == full, what=f"full: {full}")

    @staticmethod
    def wait_told(hub, text, times):
        wait_until(lambda: hub.log_texts().count(text) == times, what=f"{times} times {text}")

    def events_pass_and_images_wait(self, folder):
        hub = self.hub(folder, settings=f"  reserve_mb: {RESERVE >> 20}\n")
        boot, plain = self.boot(hub), self.req(hub)
        self.assertEqual(boot.send("Barn|jpg", jpeg(b"first", 100_000), crc=False), "OK 1")
        self.assertEqual(self.disk(hub)["reserve_left_bytes"], RESERVE)
        ballast = self.fill(folder)
        picture = jpeg(b"second", 100_000)
        reply = boot.send("Barn|jpg", picture, crc=False)
        self.assertRegex(reply, r"^RETRY 2 disk full")
        plain.post({"msg": "Shed|jpg"}, jpeg(b"third", 100_000))
        self.wait_full(hub, True)
        # Events go through, many more than the last free block would have taken.
        for n in range(0, EVENTS, 10):
            window = [boot.post(f"Barn|event|{n + i}|" + "x" * 4000) for i in range(10)]
            for seq in window:
                self.assertEqual(boot.wait(seq), f"OK {seq}")
        with self.req(hub) as other:
            self.assertEqual(other.send({"msg": "Shed|door|open"}), b"OK")
        disk = self.disk(hub)
        self.assertLess(disk["reserve_left_bytes"], RESERVE, "the reserve was used")
        self.assertGreater(disk["reserve_left_bytes"], 0, "and not by images")
        self.assertFalse(plain.has_reply(0))
        self.assertEqual(len(hub.pictures()), 1)
        self.assertEqual(hub.incoming(), [])
        self.wait_told(hub, "imagehub|disk|full", 1)
        # A restart on the full disk changes nothing.
        address = hub.address
        hub.kill()
        hub.start_again_at(address)
        self.wait_told(hub, "imagehub|disk|full", 2)
        boot.reconnect()
        boot.replies.clear()
        seq = boot.post("Barn|event|after the restart")
        self.assertEqual(boot.wait(seq), f"OK {seq}")
        boot.post("Barn|jpg", picture, seq=2, crc=False)
        self.assertRegex(boot.wait(2), r"^RETRY 2 disk full")
        os.remove(ballast)
        self.wait_full(hub, False)
        self.assertEqual(self.disk(hub)["reserve_left_bytes"], RESERVE)
        boot.replies.clear()
        boot.post("Barn|jpg", picture, seq=2, crc=False)
        self.assertEqual(boot.wait(2), "OK 2")
        with self.req(hub) as again:
            self.assertEqual(again.send_jpg("Shed|jpg", jpeg(b"third", 100_000)), b"OK")
        self.wait_told(hub, "imagehub|disk|space again", 1)
        texts = hub.log_texts()
        self.assertEqual(texts.count("imagehub|disk|space again"), 1)
        self.assertEqual(texts.count("imagehub|disk|full"), 2, "once before and once after the restart")
        self.assertEqual(sum("|event|" in text for text in texts), EVENTS + 1)
        self.assertEqual(hub.stop(), 0)
        events = [row["text"] for row in hub.rows("SELECT text FROM events WHERE text LIKE '%|event|%' ORDER BY id")]
        self.assertEqual([text for text in texts if "|event|" in text], events, "each event has its line, once and whole")

    def test_on_a_tmpfs_events_pass_and_images_wait_until_there_is_space(self):
        self.events_pass_and_images_wait(self.small_disk(96))

    def test_on_ext4_events_pass_and_images_wait_until_there_is_space(self):
        self.events_pass_and_images_wait(self.small_ext4(96))

    def test_a_full_disk_of_the_images_alone_is_told_too(self):
        hub = self.hub(start=False)
        images = os.path.join(hub.data, "images")
        os.makedirs(images)
        self.mount_small(images, 8)
        hub.start()
        boot = self.boot(hub)
        self.assertEqual(boot.send("Barn|jpg", jpeg(b"first", 100_000), crc=False), "OK 1")
        ballast = self.fill(images)
        self.assertRegex(boot.send("Barn|jpg", jpeg(b"second", 100_000), crc=False), r"^RETRY 2 disk full")
        self.wait_full(hub, True)
        self.wait_told(hub, "imagehub|disk|full", 1)
        self.assertEqual(boot.send("Barn|door|open"), "OK 3")
        os.remove(ballast)
        self.wait_full(hub, False)
        boot.replies.clear()
        boot.post("Barn|jpg", jpeg(b"second", 100_000), seq=2, crc=False)
        self.assertEqual(boot.wait(2), "OK 2")
        self.wait_told(hub, "imagehub|disk|space again", 1)
        self.assertEqual(hub.log_texts().count("imagehub|disk|full"), 1)
        self.assertEqual(hub.stop(), 0)

    def test_a_plain_sender_that_waited_is_answered_as_soon_as_there_is_space(self):
        folder = self.small_disk(96)
        hub = self.hub(folder, settings=f"  reserve_mb: {RESERVE >> 20}\n")
        ballast = self.fill(folder)
        plain = self.req(hub)
        plain.post({"msg": "Shed|jpg"}, jpeg(b"waits", 100_000))
        self.wait_full(hub, True)
        self.assertFalse(plain.has_reply(0))
        os.remove(ballast)
        self.assertEqual(plain.receive(), b"OK")
        self.assertEqual(len(hub.pictures()), 1)

    def test_plain_senders_that_give_up_and_come_again_leave_nothing_behind(self):
        folder = self.small_disk(96)
        hub = self.hub(folder, settings=f"  intake_mb: 1\n  max_message_mb: 1\n  reserve_mb: {RESERVE >> 20}\n")
        boot, patient = self.boot(hub), self.req(hub)
        ballast = self.fill(folder)
        patient.post({"msg": "Shed|jpg"}, jpeg(b"waits", 100_000))
        self.wait_full(hub, True)
        dropped = "dropped: plain sender's message, its connection ended"
        for n in range(1, 21):
            with self.req(hub) as plain:
                plain.post({"msg": "Barn|jpg"}, jpeg(b"%d" % n, 300_000))
                wait_until(lambda: hub.status()["waiting_messages"] == 2, what="its message")
            wait_until(lambda: hub.drops().get(dropped, 0) == n, what="the end of what nobody waits for")
        self.assertEqual(boot.send("Barn|event"), "OK 1")
        status = hub.status()
        self.assertEqual((status["in_flight_messages"], status["waiting_messages"]), (1, 1))
        code, out, _ = run([IMAGEHUB, "status", "--path", folder])
        self.assertIn("20 " + dropped, out)
        self.assertIn("of which 1 wait to be stored", out)
        os.remove(ballast)
        self.assertEqual(patient.receive(), b"OK")
        self.assertEqual(len(hub.pictures()), 1)

    def test_senders_that_give_up_while_the_hub_stops_do_not_disturb_it(self):
        folder = self.small_disk(96)
        hub = self.hub(folder, settings=f"  reserve_mb: {RESERVE >> 20}\n")
        self.fill(folder)
        senders = [self.req(hub) for _ in range(20)]
        for n, sender in enumerate(senders):
            sender.post({"msg": "Barn|jpg"}, jpeg(b"%d" % n, 100_000))
        wait_until(lambda: hub.status()["waiting_messages"] == 20, what="senders that wait")
        hub.program.send_signal(signal.SIGTERM)
        for sender in senders:
            sender.socket.close(0)
        self.assertEqual(hub.program.wait(), 0)

    def test_of_one_connection_that_sends_again_and_again_the_last_message_waits(self):
        folder = self.small_disk(96)
        hub = self.hub(folder, settings=f"  intake_mb: 1\n  max_message_mb: 1\n  reserve_mb: {RESERVE >> 20}\n")
        ballast = self.fill(folder)
        # REQ senders may be told not to wait for the reply.
        impatient = self.req(hub)
        impatient.socket.setsockopt(zmq.REQ_RELAXED, 1)
        impatient.socket.setsockopt(zmq.REQ_CORRELATE, 1)
        for n in range(1, 11):
            impatient.post({"msg": "Barn|jpg"}, jpeg(b"%d" % n, 300_000))
            # Half of intake_mb holds one of them.
            dropped = {"dropped: plain sender's message, another one followed": n - 1} if n > 1 else {}
            wait_until(lambda: hub.drops() == dropped and hub.status()["waiting_messages"] == 1, what=f"message {n}")
        os.remove(ballast)
        self.assertEqual(impatient.receive(), b"OK")
        self.assertEqual([hub.read(path) for path in hub.pictures()], [jpeg(b"10", 300_000)])

    def test_room_that_is_back_goes_to_those_who_wait_before_publishers(self):
        folder = self.small_disk(16)
        publisher = zmq.Context.instance().socket(zmq.XPUB)
        self.addCleanup(publisher.close, 0)
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        hub = self.hub(folder, settings=f'  reserve_mb: 1\n  intake_mb: 4\n  subscribe: "tcp://127.0.0.1:{port}"\n')
        publisher.recv()  # the hub has subscribed
        ballast = self.fill(folder)
        plain = self.req(hub)
        plain.post({"msg": "Shed|jpg"}, jpeg(b"waits", 150_000))
        wait_until(lambda: hub.status()["waiting_messages"] == 1, what="a plain sender that waits")
        self.wait_full(hub, True)
        # More than the disk takes, all at once with the room.
        hub.program.send_signal(signal.SIGSTOP)
        for n in range(300):
            publisher.send_multipart([b'{"msg": "Field|jpg"}', jpeg(b"%d" % n, 150_000)])
        os.remove(ballast)
        hub.program.send_signal(signal.SIGCONT)
        self.assertEqual(plain.receive(), b"OK")

    def test_a_node_loses_nothing_over_a_full_disk(self):
        folder = self.small_disk(96)
        hub = self.hub(folder, settings=f"  reserve_mb: {RESERVE >> 20}\n")
        node = self.node([hub.address], {"T1": scene(framerate=10)}, outbox_mb=64)
        self.wait_for_images(hub, 20)
        ballast = self.fill(folder)
        self.wait_full(hub, True)
        stored = self.image_count(hub)
        events = len(hub.rows("SELECT id FROM events"))
        wait_until(lambda: len(hub.rows("SELECT id FROM events")) > events, what="an event on the full disk")
        os.remove(ballast)
        self.wait_full(hub, False)
        self.wait_for_images(hub, stored + 20)
        self.assertEqual(node.stop(), 0)
        self.assert_complete(hub)
        self.assertEqual(node.count("gave way"), 0)
        self.assertEqual(len(hub.pictures()), self.image_count(hub))

    def test_a_disk_that_will_soon_be_full_is_told_of_before_once(self):
        folder = self.small_disk(96)
        hub = self.hub(folder, settings="  reserve_mb: 4\n")
        boot = self.boot(hub)
        for n in range(60):
            self.assertEqual(boot.send("Barn|jpg", jpeg(b"%d" % n, 100_000), crc=False), f"OK {n + 1}")
        # Measured at the start and every minute.
        for _ in range(2):
            hub.stop()
            hub.start()
            days = wait_until(lambda: self.disk(hub)["days_left"], what="an estimate")
            self.assertLess(days, 1)
        self.wait_told(hub, "imagehub|disk|full in 1 day", 1)
        code, out, _ = run([IMAGEHUB, "status", "--path", folder])
        self.assertEqual(code, 0)
        self.assertIn("0.6 days left at 144.0 MB a day", out)

    def test_the_daily_backup_of_the_index_leaves_the_reserve_to_events(self):
        folder = self.small_disk(96)
        hub = self.hub(folder, settings="  reserve_mb: 8\n")
        boot = self.boot(hub)
        self.fill(folder)
        self.assertRegex(boot.send("Barn|jpg", jpeg(b"first", 100_000), crc=False), "^RETRY 1 disk full")
        hub.program.wait_line("cannot back up the index: the disk has no room for it", timeout=90)
        self.assertEqual(boot.wait(boot.post("Barn|event")), "OK 2")

    def test_a_hub_without_a_reserve_tells_events_to_come_again(self):
        folder = self.small_disk(32)
        hub = self.hub(folder, settings="  reserve_mb: 0\n")
        boot = self.boot(hub)
        self.assertEqual(boot.send("Barn|event|0"), "OK 1")
        ballast = self.fill(folder)
        reply = "OK"
        while reply.startswith("OK"):
            reply = boot.send("Barn|event|" + "x" * 4000)
        self.assertRegex(reply, r"^RETRY \d+ disk full")
        os.remove(ballast)
        boot.replies.clear()
        self.assertEqual(boot.wait(boot.post("Barn|event|" + "x" * 4000, seq=boot.seq)), f"OK {boot.seq}")


if __name__ == "__main__":
    unittest.main()
