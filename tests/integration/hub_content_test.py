"""What a hub stores, logs, answers and keeps of the past."""

import json
import os
import struct
import time
import unittest

import kit
from kit import jpeg

SECOND = 1_000_000_000


def stamp(time_ns, form):
    """Local time in the forms of the Python programs, with the fraction's digits."""
    seconds, fraction = divmod(time_ns, SECOND)
    local = time.localtime(seconds)
    if form == "file":
        return time.strftime("%Y-%m-%dT%H.%M.%S.", local) + f"{fraction // 1000:06d}"
    if form == "log":
        return time.strftime("%Y-%m-%d %H:%M:%S,", local) + f"{fraction // 1_000_000:03d}"
    return time.strftime("%Y-%m-%d", local)


class Content(kit.HubTest):
    def test_images_are_stored_byte_for_byte_under_the_names_of_the_python_hub(self):
        hub = self.hub()
        sender = self.req(hub)
        pictures = [jpeg(os.urandom(1000).hex().encode(), size) for size in (0, 5_000, 400_000)]
        for picture in pictures:
            self.assertEqual(sender.send_jpg("Barn back door|jpg", picture), b"OK")
        names = hub.pictures()
        self.assertEqual([hub.read(name) for name in names], pictures)
        for name in names:
            self.assertRegex(name, r"^(\d{4}-\d\d-\d\d)/Barn-back-door-\1T\d\d\.\d\d\.\d\d\.\d{6}\.jpg$")
        row = hub.image_rows()[0]
        self.assertEqual((row["node"], row["view"], row["path"]), ("Barn", "back door", names[0]))
        self.assertEqual(hub.incoming(), [])

    def test_arrays_are_stored_as_png_without_loss(self):
        hub = self.hub()
        sender = self.req(hub)
        for dtype, channels in (("uint8", 0), ("uint8", 1), ("uint8", 3), ("uint8", 4), ("uint16", 1), ("uint16", 3)):
            with self.subTest(dtype=dtype, channels=channels):
                count = max(channels, 1)
                code = "B" if dtype == "uint8" else "H"
                top = 255 if dtype == "uint8" else 65535
                values = [(i * 7919) % (top + 1) for i in range(5 * 7 * count)]
                shape = [5, 7] + ([channels] if channels else [])
                payload = struct.pack(f"<{len(values)}{code}", *values)
                self.assertEqual(sender.send_image("Barn|image", dtype, shape, payload), b"OK")
                path = hub.image_rows()[-1]["path"]
                self.assertTrue(path.endswith(".png"))
                width, height, depth, got_channels, samples = kit.read_png(os.path.join(hub.images, path))
                self.assertEqual((width, height, depth, got_channels), (7, 5, 8 if code == "B" else 16, count))
                got = list(struct.unpack(f">{len(values)}{code}", samples))
                expected = values
                if count >= 3:  # OpenCV's order is blue, green, red; a file's is red, green, blue
                    expected = []
                    for i in range(0, len(values), count):
                        expected += values[i : i + 3][::-1] + values[i + 3 : i + count]
                self.assertEqual(got, expected)

    def test_events_are_lines_of_the_log(self):
        hub = self.hub()
        sender = self.req(hub)
        before = time.time_ns()
        for text in ("Barn door|motion|moving", "Barn|Temp|75 F", "Barn|Restart|pi|RPi|192.168.1.9|907|0.1"):
            self.assertEqual(sender.send_jpg(text, jpeg()), b"OK")
        self.assertEqual(sender.send_image("Shed|light|dark", "uint8", [3, 3], bytes(9)), b"OK")
        after = time.time_ns()
        lines = hub.log()
        self.assertEqual(
            [text for _, text in lines],
            ["Barn door|motion|moving", "Barn|Temp|75 F", "Barn|Restart|pi|RPi|192.168.1.9|907|0.1", "Shed|light|dark"],
        )
        for when, _ in lines:
            self.assertTrue(stamp(before, "log") <= when <= stamp(after, "log"), when)
        self.assertEqual(hub.pictures(), [])

    def test_the_capture_time_decides_not_the_receive_time(self):
        hub = self.hub()
        boot = self.boot(hub)
        captured = 1_700_000_000_123_456_789
        self.assertEqual(boot.send("Barn|jpg", jpeg(), time_ns=captured, clock_error_us=350), "OK 1")
        self.assertEqual(boot.send("Barn|motion|moving", jpeg(), time_ns=captured), "OK 2")
        self.assertEqual(hub.pictures(), [f"{stamp(captured, 'day')}/Barn-{stamp(captured, 'file')}.jpg"])
        self.assertEqual(hub.log(), [(stamp(captured, "log"), "Barn|motion|moving")])
        row = hub.image_rows()[0]
        self.assertEqual((row["time_ns"], row["clock_error_us"]), (captured, 350))
        self.assertLess(abs(row["received_ns"] - time.time_ns()), 60 * SECOND)

    def test_with_a_clock_that_is_not_set_the_age_counts(self):
        hub = self.hub()
        boot = self.boot(hub)
        before = time.time_ns()
        boot.send("Barn|jpg", jpeg(), time_ns=1_000_000_000 * SECOND, clock="unsynced", age_us=3_600_000_000)
        row = hub.image_rows()[0]
        self.assertEqual(row["time_ns"], row["received_ns"] - 3600 * SECOND)
        self.assertGreaterEqual(row["received_ns"], before)

    def test_a_time_before_2000_is_that_of_a_clock_that_was_never_set(self):
        hub = self.hub()
        boot = self.boot(hub)
        boot.send("Barn|jpg", jpeg(), time_ns=60 * SECOND, clock="unsynced", age_us=5_000_000)
        boot.send("Barn|jpg", jpeg(b"2"), time_ns=61 * SECOND, age_us=4_000_000)
        for row, age in zip(hub.image_rows(), (5, 4), strict=True):
            self.assertEqual(row["time_ns"], row["received_ns"] - age * SECOND)

    def test_pictures_of_one_moment_do_not_replace_each_other(self):
        hub = self.hub()
        boot = self.boot(hub)
        captured = 1_700_000_000 * SECOND
        pictures = [jpeg(str(n).encode()) for n in range(5)]
        for picture in pictures:
            boot.send("Barn|jpg", picture, time_ns=captured)
        stem = f"{stamp(captured, 'day')}/Barn-{stamp(captured, 'file')}"
        names = [stem + suffix + ".jpg" for suffix in ("", "-1", "-2", "-3", "-4")]
        self.assertEqual([hub.read(name) for name in names], pictures)

    def test_what_our_keys_say_is_in_the_index(self):
        hub = self.hub()
        boot = self.boot(hub)
        boot.send("Lab scope|pressure|4.2", b"", node="Lab", view="scope", source="S1", fields={"pressure": 4.2},
                  units={"pressure": "cmH2O"}, late=True)
        row = hub.rows("SELECT * FROM events WHERE node = 'Lab'")[0]
        self.assertEqual((row["view"], row["source"], row["late"], row["seq"]), ("scope", "S1", 1, 1))
        self.assertEqual((json.loads(row["fields"]), json.loads(row["units"])), ({"pressure": 4.2}, {"pressure": "cmH2O"}))

    def test_tuning_images_and_heartbeats_are_neither_stored_nor_logged(self):
        hub = self.hub()
        sender = self.req(hub)
        for text in ("ROI", "frameDelta", "no bar at all"):
            self.assertEqual(sender.send_jpg(text, jpeg()), b"OK")
        self.assertEqual(sender.send_jpg("Barn|Heartbeat", jpeg()), b"OK")
        self.assertEqual((hub.pictures(), hub.log(), hub.image_rows()), ([], [], []))
        # The text of a tuning image names no node; a heartbeat's does.
        self.assertEqual([node["node"] for node in hub.status()["nodes"]], ["Barn"])

    def test_each_sender_is_answered_in_its_own_form(self):
        hub = self.hub()
        status = hub.status()
        ours = f"OK imagehub/{status['version']} live {status['hub_id']}"
        self.assertRegex(status["hub_id"], "^[0-9a-f]{16}$")
        boot = self.boot(hub)
        self.assertEqual(boot.greet(), ours)
        self.assertEqual(boot.send("Barn|jpg", jpeg()), "OK 1")
        self.assertEqual(boot.send("Barn|motion|moving", jpeg()), "OK 2")
        boot.post("Barn|jpg", jpeg(), seq=False)
        self.assertEqual(boot.receive(), ours)
        self.assertEqual(boot.send("Barn|jpg", b"no picture"), "REJECT 3 not a JPEG")
        self.assertRegex(boot.send("Barn|samples", bytes(999), dtype="uint8", shape=[999]), "^RETRY 4 ")
        self.assertEqual(self.req(hub).send_jpg("Barn|jpg", jpeg()), b"OK")

    def test_a_message_that_comes_again_is_stored_once(self):
        hub = self.hub()
        boot = self.boot(hub)
        picture = jpeg(b"the one")
        for _ in range(3):
            for seq in (1, 2):
                boot.post("Barn|jpg" if seq == 1 else "Barn|motion|moving", picture, seq=seq)
        for _ in range(6):
            boot.receive()
        again = self.boot(hub, boot=boot.boot)
        self.assertEqual(again.send("Barn|jpg", picture, seq=1), "OK 1")
        self.assertEqual(again.send("Barn|motion|moving", picture, seq=2), "OK 2")
        self.assertEqual((len(hub.pictures()), hub.log_texts()), (1, ["Barn|motion|moving"]))

    def test_order_within_a_boot_and_class_is_that_of_seq(self):
        hub = self.hub(settings="  writers: 4\n")
        boots = [self.boot(hub) for _ in range(3)]
        for n in range(1, 61):
            for boot in boots:
                # Sizes vary, so that writers finish out of order.
                boot.post(f"{boot.boot}|jpg", jpeg(str(n).encode(), 200_000 if n % 3 == 0 else 100), crc=False)
                boot.post(f"{boot.boot}|event|{n}")
        for boot in boots:
            boot.wait(120)
            for seq in range(1, 121):
                self.assertEqual(boot.wait(seq), f"OK {seq}")
            seqs = [row["seq"] for row in hub.image_rows() if row["boot"] == boot.boot]
            self.assertEqual(seqs, list(range(1, 121, 2)))
            mine = [text for text in hub.log_texts() if text.startswith(boot.boot)]
            self.assertEqual(mine, [f"{boot.boot}|event|{n}" for n in range(1, 61)])


class Past(kit.HubTest):
    def test_the_data_of_the_python_hub_is_continued_and_not_changed(self):
        folder = self.folder()
        data = os.path.join(folder, "imagehub_data")
        old = {
            "images/2026-11-01/Barn-2026-11-01T08.18.31.809000.jpg": b"\xff\xd8old\xff\xd9",
            "images/Barn-202/Barn-2026-11-01T08.18.31.jpg": b"\xff\xd8on the second\xff\xd9",
            "images/Thumbs.db": b"somebody's",
            "logs/imagehub.log.2026-10-31": b"2026-10-31 10:00:00,000 ~ Barn|motion|still\n",
            "logs/imagehub.log": b"2026-11-01 08:18:31,809 ~ Barn|motion|moving\nhalf a line",
        }
        for name, content in old.items():
            path = os.path.join(data, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
            os.utime(path, (1_793_520_000, 1_793_520_000))  # 2026-11-01 08:00 UTC
        day = stamp(1_793_520_000 * SECOND, "day")
        hub = self.hub(folder)
        sender = self.req(hub)
        self.assertEqual(sender.send_jpg("Barn|jpg", jpeg()), b"OK")
        self.assertEqual(sender.send_jpg("Barn|motion|moving", jpeg()), b"OK")
        # A picture of the same moment as an old one.
        captured = time.mktime((2026, 11, 1, 8, 18, 31, 0, 0, -1))
        self.boot(hub).send("Barn|jpg", jpeg(b"new"), time_ns=int(captured) * SECOND + 809_000_000)
        self.assertEqual(hub.read("2026-11-01/Barn-2026-11-01T08.18.31.809000-1.jpg"), jpeg(b"new"))
        self.assertEqual(hub.stop(), 0)
        # The log of that day got its name at the first line of a new one.
        old[f"logs/imagehub.log.{day}"] = old.pop("logs/imagehub.log")
        for name, content in old.items():
            with open(os.path.join(data, name), "rb") as file:
                self.assertEqual(file.read(), content, name)
        self.assertEqual(hub.log_texts(), ["Barn|motion|moving"])

    def test_a_restart_continues(self):
        hub = self.hub()
        boot = self.boot(hub)
        boot.send("Barn|jpg", jpeg(b"1"))
        boot.send("Barn|motion|moving")
        hub_id = hub.status()["hub_id"]
        self.assertEqual(hub.stop(), 0)
        hub.start()
        self.assertEqual(hub.status()["hub_id"], hub_id)
        boot.reconnect(hub.address)
        boot.replies.clear()
        self.assertEqual(boot.send("Barn|jpg", jpeg(b"1"), seq=1), "OK 1")
        self.assertEqual(boot.send("Barn|motion|still", seq=3), "OK 3")
        self.assertEqual((len(hub.pictures()), hub.log_texts()), (1, ["Barn|motion|moving", "Barn|motion|still"]))
        node = hub.status()["nodes"][0]
        self.assertEqual((node["node"], node["images"]), ("Barn", 1))

    def test_the_log_tells_start_and_stop(self):
        hub = self.hub()
        hub.stop()
        with open(hub.log_path) as file:
            lines = file.read().splitlines()
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ~ Starting imagehub \d")
        self.assertTrue(lines[-1].endswith(" ~ Exiting imagehub"))


if __name__ == "__main__":
    unittest.main()
