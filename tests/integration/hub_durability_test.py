"""kill -9 under load: what was acknowledged is there, once, in order."""

import os
import random
import unittest

import zmq

import kit
from kit import jpeg

SENDERS = 8
ROUNDS = 20
WINDOW = 10


class WindowSender:
    """Sends images and events with a window of ten; what is unanswered is sent again on the next connection."""

    def __init__(self, number):
        self.name = f"node{number}"
        self.random = random.Random(number)
        self.boot = os.urandom(8).hex()
        self.next = 1
        self.waiting = {}  # seq: frames, in order
        self.acknowledged = {}  # seq: text
        self.contents = {}  # seq: payload
        self.refusals = []
        self.socket = None

    def connect(self, address):
        if self.socket is not None:
            self.socket.close()
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(address)
        for frames in self.waiting.values():
            self.socket.send_multipart(frames)

    def message(self, seq):
        if seq % 4 == 0:
            text, payload = f"{self.name}|event|{self.boot}-{seq}", b""
        else:
            text = f"{self.name}|jpg"
            payload = jpeg(f"{self.boot}-{seq}-".encode(), self.random.choice((300, 5_000, 60_000)))
        self.contents[seq] = (text, payload)
        metadata = f'{{"msg": "{text}", "boot": "{self.boot}", "seq": {seq}}}'
        return [b"", metadata.encode(), payload]

    def fill(self):
        while len(self.waiting) < WINDOW:
            frames = self.message(self.next)
            self.waiting[self.next] = frames
            self.next += 1
            self.socket.send_multipart(frames)

    def take(self):
        """Takes the replies that are there."""
        while self.socket.poll(0):
            word, number, *rest = self.socket.recv_multipart()[-1].decode().split(" ")
            if word == "OK":
                seq = int(number)
                self.waiting.pop(seq, None)
                self.acknowledged[seq] = True
            elif word != "WAIT":
                self.refusals.append((word, number, rest))


class Durability(kit.HubTest):
    def load(self, senders, done):
        """Keeps all windows full until done()."""
        poller = zmq.Poller()
        for sender in senders:
            poller.register(sender.socket, zmq.POLLIN)
        end = kit.TIMEOUT
        while not done():
            for sender in senders:
                sender.fill()
            ready = poller.poll(int(1000 * end))
            self.assertTrue(ready, "no reply comes")
            for sender in senders:
                sender.take()

    def test_kill_9_under_load_loses_nothing_and_doubles_nothing(self):
        chance = random.Random(20)
        hub = self.hub(settings="  writers: 4\n")
        address = hub.address
        senders = [WindowSender(number) for number in range(SENDERS)]
        self.addCleanup(lambda: [sender.socket.close() for sender in senders])

        def acknowledged():
            return sum(len(sender.acknowledged) for sender in senders)

        for sender in senders:
            sender.connect(address)
        for _ in range(ROUNDS):
            goal = acknowledged() + chance.randrange(30, 250)
            self.load(senders, lambda: acknowledged() >= goal)
            hub.kill()
            for sender in senders:
                sender.take()  # replies that were under way count
            hub.start_again_at(address)
            for sender in senders:
                sender.connect(address)
        # To the end: all that was ever sent.
        poller = zmq.Poller()
        for sender in senders:
            poller.register(sender.socket, zmq.POLLIN)
        while any(sender.waiting for sender in senders):
            self.assertTrue(poller.poll(int(1000 * kit.TIMEOUT)), "no reply comes")
            for sender in senders:
                sender.take()
        self.assertEqual([sender.refusals for sender in senders], [[]] * SENDERS)
        self.assertEqual(hub.stop(), 0)
        self.check(hub, senders)

    def check(self, hub, senders):
        rows = hub.image_rows()
        files = {row["path"]: hub.read(row["path"]) for row in rows}
        self.assertEqual(sorted(files), hub.pictures(), "each file has its row, each row its file")
        self.assertEqual(len(files), len(rows), "no two rows share a file")
        self.assertEqual(hub.incoming(), [])
        events = hub.rows("SELECT * FROM events WHERE text LIKE '%|event|%' ORDER BY id")
        lines = [text for text in hub.log_texts() if "|event|" in text]
        self.assertEqual(lines, [row["text"] for row in events], "each event has its line, in order of commit")
        for sender in senders:
            mine = [row for row in rows if row["boot"] == sender.boot]
            expected = [seq for seq in range(1, sender.next) if seq % 4 != 0]
            self.assertEqual([row["seq"] for row in mine], expected, "every image once, in order")
            for row in mine:
                self.assertEqual(files[row["path"]], sender.contents[row["seq"]][1])
            expected = [sender.contents[seq][0] for seq in range(1, sender.next) if seq % 4 == 0]
            self.assertEqual([text for text in lines if sender.boot in text], expected, "every event once, in order")

    def test_what_was_acknowledged_is_there_right_after_the_kill(self):
        # Without a new start: the reply came after the file had its name.
        hub = self.hub()
        sender = self.req(hub)
        pictures = []
        for n in range(20):
            pictures.append(jpeg(os.urandom(20).hex().encode()))
            sender.send_jpg("Barn|jpg", pictures[-1])
        hub.kill()
        self.assertEqual(sorted(hub.read(name) for name in hub.pictures()), sorted(pictures))

    def test_a_plain_sender_that_waits_over_a_restart_sends_again_and_is_answered(self):
        hub = self.hub()
        address = hub.address
        sender = self.req(hub)
        self.assertEqual(sender.send_jpg("Barn|jpg", jpeg(b"1")), b"OK")
        hub.kill()
        hub.start_again_at(address)
        again = self.req(address)
        self.assertEqual(again.send_jpg("Barn|jpg", jpeg(b"2")), b"OK")
        self.assertEqual(len(hub.pictures()), 2)


if __name__ == "__main__":
    unittest.main()
