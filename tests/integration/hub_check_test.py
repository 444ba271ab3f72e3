"""imagehub check: each kind of damage is found and repaired; beside a hub at work it finds nothing wrong."""

import contextlib
import json
import os
import shutil
import sqlite3
import threading
import unittest

import kit
from kit import jpeg, wait_until


class Check(kit.HubTest):
    def check(self, hub, *arguments, status=0):
        """Runs `imagehub check --json` and returns what it prints."""
        done, out, err = kit.run([kit.IMAGEHUB, "check", "--json", "--path", hub.folder, *arguments])
        self.assertEqual(done, status, out + err)
        return json.loads(out) if out else err

    def found(self, report):
        return {kind: [one["what"] for one in list_] for kind, list_ in report["found"].items() if list_}

    def filled(self, images=5, events=5):
        """A stopped hub with images and events."""
        hub = self.hub()
        sender = self.boot(hub)
        for n in range(images):
            self.assertTrue(sender.send("Barn door|jpg", jpeg(str(n).encode(), 2000)).startswith("OK"))
        for n in range(events):
            self.assertTrue(sender.send(f"Barn door|motion|{n}").startswith("OK"))
        self.assertEqual(hub.stop(), 0)
        return hub

    def execute(self, hub, *statement):
        with contextlib.closing(sqlite3.connect(os.path.join(hub.data, "index.sqlite3"))) as database:
            with database:
                database.execute(*statement)

    def path(self, hub, picture):
        return os.path.join(hub.images, picture)

    def test_all_is_well_after_a_clean_stop_at_every_level(self):
        hub = self.filled()
        for level in ("presence", "size", "content"):
            report = self.check(hub, "--level", level)
            self.assertTrue(report["good"])
            self.assertEqual(self.found(report), {})
            self.assertEqual((report["images"], report["unfinished"]), (5, 0))
            self.assertGreaterEqual(report["events"], 5)
        self.assertEqual(report["bytes_read"], 5 * 2000)

    def test_a_missing_picture_is_found_and_its_row_moved_into_a_report(self):
        hub = self.filled()
        gone = hub.pictures()[2]
        os.remove(self.path(hub, gone))
        self.assertEqual(self.found(self.check(hub, "--level", "presence", status=1)),
                         {"row_without_file": ["images/" + gone]})
        repaired = self.check(hub, "--repair")["repaired"]
        self.assertEqual(repaired["rows_moved"], 1)
        with open(repaired["report"]) as file:
            self.assertIn(gone, file.read())
        self.assertNotIn(gone, [row["path"] for row in hub.image_rows()])
        self.check(hub)
        # Its identity stays: what comes again is not stored again.
        self.assertEqual([(row["low"], row["high"]) for row in hub.rows("SELECT * FROM identities")], [(1, 10)])

    def test_a_folder_of_pictures_that_is_not_mounted_is_not_taken_for_lost_pictures(self):
        hub = self.filled(images=30)
        aside = os.path.join(hub.folder, "aside")
        os.rename(hub.images, aside)
        rows = hub.image_rows()
        for arguments in (("--repair",), ("--repair", "--level", "presence")):
            code, _, err = kit.run([kit.IMAGEHUB, "check", "--path", hub.folder, *arguments])
            self.assertEqual(code, 74)
            self.assertIn(f"30 of 30 pictures are not in {hub.images}", err)
            self.assertIn("Mount it", err)
        self.assertEqual(hub.image_rows(), rows)
        shutil.rmtree(hub.images, ignore_errors=True)
        os.rename(aside, hub.images)
        self.assertTrue(self.check(hub, "--repair")["good"])
        for picture in hub.pictures()[:20]:
            os.remove(os.path.join(hub.images, picture))
        self.assertEqual(self.check(hub, "--repair", "--lost-files")["repaired"]["rows_moved"], 20)
        self.assertEqual(len(hub.image_rows()), 10)

    def test_after_a_crash_a_folder_that_is_not_mounted_costs_no_rows_and_no_identities(self):
        hub = self.hub()
        sender = self.boot(hub)
        for n in range(25):
            sender.send("Barn|jpg", jpeg(str(n).encode()))
        # So that some are finished and others are not.
        finished = "SELECT value FROM meta WHERE key = 'images_finished'"
        hub.kill()
        self.execute(hub, "UPDATE meta SET value = 20 WHERE key = 'images_finished'")
        self.execute(hub, "INSERT INTO garbage VALUES ('2026-01-02/gone.jpg')")
        identities = "SELECT low, high FROM identities"
        before = (hub.image_rows(), hub.rows(identities))
        aside = os.path.join(hub.folder, "aside")
        os.rename(hub.images, aside)
        for arguments in (["check", "--repair"], []):
            code, _, err = kit.run([kit.IMAGEHUB, *arguments, "--path", hub.folder])
            self.assertEqual(code, 74 if arguments else 1, err)
            self.assertIn(hub.images, err)
            self.assertIn("mounted", err)
            self.assertIn("--lost-files", err)
            # The repair does not so much as make the folder.
            self.assertEqual(os.path.exists(hub.images), not arguments)
            self.assertEqual((hub.image_rows(), hub.rows(identities)), before)
            self.assertEqual(hub.rows(finished)[0]["value"], 20)
            self.assertEqual(len(hub.rows("SELECT * FROM garbage")), 1)
        shutil.rmtree(hub.images)
        os.rename(aside, hub.images)
        self.assertTrue(self.check(hub, "--repair", "--level", "content")["good"])
        self.assertEqual(len(hub.image_rows()), 25)
        shutil.rmtree(hub.images)
        self.execute(hub, "UPDATE meta SET value = 20 WHERE key = 'images_finished'")
        self.assertTrue(self.check(hub, "--repair", "--lost-files")["good"])
        self.assertEqual(hub.image_rows(), [])
        hub.start()
        self.assertEqual(hub.stop(), 0)

    def test_a_cut_picture_is_found_by_size_and_a_changed_one_by_content(self):
        hub = self.filled()
        cut, changed = hub.pictures()[:2]
        os.truncate(self.path(hub, cut), 100)
        with open(self.path(hub, changed), "r+b") as file:
            file.seek(500)
            file.write(b"?")
        self.assertEqual(self.found(self.check(hub, "--level", "presence")), {})
        self.assertEqual(self.found(self.check(hub, status=1)), {"wrong_size": ["images/" + cut]})
        both = {"wrong_size": ["images/" + cut], "wrong_content": ["images/" + changed]}
        self.assertEqual(self.found(self.check(hub, "--level", "content", status=1)), both)
        # No program can repair these, so they stay found, and where they are.
        self.assertEqual(self.found(self.check(hub, "--level", "content", "--repair", status=1)), both)
        self.assertEqual(len(hub.pictures()), 5)

    def test_a_picture_without_row_is_found_and_adopted(self):
        hub = self.filled()
        lost = hub.pictures()[0]
        self.execute(hub, "DELETE FROM images WHERE path = ?", (lost,))
        self.assertEqual(self.found(self.check(hub, status=1)), {"file_without_row": ["images/" + lost]})
        self.assertEqual(self.check(hub, "--repair")["repaired"]["adopted"], 1)
        self.check(hub, "--level", "content")
        row = [row for row in hub.image_rows() if row["path"] == lost][0]
        self.assertEqual((row["node"], row["view"], row["adopted"], row["crc"]), ("Barn", "door", 1, -1))

    def test_a_picture_from_before_the_index_is_no_difference(self):
        hub = self.filled()
        folder = os.path.join(hub.images, "2019-01-02")
        os.mkdir(folder)
        old = os.path.join(folder, "Barn-2019-01-02T03.04.05.jpg")
        with open(old, "wb") as file:
            file.write(jpeg())
        os.utime(old, (1546398245, 1546398245))
        self.assertEqual(self.found(self.check(hub)), {"old_file": ["images/2019-01-02/" + os.path.basename(old)]})
        self.assertEqual(self.check(hub, "--repair")["repaired"]["adopted"], 1)
        self.assertEqual(self.found(self.check(hub)), {})

    def test_lines_that_are_gone_are_found_and_appended(self):
        hub = self.filled()
        lines = hub.log_texts()
        os.remove(hub.log_path)
        missing = self.found(self.check(hub, status=1))["event_without_line"]
        self.assertEqual([text for text in missing if "hub" not in text], lines)
        self.assertGreaterEqual(self.check(hub, "--repair")["repaired"]["lines"], 5)
        self.assertEqual(hub.log_texts(), lines)
        self.check(hub)

    def test_a_changed_line_is_found(self):
        hub = self.filled()
        with open(hub.log_path) as file:
            text = file.read()
        with open(hub.log_path, "w") as file:
            file.write(text.replace("motion|3", "motion|7"))
        self.assertEqual(self.found(self.check(hub, status=1)), {"event_without_line": ["Barn door|motion|3"]})

    def test_another_time_zone_is_no_difference(self):
        hub = self.filled()
        done, out, _ = kit.run([kit.IMAGEHUB, "check", "--path", hub.folder], env={"TZ": "Asia/Kathmandu"})
        self.assertEqual(done, 0, out)

    def test_temporary_files_are_found_and_removed(self):
        hub = self.filled()
        names = ["images/.incoming/plain.7", "backup/index-2026-01-01.sqlite3.tmp"]
        os.mkdir(os.path.join(hub.data, "backup"))
        for name in names:
            with open(os.path.join(hub.data, name), "wb") as file:
                file.write(b"x")
        self.assertEqual(self.found(self.check(hub, status=1)), {"temporary": names})
        self.check(hub, "--repair")
        self.assertEqual([name for name in names if os.path.exists(os.path.join(hub.data, name))], [])
        self.check(hub)

    def test_two_rows_of_one_file_are_found(self):
        hub = self.filled()
        first, second = hub.pictures()[:2]
        self.execute(hub, "UPDATE images SET path = ? WHERE path = ?", (first, second))
        found = self.found(self.check(hub, status=1))
        self.assertEqual(found["shared_file"], ["images/" + first] * 2)
        self.assertEqual(found["file_without_row"], ["images/" + second])

    def test_a_page_that_was_overwritten_is_found_by_content(self):
        hub = self.filled(images=100)
        path = os.path.join(hub.data, "index.sqlite3")
        page = hub.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'images_by_received'")[0]["rootpage"]
        with open(path, "r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\x55" * 4096)
        self.assertIn("damaged_index", self.found(self.check(hub, "--level", "content", status=1)))

    def test_after_a_crash_the_repair_finishes_what_the_start_would_have(self):
        hub = self.hub()
        sender = self.boot(hub)
        for n in range(20):
            sender.send("Barn|jpg", jpeg(str(n).encode()))
        hub.kill()
        self.check(hub, "--repair")
        report = self.check(hub, "--level", "content")
        self.assertEqual((report["images"], report["unfinished"]), (20, 0))

    def test_beside_a_hub_at_work_nothing_is_wrong_and_nothing_may_be_repaired(self):
        hub = self.hub()
        stop = threading.Event()
        counts = [0, 0]

        def load(slot):
            with kit.BootSender(hub.address) as sender:
                while not stop.is_set():
                    n = sender.post("Barn door|jpg", jpeg(os.urandom(8), 3000)) if counts[slot] % 3 else sender.post(
                        f"Barn door|motion|{counts[slot]}")
                    sender.wait(n)
                    counts[slot] += 1

        threads = [threading.Thread(target=load, args=(slot,)) for slot in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(5):
                goal = sum(counts) + 50
                wait_until(lambda: sum(counts) >= goal, what="load")
                report = self.check(hub, "--level", "content")
                self.assertTrue(report["beside_hub"])
                self.assertEqual(self.found(report), {})
            message = self.check(hub, "--repair", status=75)
            self.assertIn(f"process {hub.program.pid}", message)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(hub.stop(), 0)
        report = self.check(hub, "--level", "content")
        self.assertEqual(report["images"] + report["events"] - 2, sum(counts))

    def test_what_cannot_be_checked_is_said_so(self):
        hub = self.hub(start=False)
        self.assertIn("data directory", self.check(hub, status=74))
        os.mkdir(hub.data)
        self.assertIn("there is no index", self.check(hub, status=74))

    def test_the_text_names_ten_of_each_kind_and_what_to_do(self):
        hub = self.filled(images=15)
        for picture in hub.pictures():
            os.remove(self.path(hub, picture))
        done, out, _ = kit.run([kit.IMAGEHUB, "check", "--path", hub.folder])
        self.assertEqual(done, 1)
        self.assertIn("15 times: pictures are gone", out)
        self.assertIn("and 5 more", out)
        self.assertIn("imagehub check --repair", out)

    def test_a_second_hub_is_refused_with_the_process_of_the_first(self):
        hub = self.hub()
        done, _, err = kit.run([kit.IMAGEHUB, "--path", hub.folder])
        self.assertEqual(done, 1)
        self.assertIn(f"in use by process {hub.program.pid}", err)


if __name__ == "__main__":
    unittest.main()
