"""The link as a hub sees it: what the node sends, how fast, and what it makes of the replies."""

import os
import re
import threading
import time
import unittest

import imagezmq_peer
from kit import TIMEOUT, jpeg, wait_until
from node_kit import CONTINUOUS, EVENTS_ONLY, NODE, OUR_HUB, FakeHub, Network, NodeTest, SlowProxy, scene


class KeepAlive(NodeTest):
    def test_our_hub_gets_one_every_ten_seconds_and_a_foreign_one_only_to_open(self):
        foreign = self.fake_hub(FakeHub.foreign)
        ours = self.fake_hub()
        self.node([foreign.address])
        foreign.wait_for(1, f"{NODE}|Heartbeat")
        self.node([ours.address], name=f"{NODE}-2")
        ours.wait_for(3, f"{NODE}-2|Heartbeat")
        times = [when for when, metadata, _ in ours.requests if metadata["msg"] == f"{NODE}-2|Heartbeat"]
        for first, second in zip(times, times[1:]):
            self.assertAlmostEqual(second - first, 10, delta=2)
        self.assertEqual(len(foreign.all(f"{NODE}|Heartbeat")), 1)

    def test_a_heartbeat_tells_how_the_node_is(self):
        hub = self.fake_hub()
        self.node([hub.address], {"T1": scene(framerate=20)}, heartbeat="1s")
        wait_until(lambda: self.heartbeats(hub), what="a heartbeat with fields")
        beat = self.heartbeats(hub)[0]
        self.assertNotIn("seq", beat)
        self.assertRegex(beat["version"], r"^imagenode/\d")
        fields = beat["fields"]
        self.assertEqual(fields["heartbeat_s"], 1)
        for name in ("uptime", "load", "memory_used", "disk_free", "queue", "image_dropped", "event_dropped", "fps T1"):
            self.assertIn(name, fields)
        self.assertEqual(fields["image_dropped"], 0)

    @staticmethod
    def heartbeats(hub):
        return [beat for beat in hub.all(f"{NODE}|Heartbeat") if "fields" in beat]


class PythonHub(NodeTest):
    """imagezmq's own hub at the other end: REP, one message at a time."""

    def receive(self, hub, receive_one, until, limit=500):
        """Takes messages, each with `OK`, until one satisfies `until`; (text, payload) of all."""
        taken = []
        while len(taken) < limit:
            taken.append(receive_one())
            hub.send_reply(b"OK")
            if until(taken):
                return taken
        self.fail(f"not among {limit} messages")

    def python_hub(self):
        hub = imagezmq_peer.ImageHub(timeout=TIMEOUT)
        self.addCleanup(hub.close)
        return hub

    def test_takes_jpegs(self):
        hub = self.python_hub()
        self.node([hub.address], {"T1": scene(framerate=20)}, heartbeat="1s")
        images = lambda taken: [payload for text, payload in taken if text == f"{NODE} scene|jpg"]
        taken = self.receive(hub, hub.recv_jpg, lambda taken: len(images(taken)) >= 20)
        self.assertEqual(taken[0][0], f"{NODE}|Heartbeat")
        self.assertTrue(taken[1][0].startswith(f"{NODE}|Restart|"))
        for text, payload in taken:
            # A program that decodes whatever comes must not stumble.
            self.assertEqual((payload[:2], payload[-2:]), (b"\xff\xd8", b"\xff\xd9"), text)

    def test_takes_arrays(self):
        hub = self.python_hub()
        self.node([hub.address], {"T1": scene(framerate=20)}, heartbeat="1s", send_type="image")
        images = lambda taken: [array for text, array in taken if text == f"{NODE} scene|image"]
        taken = self.receive(hub, hub.recv_image, lambda taken: len(images(taken)) >= 10)
        for text, array in taken:
            size = 1
            for side in array.shape:
                size *= side
            self.assertEqual((array.dtype, len(array.data)), ("uint8", size), text)
        self.assertEqual(images(taken)[0].shape, (240, 320, 3))

    def test_gets_one_message_at_a_time_and_each_once(self):
        lock = threading.Lock()
        most = []

        def answer(_):
            # A second request that waits behind this one would be seen here.
            with lock:
                most.append(bool(hub._socket.poll(20)))
            return "OK"

        hub = self.fake_hub(answer)
        node = self.node([hub.address], {"T1": scene(framerate=40)})
        hub.wait_for(15, stored=True)
        self.assertEqual(node.stop(), 0)
        self.assertFalse(any(most))
        seqs = [metadata["seq"] for metadata in hub.all(stored=True)]
        self.assertEqual(sorted(seqs), list(range(1, len(seqs) + 1)))


class Tuning(NodeTest):
    def test_pictures_come_without_a_number_beside_the_images(self):
        hub = self.fake_hub()
        detectors = {"motion": {**CONTINUOUS["motion"], "send_test_images": True}}
        self.node([hub.address], {"T1": scene(detectors=detectors, framerate=20)})
        for text in ("ROI", "Grayscale", "frameDelta", "thresholded"):
            self.assertNotIn("seq", hub.wait_for(2, text)[0])
        self.assertGreater(len(hub.wait_for(5, f"{NODE} scene|jpg")), 4)

    def test_a_slow_hub_does_not_get_more_than_it_answers(self):
        """Unanswered tuning pictures do not pile up, and do not keep events and images from coming."""
        unanswered = []

        def answer(metadata):
            if "seq" in metadata or "Heartbeat" in metadata["msg"]:
                return FakeHub.ours(metadata)
            unanswered.append(metadata["msg"])
            return None

        hub = self.fake_hub(answer)
        detectors = {"motion": {**CONTINUOUS["motion"], "send_test_images": True}}
        self.node([hub.address], {"T1": scene(detectors=detectors, framerate=30)})
        hub.wait_for(60, f"{NODE} scene|jpg")
        self.assertEqual(len(unanswered), 1)


class Replies(NodeTest):
    def test_a_plain_ok_of_our_hub_delivers_nothing_that_has_a_number(self):
        """As our hub answers a request without a number that it could not read."""
        stray = []

        def answer(metadata):
            if "seq" not in metadata:
                return FakeHub.ours(metadata)
            if metadata["seq"] == 1 and not stray:
                stray.append(1)
                return "OK"
            return FakeHub.ours(metadata) if metadata["seq"] > 1 or len(hub.all(f"{NODE}|Heartbeat")) > 1 else None

        hub = self.fake_hub(answer)
        node = self.node([hub.address], {"T1": scene(detectors=EVENTS_ONLY)}, patience=1)
        wait_until(lambda: len([m for m in hub.all(stored=True) if m["seq"] == 1]) >= 2, what="number 1 again")
        self.assertEqual(node.stop(), 0)


class GivenUp(NodeTest):
    def test_a_connection_that_is_given_up_takes_with_it_what_it_still_holds(self):
        """Else the kernel brings it to the hub after an outage, behind what went over the next connection."""
        silent = self.fake_hub(lambda metadata: None if "seq" in metadata else OUR_HUB)
        proxy = SlowProxy(int(silent.address.rsplit(":", 1)[1]), 100_000)
        self.addCleanup(proxy.close)
        self.node([proxy.address], {"T1": scene(detectors=EVENTS_ONLY)}, patience=1)
        wait_until(lambda: proxy.resets > 0, what="a connection that is reset")


class Limits(NodeTest):
    def test_bandwidth_is_kept(self):
        kbit = 800
        hub = self.fake_hub()
        self.node([hub.address], {"T1": scene(framerate=60)}, bandwidth_kbit=kbit)
        wait_until(lambda: sum(len(payload) for _, _, payload in list(hub.requests)) > 400_000, what="400 KB")
        requests = [request for request in hub.requests if "seq" in request[1]]
        seconds = requests[-1][0] - requests[0][0]
        # The first message goes at once and the last one was paid for when it went.
        kbits = sum(len(payload) for _, _, payload in requests[1:-1]) * 8 / 1000
        self.assertLess(kbits / seconds, kbit * 1.1)
        self.assertGreater(kbits / seconds, kbit * 0.7)

    def test_when_the_outbox_is_full_images_give_way_and_events_never(self):
        address = self.free_address()
        cameras = {"T1": scene(framerate=100, pace="real", resolution=[640, 480])}
        node = self.node([address], cameras, outbox_mb=1, heartbeat="1s", spool={"when": "never"})
        node.program.wait_line(r"messages gave way")
        hub = self.fake_hub(address=address)
        # When all that waits has come: the newest is newer than the connection.
        hub.wait_for(100, f"{NODE} scene|jpg")
        self.assertEqual(node.stop(), 0)
        stored = hub.all(stored=True)
        seqs = [metadata["seq"] for metadata in stored]
        self.assertEqual(len(seqs), len(set(seqs)))
        self.assertEqual(min(seqs), 1)
        self.assertTrue(stored[0]["msg"].startswith(f"{NODE}|Restart"))
        missing = max(seqs) - len(seqs)
        self.assertGreater(missing, 0)
        beats = [beat["fields"] for beat in hub.all(f"{NODE}|Heartbeat") if "fields" in beat]
        self.assertTrue(beats, "no heartbeat with counts")
        self.assertEqual(beats[-1]["event_dropped"], 0)
        # More may have given way since the last heartbeat; the last line of the log knows all.
        self.assertGreater(beats[-1]["image_dropped"], 0)
        self.assertLessEqual(beats[-1]["image_dropped"], missing)
        self.assertEqual(re.findall(r"\((\d+) images since the start\)", "\n".join(node.program.lines))[-1], str(missing))


class BusyConnection(NodeTest):
    def test_one_that_sends_much_for_long_is_not_cut(self):
        """The hub cuts a connection on which a message has no end; whole messages may come for ever."""
        hub = self.hub(settings="  max_message_mb: 1\n  durability: written\n")
        sender = self.boot(hub)
        picture = jpeg(b"much", 256 * 1024)
        sent = 0
        # Several times what a message may have, over several of the hub's checks (each half second).
        end = time.monotonic() + 2.5
        while sent < 200 or time.monotonic() < end:
            while sent - len(sender.replies) < 10:
                sender.post(f"{NODE} busy|jpg", picture)
                sent += 1
            self.assertIsNotNone(sender.receive())
        sender.wait(sent)
        self.assertEqual([drop for drop in hub.drops() if "cut" in drop], [])


class SlowLink(NodeTest):
    def test_five_megabytes_over_two_megabits_come_once_without_a_new_connection(self):
        width, height = 1366, 1280
        pixels = os.urandom(1 << 16) * (width * height * 3 // (1 << 16) + 1)
        pixels = pixels[: width * height * 3]
        if Network.possible():
            network = Network(rate_kbit=2000, delay_ms=20)
            self.addCleanup(network.close)
            hub = self.hub(address=f'"tcp://{Network.B}:5555"', preexec=network.inside(1))
            address, preexec = hub.address, network.inside(0)
        else:
            hub = self.hub()
            proxy = SlowProxy(hub.port, 2000)
            self.addCleanup(proxy.close)
            address, preexec = proxy.address, None
        pictures = self.folder()
        with open(os.path.join(pictures, "big.ppm"), "wb") as file:
            file.write(f"P6 {width} {height} 255\n".encode() + pixels)
        camera = {"viewname": "still", "src": pictures, "detectors": CONTINUOUS}
        node = self.node([address], {"F1": camera}, send_type="image", patience=1, preexec=preexec)
        wait_until(lambda: self.image_count(hub) == 1, timeout=2 * TIMEOUT, what="the big message")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(node.count("connected to"), 1, node.program.lines)
        self.assertEqual(self.image_count(hub), 1)
        # Nothing was sent twice: keep-alives come every ten seconds, what is stored has its number.
        self.assertEqual(self.assert_complete(hub), 2 + len([text for text in hub.log_texts() if "motion" in text]))


if __name__ == "__main__":
    unittest.main()
