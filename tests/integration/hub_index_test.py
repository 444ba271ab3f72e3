"""imagehub index: the tree of a Python hub is added to the index, once, and nothing of it is changed."""

import os
import time
import unittest

import kit
from kit import jpeg, wait_until

LOG = """2026-11-19 08:18:31,809 ~ Starting imagehub.py
2026-11-19 08:18:32,001 ~ Barn door|motion|moving
2026-11-19 08:18:33,002 ~ Barn|Temp|75 F
Traceback (most recent call last):
2026-11-19 08:18:34,003 ~ Barn|path|C:\\new
"""


class Index(kit.HubTest):
    def index(self, hub, status=0):
        done, out, err = kit.run([kit.IMAGEHUB, "index", "--path", hub.folder])
        self.assertEqual(done, status, out + err)
        return out + err

    def put(self, hub, path, content=None, time_s=None):
        path = os.path.join(hub.data, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(jpeg(path.encode()) if content is None else content)
        if time_s is not None:
            os.utime(path, (time_s, time_s))

    def tree(self):
        """What a Python hub left, in a data directory that no hub of ours has seen."""
        hub = self.hub(start=False)
        self.put(hub, "images/2026-11-19/Barn-door-2026-11-19T08.18.31.809000.jpg")
        self.put(hub, "images/2026-11-19/Barn-2026-11-19T08.18.33.002000.jpg")
        self.put(hub, "images/Barn-202/Barn-2026-11-19T08.18.34.jpg")
        self.put(hub, "images/2026-11-19/Far-field-2026-11-19T08.18.35.5.jpg")
        self.put(hub, "images/2026-11-19/odd.png", b"png", 1_700_000_000)
        self.put(hub, "images/2026-11-19/best of/kept.JPG", None, 1_700_000_001)
        self.put(hub, "images/2026-11-19/notes.txt", b"text")
        self.put(hub, "logs/imagehub.log.2026-11-19", LOG.encode())
        self.put(hub, "logs/imagehub.log", b"2026-11-20 00:00:01,000 ~ Barn door|motion|still\n", 1_795_165_201)
        return hub

    def local(self, text):
        return int(time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%S"))) * 10**9

    def files(self, hub):
        return {path: hub.read(path) for path in hub.pictures()}

    def test_pictures_get_rows_with_what_their_names_tell(self):
        hub = self.tree()
        before = self.files(hub)
        self.assertIn("6 pictures and 5 log lines", self.index(hub))
        self.assertEqual(self.files(hub), before)
        rows = {os.path.basename(row["path"]): row for row in hub.image_rows()}
        self.assertEqual(len(rows), 6)
        # The log knows of a view door; nothing knows what Far-field is.
        door = rows["Barn-door-2026-11-19T08.18.31.809000.jpg"]
        self.assertEqual((door["node"], door["view"], door["text"]), ("Barn", "door", "Barn door|jpg"))
        self.assertEqual(door["time_ns"], self.local("2026-11-19 08:18:31") + 809_000_000)
        self.assertEqual((door["adopted"], door["crc"], door["boot"]), (1, -1, None))
        self.assertEqual(door["bytes"], len(before[door["path"]]))
        self.assertEqual(rows["Barn-2026-11-19T08.18.34.jpg"]["time_ns"], self.local("2026-11-19 08:18:34"))
        self.assertEqual(rows["Far-field-2026-11-19T08.18.35.5.jpg"]["node"], "Far-field")
        self.assertEqual(rows["odd.png"]["time_ns"], 1_700_000_000 * 10**9)
        self.assertEqual((rows["odd.png"]["node"], rows["odd.png"]["text"]), ("odd", "odd|image"))
        self.assertEqual(rows["kept.JPG"]["path"], "2026-11-19/best of/kept.JPG")

    def test_log_lines_become_events(self):
        hub = self.tree()
        out = self.index(hub)
        self.assertIn("1 log lines of another form", out)
        self.assertIn("1 files that are no pictures\n    images/2026-11-19/notes.txt", out)
        rows = hub.rows("SELECT * FROM events ORDER BY id")
        self.assertEqual([row["text"] for row in rows],
                         ["Starting imagehub.py", "Barn door|motion|moving", "Barn|Temp|75 F", "Barn|path|C:\\new",
                          "Barn door|motion|still"])
        self.assertEqual([(row["node"], row["view"]) for row in rows],
                         [("imagehub", ""), ("Barn", "door"), ("Barn", ""), ("Barn", ""), ("Barn", "door")])
        self.assertEqual(rows[1]["time_ns"], self.local("2026-11-19 08:18:32") + 1_000_000)
        self.assertEqual((rows[1]["log_day"], rows[1]["log_offset"]), ("2026-11-19", LOG.index("2026-11-19 08:18:32")))

    def test_running_it_again_adds_nothing_and_the_check_is_content(self):
        hub = self.tree()
        self.index(hub)
        self.assertIn("0 pictures and 0 log lines", self.index(hub))
        done, out, _ = kit.run([kit.IMAGEHUB, "check", "--level", "content", "--path", hub.folder])
        self.assertEqual(done, 0, out)

    def test_the_hub_goes_on_where_the_python_hub_was_and_computes_the_crcs(self):
        hub = self.tree()
        self.index(hub)
        hub.start()
        with self.boot(hub) as sender:
            sender.send("Barn door|jpg", jpeg(b"new"))
            sender.send("Barn door|motion|moving")
        wait_until(lambda: hub.status()["crc_pending"] == 0, what="all CRCs")
        for row in hub.image_rows():
            self.assertEqual(row["crc"], kit.crc32c(hub.read(row["path"])), row["path"])
        self.assertEqual(hub.stop(), 0)
        self.assertIn("0 pictures and 0 log lines", self.index(hub))
        done, out, _ = kit.run([kit.IMAGEHUB, "check", "--level", "content", "--path", hub.folder])
        self.assertEqual(done, 0, out)

    def test_what_the_python_hub_added_after_a_week_with_ours_is_added_too(self):
        hub = self.tree()
        self.index(hub)
        hub.start()
        with self.boot(hub) as sender:
            sender.send("Barn door|motion|moving")
        self.assertEqual(hub.stop(), 0)
        self.put(hub, "images/2026-11-19/Barn-door-2026-11-19T09.00.00.000001.jpg")
        with open(hub.log_path, "a") as file:
            file.write("2026-11-20 09:00:00,000 ~ Barn door|motion|still\n")
        self.assertIn("1 pictures and 1 log lines", self.index(hub))

    def test_it_needs_the_hub_stopped(self):
        hub = self.hub()
        self.assertIn(f"in use by process {hub.program.pid}", self.index(hub, status=75))

    def test_two_nodes_whose_files_look_alike_are_not_guessed(self):
        hub = self.hub(start=False)
        self.put(hub, "images/2026-11-19/Barn-door-2026-11-19T08.18.31.809000.jpg")
        self.put(hub, "logs/imagehub.log.2026-11-19", b"2026-11-19 08:18:32,001 ~ Barn door|motion|moving\n"
                                                      b"2026-11-19 08:18:32,002 ~ Barn-door|motion|moving\n")
        self.index(hub)
        self.assertEqual([(row["node"], row["view"]) for row in hub.image_rows()], [("Barn-door", "")])


if __name__ == "__main__":
    unittest.main()
