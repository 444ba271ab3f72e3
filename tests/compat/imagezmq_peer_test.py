"""The stand-in for imagezmq understands itself in each pair of roles; else the other tests would prove nothing."""

import threading
import unittest

from imagezmq_peer import Array, ImageHub, ImageSender

TIMEOUT = 30
PICTURE = Array("uint8", (2, 3, 3), bytes(range(18)))


class Roles(unittest.TestCase):
    def test_req_sender_and_rep_hub(self):
        with ImageHub(timeout=TIMEOUT) as hub, ImageSender(hub.address, timeout=TIMEOUT) as sender:
            got = []

            def receive():
                got.append(hub.recv_jpg())
                hub.send_reply(b"OK")
                got.append(hub.recv_image())
                hub.send_reply(b"FINE")

            thread = threading.Thread(target=receive)
            thread.start()
            self.assertEqual(sender.send_jpg("Käfer|jpg", b"jpeg"), b"OK")
            self.assertEqual(sender.send_image("Barn|image", PICTURE), b"FINE")
            thread.join()
            self.assertEqual(got, [("Käfer|jpg", b"jpeg"), ("Barn|image", PICTURE)])

    def test_pub_senders_and_a_sub_hub_of_several(self):
        with ImageSender("tcp://127.0.0.1:*", REQ_REP=False) as one, ImageSender(
            "tcp://127.0.0.1:*", REQ_REP=False
        ) as two, ImageHub(one.address, REQ_REP=False, timeout=TIMEOUT) as hub:
            hub.connect(two.address)
            got = set()
            # A publisher sends to nobody until the subscription has reached it, so it sends until it has.
            hub.zmq_socket.rcvtimeo = 20
            for _ in range(1000):
                one.send_jpg("one|jpg", b"1")
                two.send_jpg("two|jpg", b"2")
                try:
                    got.add(hub.recv_jpg())
                except Exception:
                    continue
                if len(got) == 2:
                    break
            self.assertEqual(got, {("one|jpg", b"1"), ("two|jpg", b"2")})


if __name__ == "__main__":
    unittest.main()
