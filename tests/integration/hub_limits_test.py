"""What a hub does at its limits: quotas, silence, a full intake, a full disk."""

import contextlib
import os
import sqlite3
import subprocess
import unittest

import zmq

import kit
from kit import jpeg, wait_until


class Limits(kit.HubTest):
    def test_max_images_write_is_a_quota_that_events_do_not_feel(self):
        hub = self.hub(settings="  max_images_write: 3\n")
        boot, plain = self.boot(hub), self.req(hub)
        replies = [boot.send("Barn|jpg", jpeg(str(n).encode())) for n in range(5)]
        self.assertEqual(replies, ["OK 1", "OK 2", "OK 3", "REJECT 4 quota", "REJECT 5 quota"])
        self.assertEqual(plain.send_jpg("Shed|jpg", jpeg()), b"OK")
        self.assertEqual(boot.send("Barn|motion|moving"), "OK 6")
        hub.stop()
        hub.start()
        boot.reconnect(hub.address)
        self.assertEqual(boot.send("Barn|jpg", jpeg()), "REJECT 7 quota")
        self.assertEqual(len(hub.pictures()), 3)
        self.assertEqual(hub.log_texts(), ["Max images written. Writing stopped.", "Barn|motion|moving"])
        self.assertEqual(hub.drops(), {"rejected: quota": 1})

    def test_silence_longer_than_patience_is_told_once(self):
        hub = self.hub(settings="  patience: 0.01\n")
        line = "No messages received for 0.01 minutes."
        wait_until(lambda: line in hub.log_texts(), what="the line about silence")
        # The second silence is another one.
        sender = self.req(hub)
        sender.send_jpg("Barn|motion|moving", jpeg())
        wait_until(lambda: hub.log_texts().count(line) == 2, what="the second silence")
        said = [text for text in hub.log_texts() if text != "Barn|hub|lost"]
        self.assertEqual(said, [line, "Barn|motion|moving", line])

    def test_a_silent_node_is_lost_once_and_back_once(self):
        hub = self.hub()
        boot = self.boot(hub)
        boot.post("Barn|Heartbeat", seq=False, fields={"heartbeat_s": 0.2}, version="imagenode/1.0", host="pi7")
        boot.receive()
        wait_until(lambda: hub.log_texts() == ["Barn|hub|lost"], what="the loss of the node")
        node = hub.status()["nodes"][0]
        self.assertEqual((node["lost"], node["version"], node["host"]), (True, "imagenode/1.0", "pi7"))
        boot.greet()
        wait_until(lambda: hub.log_texts()[1:2] == ["Barn|hub|back"], what="the return of the node")
        wait_until(lambda: len(hub.log_texts()) == 3, what="the second loss")
        self.assertEqual(hub.log_texts(), ["Barn|hub|lost", "Barn|hub|back", "Barn|hub|lost"])

    @staticmethod
    def twenty_pictures():
        return [jpeg(os.urandom(50).hex().encode(), 300_000) for _ in range(20)]

    def test_a_full_intake_holds_senders_back_and_loses_nothing(self):
        hub = self.hub(settings="  max_message_mb: 1\n  intake_mb: 1\n")
        self.assert_alive(hub)
        pictures = self.twenty_pictures()
        senders = [self.req(hub) for _ in pictures]
        # What waits for the index is under way.
        with contextlib.closing(sqlite3.connect(os.path.join(hub.data, "index.sqlite3"), timeout=30)) as index:
            index.isolation_level = None
            index.execute("BEGIN IMMEDIATE")
            for sender, picture in zip(senders, pictures):
                sender.post({"msg": "Barn|jpg"}, picture)
            status = wait_until(lambda: (lambda now: now if now["holding_back"] else None)(hub.status()))
            self.assertLess(status["in_flight_bytes"], 2_200_000)
            self.assertFalse(any(sender.has_reply(0) for sender in senders))
            index.execute("ROLLBACK")
        for sender in senders:
            self.assertEqual(sender.receive(), b"OK")
        self.assertEqual(sorted(hub.read(row["path"]) for row in hub.image_rows()[1:]), sorted(pictures))
        self.assertFalse(hub.status()["holding_back"])

    def test_plain_senders_that_wait_hold_nobody_else_back_and_lose_nothing(self):
        hub = self.hub(settings="  max_message_mb: 1\n  intake_mb: 1\n")
        self.assert_alive(hub)
        # No image can be stored while .incoming is a file.
        incoming, aside = os.path.join(hub.images, ".incoming"), os.path.join(hub.data, "aside")
        os.rename(incoming, aside)
        open(incoming, "w").close()
        pictures = self.twenty_pictures()
        senders = [self.req(hub) for _ in pictures]
        for sender, picture in zip(senders, pictures):
            sender.post({"msg": "Barn|jpg"}, picture)
        wait_until(lambda: hub.status()["waiting_messages"] == len(senders), what="twenty that wait")
        self.assertEqual(self.boot(hub).send("Shed|motion|moving"), "OK 1")
        self.assertEqual(self.req(hub).send({"msg": "Field|motion|moving"}), b"OK")
        self.assertFalse(any(sender.has_reply(0) for sender in senders))
        os.remove(incoming)
        os.rename(aside, incoming)
        for sender in senders:
            self.assertEqual(sender.receive(), b"OK")
        self.assertEqual(sorted(hub.read(row["path"]) for row in hub.image_rows()[1:]), sorted(pictures))
        self.assertEqual((hub.status()["waiting_messages"], hub.drops()), (0, {}))

    def test_a_full_disk_means_retry_and_no_harm(self):
        folder = self.folder()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True).returncode:
            self.skipTest("a small file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)
        publisher = zmq.Context.instance().socket(zmq.XPUB)
        self.addCleanup(publisher.close, 0)
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        hub = self.hub(folder, settings=f'  intake_mb: 2\n  subscribe: "tcp://127.0.0.1:{port}"\n')
        publisher.recv()  # the hub has subscribed
        boot, plain = self.boot(hub), self.req(hub)
        ballast = os.path.join(folder, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(4_500_000))
        pictures = {}
        reply = ""
        while reply.startswith("OK") or not reply:
            pictures[boot.seq + 1] = jpeg(os.urandom(30).hex().encode(), 150_000)
            reply = boot.send("Barn|jpg", pictures[boot.seq + 1], crc=False)
        self.assertRegex(reply, r"^RETRY \d+ disk full")
        failed = boot.seq
        with contextlib.suppress(OSError), open(ballast + "2", "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        boot.post("Barn|jpg", pictures[failed], seq=failed + 1, crc=False)
        self.assertRegex(boot.wait(failed + 1), rf"^RETRY {failed + 1} ")
        plain.post({"msg": "Shed|jpg"}, jpeg(size=150_000))
        wait_until(lambda: hub.status()["waiting_messages"] == 1, what="a plain sender that waits")
        self.assertFalse(plain.has_reply(0))
        # Nobody waits with a publisher: what it sends is dropped and counted, and takes no room from those who wait.
        for _ in range(40):
            publisher.send_multipart([b'{"msg": "Field|jpg"}', jpeg(size=150_000)])
        dropped = "dropped: publisher's message, disk full"
        kit.wait_until(lambda: hub.drops().get(dropped, 0) >= 3, what="the count of a publisher's dropped messages")
        boot.post("Barn|jpg", pictures[failed], seq=failed + 2, crc=False)
        self.assertRegex(boot.wait(failed + 2), rf"^RETRY {failed + 2} ")
        self.assertTrue(hub.program.alive())
        os.remove(ballast)
        os.remove(ballast + "2")
        boot.replies.clear()
        self.assertEqual(boot.send("Barn|jpg", pictures[failed], seq=failed, crc=False), f"OK {failed}")
        self.assertEqual(plain.receive(), b"OK")
        rows = [row for row in hub.image_rows() if row["node"] == "Barn"]
        self.assertEqual([row["seq"] for row in rows], sorted(pictures))
        for row in rows:
            self.assertEqual(hub.read(row["path"]), pictures[row["seq"]])
        hub.stop()


if __name__ == "__main__":
    unittest.main()
