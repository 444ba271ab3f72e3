"""What a hub gets from the network is data: refused or ignored, counted by reason; nothing else suffers."""

import contextlib
import json
import os
import resource
import socket
import struct
import unittest

import kit
from kit import jpeg, wait_until

BOOT = "9f86d081884c7d65"


class BadInput(kit.HubTest):
    """One hub for all: what one message does to the next is part of the test."""

    @classmethod
    def setUpClass(cls):
        cls.shared = kit.Hub(settings="  max_message_mb: 1\n")
        cls.addClassCleanup(cls.shared.close)

    def refused(self, reason, metadata, payload=b"", sender="plain"):
        """Sends it as a plain sender and expects OK, the count of its reason, nothing stored, and a hub that lives."""
        hub = self.shared
        before = hub.status()
        stored = (len(hub.image_rows()), hub.log_texts())
        if sender == "plain":
            self.assertEqual(self.req(hub).send(metadata, payload), b"OK")
        else:
            boot = self.boot(hub, boot=BOOT)
            boot.post_frames(json.dumps(metadata).encode(), payload)
            self.assertEqual(boot.receive(), sender)
        counted = hub.drops().get("refused: " + reason, 0) - before["drops"].get("refused: " + reason, 0)
        self.assertEqual(counted, 1, hub.drops())
        self.assertEqual((len(hub.image_rows()), hub.log_texts()), stored)
        self.assert_alive(hub)

    def test_one_frame_or_three(self):
        hub = self.shared
        before = hub.drops().get("refused: not two frames", 0)
        for frames in ([b"{}"], [b'{"msg": "a|jpg"}', jpeg(), b"x"], [b""] * 40):
            sender = self.req(hub)
            sender.socket.send_multipart(frames)
            self.assertEqual(sender.receive(), b"OK")
        self.assertEqual(hub.drops()["refused: not two frames"], before + 3)
        self.assert_alive(hub)

    def test_no_empty_frame(self):
        hub = self.shared
        before = hub.drops().get("ignored: no empty frame", 0)
        boot = self.boot(hub)
        boot.socket.send_multipart([b'{"msg": "a|jpg"}', jpeg()])
        wait_until(lambda: hub.drops().get("ignored: no empty frame", 0) > before)
        self.assert_alive(hub)

    def test_an_envelope_that_every_reply_would_repeat(self):
        hub = self.shared
        before = hub.drops().get("ignored: envelope too large", 0)
        boot = self.boot(hub)
        boot.socket.send_multipart([bytes(1) * 100_000, b"", b'{"msg": "a|Heartbeat"}', b""])
        wait_until(lambda: hub.drops().get("ignored: envelope too large", 0) > before)
        self.assert_alive(hub)

    def test_metadata_over_64_kb(self):
        self.refused("metadata too large", {"msg": "a|b", "x": "y" * 65_536})

    def test_metadata_nested_deeper_than_8(self):
        self.refused("metadata too deep", b'{"msg": "a|b", "x": ' + b"[" * 8 + b"]" * 8 + b"}")
        self.refused("metadata too deep", b"[" * 60_000)

    def test_invalid_json(self):
        for frame in (b"", b"{", b'{"msg": "a|b"', b"\xff\xfe", b'{"msg": "a|b"} x', b'{"msg": a}', b"\0" * 100):
            self.refused("invalid JSON", frame)

    def test_json_that_is_not_an_object(self):
        for frame in (b"[1]", b'"text"', b"17", b"null"):
            self.refused("not an object", frame)

    def test_no_msg(self):
        self.refused("no msg", {"message": "a|b"})

    def test_msg_that_is_no_string(self):
        for value in (17, None, ["a|b"], {"a": 1}, True):
            self.refused("msg not a string", {"msg": value})

    def test_lone_surrogates(self):
        self.refused("invalid JSON", b'{"msg": "a\\ud800|b"}')
        self.refused("invalid JSON", b'{"msg": "a\\udc00|b"}')
        self.refused("invalid JSON", b'{"msg": "a\xed\xa0\x80|b"}')

    def test_empty_fields(self):
        for text in ("a|", "|jpg", "|", " | ", "||"):
            self.refused("empty field", {"msg": text}, jpeg())

    def test_our_keys_with_wrong_types_and_absurd_values(self):
        for key, value, reason in (
            ("seq", -1, "bad seq"),
            ("seq", 0, "bad seq"),
            ("seq", 1.5, "bad seq"),
            ("seq", "1", "bad seq"),
            ("seq", 10**30, "bad seq"),
            ("node", "evil|jpg", "bad node"),
            ("view", "a|b", "bad view"),
            ("time_ns", 1e300, "bad time_ns"),
            ("time_ns", -1, "bad time_ns"),
            ("time_ns", "now", "bad time_ns"),
            ("age_us", -1, "bad age_us"),
            ("age_us", 2**63, "bad age_us"),
            ("late", "yes", "bad late"),
            ("node", 5, "bad node"),
            ("view", ["x"], "bad view"),
            ("fields", [1], "bad fields"),
            ("fields", {"a": "b"}, "bad fields"),
            ("units", {"a": 1}, "bad units"),
            ("clock_error_us", -1, "bad clock_error_us"),
            ("content", {}, "bad content"),
            ("crc", "abc", "bad crc"),
            ("crc", -1, "bad crc"),
        ):
            with self.subTest(key=key, value=value):
                metadata = {"msg": "a|jpg", "boot": BOOT, "seq": 5, key: value}
                expected = "REJECT 5 " + reason
                if key == "seq":  # without a number there is nothing to reject: our hub says who it is
                    status = self.shared.status()
                    expected = f"OK imagehub/{status['version']} live {status['hub_id']}"
                self.refused(reason, metadata, jpeg(), sender=expected)
        for boot in (5, "xyz", "", "9f86d081884c7d6", "-f86d081884c7d65"):
            self.refused("bad boot", {"msg": "a|jpg", "boot": boot, "seq": 1}, jpeg())

    def test_an_array_whose_shape_does_not_match_its_bytes(self):
        self.refused("shape mismatch", {"msg": "a|image", "dtype": "uint8", "shape": [2, 3, 3]}, bytes(17))

    def test_negative_and_huge_shapes(self):
        for shape in ([-2, -3, 3], [2**62, 2**62, 3], [10**30], [1.5, 2], "x", [1] * 9, None):
            self.refused("bad shape", {"msg": "a|image", "dtype": "uint8", "shape": shape}, bytes(18))
        self.refused("bad dtype", {"msg": "a|image", "dtype": "object", "shape": [18]}, bytes(18))
        self.refused("bad shape", {"msg": "a|image"}, bytes(18))

    def test_an_array_that_is_no_picture(self):
        hub = self.shared
        boot = self.boot(hub)
        for n in range(1, 6):
            reply = boot.send("a|image", bytes(8 * n), dtype="float64", shape=[1, n])
            self.assertTrue(reply.startswith(f"REJECT {n} not a picture: "), reply)
        counted = [reason for reason in hub.drops() if reason.startswith("rejected: ") and "picture" in reason]
        self.assertEqual(counted, ["rejected: not a picture"])
        self.assert_alive(hub)

    def test_a_jpeg_without_its_start_or_end(self):
        for payload in (b"", b"\xff\xd8", jpeg()[:-1], jpeg()[1:], b"GIF89a" + bytes(100)):
            self.refused("not a JPEG", {"msg": "a|jpg"}, payload)

    def test_a_wrong_crc(self):
        self.refused("wrong crc", {"msg": "a|jpg", "boot": BOOT, "seq": 8, "crc": 1}, jpeg(), sender="REJECT 8 wrong crc")

    def test_one_identity_with_two_contents(self):
        hub = self.shared
        boot = self.boot(hub)
        self.assertEqual(boot.send("a|jpg", jpeg(b"one"), seq=1), "OK 1")
        boot.replies.clear()
        self.assertEqual(boot.send("a|jpg", jpeg(b"two"), seq=1), "REJECT 1 identity has other content")
        boot.replies.clear()
        self.assertEqual(boot.send("b|jpg", jpeg(b"one"), seq=1), "REJECT 1 identity has other content")
        boot.replies.clear()
        self.assertEqual(boot.send("a|jpg", jpeg(b"one"), seq=1), "OK 1")
        self.assertEqual(hub.drops()["rejected: identity has other content"], 2)
        hub.program.wait_line("rejected a message: identity has other content")
        self.assertEqual(len([row for row in hub.image_rows() if row["boot"] == boot.boot]), 1)

    def test_names_stay_in_their_folder_and_on_their_line(self):
        hub = self.shared
        outside = sorted(os.listdir(hub.folder)), sorted(os.listdir(hub.data))
        names = [
            "../../../../tmp/evil",
            "/etc/passwd",
            "..",
            ".hidden",
            "a/b\\c",
            "nul\0byte",
            "new\nline\r\x1b[31m\x7f",
            "x" * 5000,
            "Käfer \u20ac \U0001f41e",
            "-rf *",
            "%s%n{}",
        ]
        sender = self.req(hub)
        before = set(hub.pictures())
        for name in names:
            with self.subTest(name=name[:30]):
                self.assertEqual(sender.send_jpg(name + "|jpg", jpeg(name[:50].encode())), b"OK")
                self.assertEqual(sender.send(({"msg": name + "|motion|moving"})), b"OK")
                row = hub.image_rows()[-1]
                self.assertEqual(row["text"], name + "|jpg")
                self.assertEqual(hub.read(row["path"]), jpeg(name[:50].encode()))
                self.assertRegex(row["path"], r"^\d{4}-\d\d-\d\d/[A-Za-z0-9_-][A-Za-z0-9._-]*\.jpg$")
                self.assertLess(len(os.path.basename(row["path"])), 140)
        self.assertEqual(len(set(hub.pictures()) - before), len(names))
        self.assertEqual((sorted(os.listdir(hub.folder)), sorted(os.listdir(hub.data))), outside)
        lines = hub.log_texts()[-len(names) :]
        self.assertTrue(lines[5].startswith("nul\\x00byte|"), lines[5])
        self.assertTrue(lines[6].startswith("new\\nline\\r\\x1b[31m\\x7f|"), lines[6])
        self.assertEqual(lines[7], "x" * 5000 + "|motion|moving")
        self.assertEqual(lines[8], names[8] + "|motion|moving")

    def test_a_message_over_the_bound(self):
        hub = self.shared
        boot = self.boot(hub)
        # Just over: there is room to say so.
        self.assertEqual(boot.send("a|jpg", jpeg(size=1_100_000), crc=False), "REJECT 1 message too large")
        self.assertEqual(boot.send("a|jpg", jpeg(size=1_000_000), crc=False), "OK 2")
        self.assertEqual(self.req(hub).send({"msg": "a|jpg"}, jpeg(size=1_100_000)), b"OK")
        self.assertEqual(hub.drops()["refused: message too large"], 2)
        # Far over: libzmq cuts the connection.
        before = hub.drops().get("connections ended without a whole message", 0)
        peer = kit.RawPeer(hub.port)
        self.addCleanup(peer.close)
        peer.frame(b"", True)
        peer.socket.sendall(b"\x02" + (10**12).to_bytes(8, "big"))
        wait_until(peer.closed_by_peer, what="the cut of a connection with a frame of a terabyte")
        wait_until(lambda: hub.drops().get("connections ended without a whole message", 0) > before)
        self.assert_alive(hub)

    def test_what_is_no_zmtp_at_all(self):
        hub = self.shared
        for garbage in (b"GET / HTTP/1.1\r\n\r\n" * 10, bytes(1000), b"\xff" * 1000, os.urandom(5000)):
            with kit.RawPeer(hub.port, handshake=False) as peer:
                peer.socket.sendall(garbage)
        self.assert_alive(hub)

    def test_a_refusal_is_logged_at_most_once_a_second(self):
        hub = self.shared
        sender = self.req(hub)
        for _ in range(200):
            sender.send({"msg": 17})
        logged = [line for line in hub.program.lines if "msg is not a string" in line]
        self.assertGreaterEqual(len(logged), 1)
        self.assertLess(len(logged), 60)


class Hostile(kit.HubTest):
    """Peers that cost a hub resources; each has a hub of its own."""

    def test_an_endless_message_is_cut_and_costs_bounded_memory(self):
        hub = self.hub(settings="  max_message_mb: 1\n")
        self.assert_alive(hub)
        before = hub.program.resident_bytes()
        other = self.req(hub)
        peer = kit.RawPeer(hub.port)
        self.addCleanup(peer.close)
        peer.frame(b"", True)
        sent, unsent, cut = 0, b"", False
        piece = (b"\x01\xff" + b"x" * 255) * 10_000  # small frames, each with MORE
        while not cut and sent < 5_000_000_000:
            other.send_jpg("Other|jpg", jpeg())  # a busy hub must find it too
            cut = peer.closed_by_peer()
            peer.socket.setblocking(False)
            unsent = unsent or piece
            try:
                count = peer.socket.send(unsent)
                unsent = unsent[count:]
                sent += count
            except BlockingIOError:
                continue
            except OSError:
                cut = True
        self.assertTrue(cut, f"not cut after {sent} bytes")
        self.assertEqual(hub.drops().get("connections cut: endless message"), 1)
        if not kit.SANITIZED:
            self.assertLess(hub.program.resident_bytes() - before, 1_500_000_000)
        self.assert_alive(hub)

    def test_an_honest_connection_is_never_cut_however_much_it_sends(self):
        # What the guard against endless messages counts must not drift: many small messages on one connection.
        hub = self.hub(settings="  max_message_mb: 1\n")
        boot = self.boot(hub)
        for _ in range(30):
            for _ in range(1000):
                boot.post("ROI", seq=False)
            for _ in range(1000):
                self.assertIsNotNone(boot.receive())
        self.assertNotIn("connections cut: endless message", hub.drops())

    def test_a_peer_that_never_reads_its_replies(self):
        hub = self.hub()
        self.assert_alive(hub)
        before = hub.program.resident_bytes()
        peer = kit.RawPeer(hub.port)
        self.addCleanup(peer.close)
        text = json.dumps({"msg": "Deaf|Heartbeat", "boot": BOOT}).encode()
        message = b"\x01\x00" + b"\x01" + bytes([len(text)]) + text + b"\x00\x00"
        peer.socket.setblocking(False)
        unsent = b""

        def flood():
            nonlocal unsent
            with contextlib.suppress(BlockingIOError):
                for _ in range(50):
                    unsent = unsent or message * 500
                    unsent = unsent[peer.socket.send(unsent) :]
            return hub.drops().get("replies not read", 0) > 1000

        wait_until(flood, what="a count of replies that were not read")
        if not kit.SANITIZED:
            self.assertLess(hub.program.resident_bytes() - before, 100_000_000)
        self.assert_alive(hub)

    def test_a_peer_that_vanishes(self):
        hub = self.hub()
        for n in range(20):
            with kit.RawPeer(hub.port) as peer:
                peer.frame(b"", True)
                peer.frame(json.dumps({"msg": "Gone|jpg"}).encode(), True)
                peer.frame(jpeg(size=50_000), n % 2 == 0)  # every other message is not whole
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.assert_alive(hub)
        # Whatever was whole on arrival is stored; who is gone gets no answer, which is counted.
        wait_until(lambda: hub.status()["in_flight_messages"] == 0)
        wait_until(lambda: hub.status()["connections"] == 0)

    def test_a_half_message_of_a_peer_that_vanishes_is_not_stored(self):
        hub = self.hub()
        with kit.RawPeer(hub.port) as peer:
            peer.frame(b"", True)
            peer.frame(json.dumps({"msg": "Gone|jpg"}).encode(), True)
            peer.socket.sendall(b"\x02" + (50_000).to_bytes(8, "big") + b"\xff\xd8" + bytes(100))
        self.assert_alive(hub)
        self.assertEqual(hub.rows("SELECT * FROM images WHERE node = 'Gone'"), [])

    def test_ten_thousand_connections_that_send_nothing(self):
        wanted = 10_000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < wanted + 500:
            self.skipTest(f"the hard limit of open descriptors is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        # The hub raises its own soft limit.
        hub = self.hub(preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard)))
        silent = []
        try:
            for n in range(wanted):
                # Several source addresses, so that ports do not run out beside other tests.
                peer = socket.socket()
                silent.append(peer)
                peer.bind((f"127.0.0.{2 + n % 5}", 0))
                peer.connect(("127.0.0.1", hub.port))
                if n % 1000 == 999:
                    self.assert_alive(hub)
            wait_until(lambda: hub.status()["connections"] >= wanted, what="ten thousand connections")
            self.assert_alive(hub)
        finally:
            for peer in silent:
                peer.close()
        wait_until(lambda: hub.status()["connections"] < 100, what="the end of the connections")
        self.assert_alive(hub)

    def test_names_reasons_and_boots_without_end_cost_bounded_memory(self):
        hub = self.hub()
        boot = self.boot(hub)
        for n in range(2000):
            boot.boot = f"{n + 1:016x}"
            boot.post("Farm|image", bytes(4), seq=1 + n, dtype="int32", shape=[1, 1])
            boot.post(f"node{n}|Heartbeat", seq=False)
            boot.post("Farm|data", seq=10_000 + n)
            if n % 20 == 19:
                # Who leaves too many replies unread loses some.
                for _ in range(60):
                    self.assertIsNotNone(boot.receive())
        self.assertLess(len(hub.drops()), 10)
        self.assert_alive(hub)

    def test_a_broken_client_of_the_control_socket(self):
        import zmq

        hub = self.hub()
        path = "ipc://" + os.path.join(hub.data, "control.sock")
        for frames in ([b"status", b"more", b"x"], [b""], [b"nonsense"], [b"x" * 4000]):
            client = zmq.Context.instance().socket(zmq.REQ)
            client.linger = 0
            client.rcvtimeo = int(1000 * kit.TIMEOUT)
            client.connect(path)
            client.send_multipart(frames)
            self.assertIn(b"error", client.recv())
            client.close()
        self.assert_alive(hub)


if __name__ == "__main__":
    unittest.main()
