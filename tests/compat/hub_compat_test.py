"""Programs of the Python family against our hub: they notice no difference but that nothing is lost."""

import os
import threading
import unittest

import kit
from imagezmq_peer import Array, ImageSender
from kit import jpeg, wait_until


class PythonSenders(kit.HubTest):
    def sender(self, hub):
        sender = ImageSender(hub.address, timeout=kit.TIMEOUT)
        self.addCleanup(sender.close)
        return sender

    def test_an_imagenode_that_sends_jpeg(self):
        hub = self.hub()
        sender = self.sender(hub)
        tiny = jpeg()
        picture = jpeg(os.urandom(40).hex().encode(), 30_000)
        texts = [
            "JeffOffice|Restart|jeff-pi|RPi|192.168.86.71|907|0.01",
            "JeffOffice Window|motion|moving",
            "JeffOffice|Temp|75 F",
            "JeffOffice|humidity|48.4 %",
            "JeffOffice Window|light|lighted",
        ]
        for text in texts:
            self.assertEqual(sender.send_jpg(text, tiny), b"OK")
        self.assertEqual(sender.send_jpg("JeffOffice Window|jpg", picture), b"OK")
        self.assertEqual(sender.send_jpg("JeffOffice|Heartbeat", tiny), b"OK")
        self.assertEqual(hub.log_texts(), texts)
        self.assertEqual([hub.read(name) for name in hub.pictures()], [picture])
        self.assertTrue(os.path.basename(hub.pictures()[0]).startswith("JeffOffice-Window-20"))

    def test_an_imagenode_that_sends_arrays(self):
        hub = self.hub()
        sender = self.sender(hub)
        picture = Array("uint8", (48, 64, 3), os.urandom(48 * 64 * 3))
        self.assertEqual(sender.send_image("Barn door|image", picture), b"OK")
        # With send_type image its events and heartbeats are arrays too.
        self.assertEqual(sender.send_image("Barn door|motion|moving", Array("uint8", (3, 3), bytes(9))), b"OK")
        self.assertEqual(sender.send_image("Barn|Heartbeat", Array("uint8", (2, 2), bytes(4))), b"OK")
        self.assertEqual(hub.log_texts(), ["Barn door|motion|moving"])
        self.assertEqual(len(hub.pictures()), 1)
        width, height, depth, channels, samples = kit.read_png(os.path.join(hub.images, hub.pictures()[0]))
        self.assertEqual((width, height, depth, channels), (64, 48, 8, 3))
        self.assertEqual(samples[::3], picture.data[2::3])
        self.assertEqual(samples[2::3], picture.data[::3])

    def test_demo_programs_whose_text_is_a_host_name(self):
        hub = self.hub()
        sender = self.sender(hub)
        for _ in range(3):
            self.assertEqual(sender.send_image("raspberrypi", Array("uint8", (4, 4, 3), bytes(48))), b"OK")
            self.assertEqual(sender.send_jpg("raspberrypi", b"anything"), b"OK")
        self.assertEqual((hub.pictures(), hub.log()), ([], []))
        self.assertEqual(hub.drops(), {})

    def test_only_the_first_letter_of_the_type_decides(self):
        hub = self.hub()
        sender = self.sender(hub)
        self.assertEqual(sender.send_jpg("Barn|jpeg please", jpeg(b"1")), b"OK")
        self.assertEqual(sender.send_jpg("Barn|Hello", jpeg()), b"OK")
        self.assertEqual(sender.send_jpg("Barn| jpg", jpeg()), b"OK")  # unstripped: a line
        self.assertEqual((len(hub.pictures()), hub.log_texts()), (1, ["Barn| jpg"]))

    def test_what_made_the_python_hub_stop_does_not_stop_ours(self):
        hub = self.hub()
        sender = self.sender(hub)
        self.assertEqual(sender.send_jpg("Barn|", jpeg()), b"OK")
        self.assertEqual(sender.send_jpg("../../Barn|jpg", jpeg(b"2")), b"OK")
        self.assert_alive(hub)
        self.assertTrue(all(os.path.realpath(os.path.join(hub.images, name)).startswith(os.path.realpath(hub.images))
                            for name in hub.pictures()))

    def test_several_senders_each_wait_for_their_own_reply(self):
        hub = self.hub()
        failures = []

        def work(number):
            with ImageSender(hub.address, timeout=kit.TIMEOUT) as sender:
                for n in range(15):
                    if sender.send_jpg(f"Pi{number} cam|jpg", jpeg(f"{number}.{n}".encode())) != b"OK":
                        failures.append(number)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        for number in range(8):
            mine = [hub.read(row["path"]) for row in hub.image_rows() if row["node"] == f"Pi{number}"]
            self.assertEqual(mine, [jpeg(f"{number}.{n}".encode()) for n in range(15)])

    def test_publishers_that_come_and_go(self):
        first = ImageSender("tcp://127.0.0.1:*", REQ_REP=False)
        second = ImageSender("tcp://127.0.0.1:*", REQ_REP=False)
        self.addCleanup(second.close)
        hub = self.hub(settings=f'  subscribe: ["{first.address}", "{second.address}"]\n')

        def published(sender, name):
            sender.send_image(f"{name}|image", Array("uint8", (2, 2), bytes(4)))
            return any(node["node"] == name for node in hub.status()["nodes"])

        wait_until(lambda: published(first, "First"), what="the first publisher")
        wait_until(lambda: published(second, "Second"), what="the second publisher")
        address = first.address
        first.close()
        third = wait_until(lambda: self.publisher_at(address))
        self.addCleanup(third.close)
        wait_until(lambda: published(third, "Third"), what="the publisher that came back")
        self.assert_alive(hub)

    @staticmethod
    def publisher_at(address):
        try:
            return ImageSender(address, REQ_REP=False)
        except Exception:
            return None


if __name__ == "__main__":
    unittest.main()
