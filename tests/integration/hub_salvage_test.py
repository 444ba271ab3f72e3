"""A damaged index: the hub comes up, nothing that was acknowledged is lost or stored twice, and what happened is told."""

import contextlib
import os
import random
import shutil
import sqlite3
import unittest

import kit
from kit import jpeg, wait_until

PAGE = 4096


def noise(size):
    """What damage leaves, the same in each run."""
    return random.Random(size).randbytes(size)


class Salvage(kit.HubTest):
    def filled(self, images=400, events=200, backup_after=None, env=None):
        """A hub and what it has acknowledged: {seq: (text, payload, further keys)}."""
        hub = self.hub(env=env)
        sender = self.boot(hub)
        sent = {}
        for n in range(images + events):
            if n == backup_after:
                self.back_up(hub)
            payload = jpeg(f"picture {n}".encode(), 600) if n % 3 else b""
            text = "Barn door|jpg" if payload else f"Barn door|motion|{n}"
            message = {"time_ns": 1_795_168_800_000_000_000 + n * 100_000_000}
            seq = sender.post(text, payload, **message)
            sent[seq] = (text, payload, message)
            if n % 20 == 0:
                self.assertEqual(sender.wait(seq), f"OK {seq}")
        for seq in sent:
            self.assertEqual(sender.wait(seq), f"OK {seq}")
        hub.sender = sender
        return hub, sent

    def send_again(self, sender, sent):
        messages = list(sent.items())
        for start in range(0, len(messages), 10):
            window = messages[start : start + 10]
            for seq, (text, payload, keys) in window:
                sender.post(text, payload, seq=seq, **keys)
            for seq, _ in window:
                self.assertEqual(sender.wait(seq), f"OK {seq}")

    def back_up(self, hub):
        """What the hub does once a day."""
        folder = os.path.join(hub.data, "backup")
        os.makedirs(folder, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self.index(hub))) as source:
            with contextlib.closing(sqlite3.connect(os.path.join(folder, "index-2026-11-19.sqlite3"))) as target:
                source.backup(target)

    def index(self, hub, suffix=""):
        return os.path.join(hub.data, "index.sqlite3" + suffix)

    def flush(self, hub):
        """Brings the write-ahead log into the file, as SQLite does now and then."""
        with contextlib.closing(sqlite3.connect(self.index(hub))) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def overwrite(self, path, offset, data):
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(data)

    def root(self, hub, table):
        return hub.rows("SELECT rootpage FROM sqlite_schema WHERE name = ?", table)[0]["rootpage"]

    def leaves(self, hub, table):
        """Pages of a table that hold its rows (SQLite's dbstat)."""
        return [row["pageno"] for row in hub.rows("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", table)]

    def assert_salvaged(self, hub, sent, runs=False):
        """`runs`: at work, without a start."""
        if not runs:
            hub.start()
        hub.program.wait_line(r"the index was salvaged")
        # What was acknowledged is there.
        contents = sorted(hub.read(path) for path in hub.pictures())
        self.assertEqual(contents, sorted(payload for _, payload, _ in sent.values() if payload))
        rows = hub.image_rows()
        self.assertEqual(sorted(row["path"] for row in rows), hub.pictures(), "each file has a row, each row a file")
        texts = sorted(text for text, payload, _ in sent.values() if not payload)
        self.assertEqual(sorted(text for text in hub.log_texts() if "|motion|" in text), texts)
        events = [row["text"] for row in hub.rows("SELECT text FROM events") if "|motion|" in row["text"]]
        self.assertEqual(sorted(events), texts)
        # It says what happened.
        reports = os.listdir(os.path.join(hub.data, "reports"))
        self.assertEqual(len(reports), 1)
        with open(os.path.join(hub.data, "reports", reports[0])) as file:
            hub.report = file.read()
        wait_until(lambda: any(text.startswith("imagehub|salvaged|index|") for text in hub.log_texts()))
        self.assertTrue([name for name in os.listdir(hub.data) if name.startswith("index.sqlite3.corrupt-")])
        # All sent again: nothing is stored twice.
        with kit.BootSender(hub.address, boot=hub.sender.boot) as again:
            self.send_again(again, sent)
            self.assertEqual(again.send("Barn door|jpg", jpeg(b"new"), seq=100_000), "OK 100000")
        self.assertEqual(len(hub.pictures()), len(contents) + 1)
        self.assertEqual(len([text for text in hub.log_texts() if "|motion|" in text]), len(texts))
        self.assertEqual(hub.stop(), 0)
        for level in ("size", "content"):
            done, out, err = kit.run([kit.IMAGEHUB, "check", "--level", level, "--path", hub.folder])
            self.assertEqual(done, 0, out + err)
        # And once is enough.
        hub.start()
        self.assertEqual(hub.stop(), 0)
        self.assertEqual(os.listdir(os.path.join(hub.data, "reports")), reports)

    def killed(self, **keys):
        hub, sent = self.filled(**keys)
        hub.kill()
        self.flush(hub)
        return hub, sent

    def test_a_header_that_is_destroyed(self):
        hub, sent = self.killed()
        self.overwrite(self.index(hub), 0, noise(100))
        self.assert_salvaged(hub, sent)
        self.assertNotIn("could not be read", hub.report)
        self.assertIn(" 0 pictures, 0 log lines", hub.report)

    def test_the_newest_three_damaged_ones_are_kept(self):
        # The second time the clock has been set back since.
        for year in (2020, 2090):
            with self.subTest(year):
                hub, sent = self.killed(images=20, events=10)
                names = [f"index.sqlite3.corrupt-{year}-01-0{day}T00.00.00" for day in (1, 2, 3)]
                for name in names:
                    for part in ("", "-wal"):
                        with open(os.path.join(hub.data, name + part), "w") as file:
                            file.write("of another time")
                self.overwrite(self.index(hub), 0, noise(100))
                self.assert_salvaged(hub, sent)
                kept = {name.removesuffix("-wal").removesuffix("-shm") for name in os.listdir(hub.data) if ".corrupt-" in name}
                self.assertEqual(len(kept), 3, kept)
                self.assertEqual(kept & set(names), set(names[1:]))
                hub.close()

    def test_a_first_page_that_is_destroyed(self):
        hub, sent = self.killed()
        self.overwrite(self.index(hub), 0, noise(PAGE))
        self.assert_salvaged(hub, sent)
        self.assertIn(" 0 pictures, 0 log lines", hub.report)

    def test_a_file_that_is_cut(self):
        hub, sent = self.killed()
        os.truncate(self.index(hub), os.path.getsize(self.index(hub)) // 2)
        self.assert_salvaged(hub, sent)

    def test_a_file_that_is_empty(self):
        hub, sent = self.killed(backup_after=300)
        os.truncate(self.index(hub), 0)
        self.assert_salvaged(hub, sent)
        self.assertRegex(hub.report, r"From the backup of 2026-11-19: [1-9]\d* pictures, [1-9]")
        self.assertIn("Not recovered: an unknown number of rows of images, from ", hub.report)

    def test_a_file_that_is_no_database_and_no_backup(self):
        hub, sent = self.killed()
        with open(self.index(hub), "wb") as file:
            file.write(noise(200_000))
        self.assert_salvaged(hub, sent)
        self.assertIn("Not recovered: an unknown number of rows of images", hub.report)
        self.assertIn("400 pictures, ", hub.report)

    def overwrite_page(self, hub, page):
        self.overwrite(self.index(hub), (page - 1) * PAGE, b"\x0d" + noise(PAGE - 1))

    def find_damage(self, hub, sent, line):
        """Has the hub read its index of identities, until it says so."""
        with kit.BootSender(hub.address, boot=hub.sender.boot) as again:
            for seq, (text, payload, keys) in sent.items():
                again.post(text, payload, seq=seq, **keys)
            hub.program.wait_line(line)

    def test_damage_that_is_found_at_work_is_salvaged_by_the_hub_that_runs(self):
        systemd = kit.Systemd(self)
        hub, sent = self.killed(env=systemd.env)
        # A start does not read this one.
        self.overwrite_page(hub, self.root(hub, "images_by_identity"))
        hub.start_again_at(hub.address)
        self.find_damage(hub, sent, r"the index is damaged: .*the hub begins anew")
        self.assert_salvaged(hub, sent, runs=True)
        self.assertIn(" 0 pictures, 0 log lines", hub.report)
        # A salvage of millions of rows takes longer than its watchdog waits.
        changes = [message for message in systemd.told if message.startswith("WATCHDOG_USEC=")]
        self.assertEqual(changes[:2], ["WATCHDOG_USEC=3600000000", "WATCHDOG_USEC=60000000"])

    def test_damage_that_the_daily_backup_finds_is_salvaged_too(self):
        hub, sent = self.killed()
        shutil.rmtree(os.path.join(hub.data, "backup"), ignore_errors=True)
        leaves = self.leaves(hub, "images_by_identity")
        self.overwrite_page(hub, leaves[len(leaves) // 2])
        hub.start_again_at(hub.address)
        hub.program.wait_line(r"the index is damaged: .*the hub begins anew")
        self.assert_salvaged(hub, sent, runs=True)

    def test_a_salvage_that_is_soon_needed_again_ends_the_hub(self):
        hub, sent = self.killed(images=100, events=50)
        self.overwrite_page(hub, self.root(hub, "images_by_identity"))
        hub.start_again_at(hub.address)
        self.find_damage(hub, sent, r"the index is damaged: .*the hub begins anew")
        listens = lambda: sum("listens on" in line for line in hub.program.lines)
        wait_until(lambda: listens() == 2, what="the hub that begins anew")
        os.truncate(self.index(hub), PAGE)
        self.find_damage(hub, sent, r"the index is damaged again: .*look at the disk, then start imagehub again")
        self.assertEqual(hub.program.wait(), 1)
        shutil.rmtree(os.path.join(hub.data, "reports"))  # of the first time
        self.assert_salvaged(hub, sent)

    def mark(self, hub):
        with open(self.index(hub, ".damaged"), "w") as file:
            file.write("found by a test")

    def test_rows_that_are_unreadable_come_from_the_backup_or_from_the_files(self):
        hub, sent = self.killed(images=600, events=400, backup_after=500)
        for table in ("images", "events"):
            leaves = self.leaves(hub, table)
            self.assertGreater(len(leaves), 4)
            for page in (leaves[0], leaves[len(leaves) // 2], leaves[-2], leaves[-1]):
                self.overwrite(self.index(hub), (page - 1) * PAGE, noise(PAGE))
        self.mark(hub)
        self.assert_salvaged(hub, sent)
        self.assertIn("could not be read", hub.report)
        self.assertIn("Not recovered: at most ", hub.report)
        self.assertRegex(hub.report, r"From the backup of 2026-11-19: [1-9]\d* pictures, [1-9]")
        self.assertRegex(hub.report, r"Adopted, since they had no row: [1-9]\d* pictures, [1-9]\d* log lines, captured")

    def test_the_roots_of_all_tables(self):
        for table in ("boots", "identities", "images", "events", "meta", "nodes"):
            with self.subTest(table):
                hub, sent = self.killed(images=100, events=50)
                self.overwrite(self.index(hub), (self.root(hub, table) - 1) * PAGE, noise(PAGE))
                self.mark(hub)
                self.assert_salvaged(hub, sent)
                hub.close()

    def test_a_write_ahead_log_with_garbage(self):
        hub, sent = self.filled(images=40, events=20)
        hub.kill()
        size = os.path.getsize(self.index(hub, "-wal"))
        self.overwrite(self.index(hub, "-wal"), size // 2, noise(1000))
        self.assert_salvaged(hub, sent)

    def test_a_write_ahead_log_that_begins_with_garbage(self):
        hub, sent = self.filled(images=40, events=20)
        hub.kill()
        self.overwrite(self.index(hub, "-wal"), 0, noise(32))
        self.assert_salvaged(hub, sent)

    def test_a_quiet_hub_backs_its_index_up_and_says_so(self):
        hub = self.hub()
        with self.boot(hub) as sender:
            sender.send("Barn|jpg", jpeg(b"1"))
        last = wait_until(lambda: hub.status()["backup"]["last_ns"], what="backup")
        self.assertEqual(hub.status()["backup"]["problem"], "")
        self.assertGreater(last, hub.image_rows()[0]["received_ns"])
        (name,) = os.listdir(os.path.join(hub.data, "backup"))
        with contextlib.closing(sqlite3.connect(os.path.join(hub.data, "backup", name))) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM images").fetchone(), (1,))

    def test_a_folder_of_pictures_that_is_not_mounted_costs_no_rows(self):
        hub, sent = self.filled(images=60, events=0)
        self.assertEqual(hub.stop(), 0)
        images, rows = len(hub.pictures()), len(hub.image_rows())
        self.assertEqual(images, rows)
        aside = os.path.join(hub.folder, "aside")
        os.rename(hub.images, aside)
        self.mark(hub)
        hub.start()
        hub.program.wait_line(rf"{rows} of {rows} pictures are not in {hub.images}, as if it was not mounted")
        hub.program.wait_line(r"the index was salvaged: 0 rows without file removed")
        self.assertEqual(hub.stop(), 0)
        shutil.rmtree(hub.images)
        os.rename(aside, hub.images)
        self.assertEqual((len(hub.pictures()), len(hub.image_rows())), (images, rows))
        code, out, _ = kit.run([kit.IMAGEHUB, "check", "--path", hub.folder, "--level", "content"])
        self.assertEqual(code, 0, out)

    def test_a_crash_in_the_middle_of_the_salvage_is_no_harm(self):
        # As it lies there when the new index is complete and the old one set aside in part.
        hub, sent = self.killed(images=100, events=50)
        self.overwrite(self.index(hub), 0, noise(100))
        hub.start()
        hub.program.wait_line(r"the index was salvaged")
        hub.kill()
        self.flush(hub)
        with contextlib.closing(sqlite3.connect(self.index(hub))) as database:
            with database:
                database.execute("INSERT INTO meta VALUES ('salvage_report', ?)",
                                 (os.listdir(os.path.join(hub.data, "reports"))[0],))
            database.execute("PRAGMA journal_mode = DELETE").fetchall()
        os.rename(self.index(hub), self.index(hub, ".salvaged"))
        with open(self.index(hub, ".salvage.tmp"), "wb") as file:
            file.write(b"half")
        self.assert_salvaged(hub, sent)


if __name__ == "__main__":
    unittest.main()
