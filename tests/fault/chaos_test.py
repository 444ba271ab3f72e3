"""Two minutes of chaos, and that its checker sees what it is there for."""

import collections
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import kit
from kit import crc32c, jpeg

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import chaos_check
from chaos_plan import KINDS, make_plan

# A seed whose two minutes have every kind of fault.
SEED = int(os.environ.get("CHAOS_SEED", "191"))


class Plan(unittest.TestCase):
    def test_a_seed_gives_one_plan_and_another_seed_another(self):
        self.assertEqual(make_plan(7, 600), make_plan(7, 600))
        self.assertNotEqual(make_plan(7, 600), make_plan(8, 600))

    def test_an_hour_has_all_kinds_and_hundreds_of_faults(self):
        plan = make_plan(7, 3600)
        self.assertEqual({fault.kind for fault in plan}, set(KINDS))
        self.assertGreater(len(plan), 600)
        self.assertLess(max(fault.at for fault in plan), 3600)


class Checker(kit.HubTest):
    """A hub with three images and two events, and a node's ledger of them."""

    def setUp(self):
        hub = self.hub()
        self.ledger = os.path.join(self.folder(), "ledger.tsv")
        with self.boot(hub) as sender, open(self.ledger, "w") as file:
            self.sender_boot = sender.boot
            hub_id = sender_id(hub)
            for n in range(5):
                text, kind = ("Barn door|jpg", "image") if n < 3 else (f"Barn door|motion|{n}", "event")
                payload = jpeg(b"%d" % n)
                self.assertEqual(sender.send(text, payload), f"OK {n + 1}")
                fields = [sender.boot, n + 1, 1, kind, crc32c(payload), len(payload), hub_id, text]
                file.write("\t".join(map(str, fields)) + "\n")
        self.assertEqual(hub.stop(), 0)
        self.kept = hub

    def change(self, statement, *values):
        with contextlib.closing(sqlite3.connect(os.path.join(self.kept.data, "index.sqlite3"))) as database:
            database.execute(statement, values)
            database.commit()

    def findings(self, with_program=False):
        found = collections.defaultdict(list)
        store = chaos_check.Store("H1", self.kept.data)
        lines = chaos_check.read_ledger(self.ledger, found)
        chaos_check.check_acknowledged(lines, [store], found)
        chaos_check.check_once_in_order(store, found)
        chaos_check.check_files(store, found)
        chaos_check.check_log(store, found)
        if with_program:
            chaos_check.check_by_program(store, found)
        return {kind for kind, texts in found.items() if texts}

    def first_picture(self):
        return os.path.join(self.kept.images, self.kept.pictures()[0])

    def test_a_good_store_is_good(self):
        self.assertEqual(self.findings(with_program=True), set())

    def test_a_row_that_is_missing_is_lost(self):
        self.change("DELETE FROM events WHERE seq = 5")
        self.assertIn("lost", self.findings())

    def test_a_file_that_is_missing_is_lost(self):
        os.remove(self.first_picture())
        self.assertEqual(self.findings(), {"lost"})
        self.assertIn("torn", self.findings(with_program=True))

    def test_a_file_with_another_byte_is_torn(self):
        with open(self.first_picture(), "r+b") as file:
            file.seek(5)
            file.write(b"!")
        self.assertEqual(self.findings(), {"torn"})

    def test_a_file_without_a_row_is_a_stray(self):
        with open(self.first_picture() + "-1.jpg", "wb") as file:
            file.write(jpeg(b"stray"))
        self.assertEqual(self.findings(), {"strays"})

    def test_a_message_that_is_there_twice_is_doubled(self):
        columns = "boot_id, node, view, source, text, time_ns, received_ns, late, payload_crc, fields, units, log_day, log_offset"
        self.change(f"INSERT INTO events({columns}, seq) SELECT {columns}, seq FROM events WHERE seq = 5")
        self.assertIn("doubled", self.findings())

    def test_numbers_that_fall_are_out_of_order(self):
        self.change("UPDATE images SET seq = 9 - seq WHERE seq < 4")
        self.assertIn("disordered", self.findings())

    def test_a_log_line_too_few_or_too_many_is_seen(self):
        with open(self.kept.log_path) as file:
            lines = file.readlines()
        with open(self.kept.log_path, "w") as file:
            file.writelines(line for line in lines if "motion|3" not in line)
        self.assertEqual(self.findings(), {"lost"})
        with open(self.kept.log_path, "w") as file:
            file.writelines([*lines, *(line for line in lines if "motion|3" in line)])
        self.assertEqual(self.findings(), {"doubled"})


def sender_id(hub):
    return hub.rows("SELECT value FROM meta WHERE key = 'hub_id'")[0]["value"]


class Gaps(unittest.TestCase):
    """Numbers that are nowhere."""

    def gaps(self, how, dropped, seqs, when="outage"):
        node = unittest.mock.Mock(when=when)
        node.name = "N1"
        node.boots.return_value = {"b": (how, dropped)}
        found = collections.defaultdict(list)
        gone = chaos_check.check_gaps(node, {"b": set(seqs)}, found)
        return bool(found["lost"]), gone

    def test_after_a_stop_all_are_there_or_were_reported(self):
        self.assertEqual(self.gaps("stopped", 0, [1, 2, 3]), (False, 0))
        self.assertEqual(self.gaps("stopped", 1, [1, 3]), (False, 0))
        self.assertEqual(self.gaps("stopped", 0, [1, 3]), (True, 0))

    def test_after_a_kill_what_was_in_memory_may_be_gone(self):
        self.assertEqual(self.gaps("killed", 0, [1, 3]), (False, 1))


class TwoMinutes(unittest.TestCase):
    def test_nothing_is_lost_doubled_disordered_or_torn(self):
        with tempfile.TemporaryDirectory(prefix="report-") as folder:
            path = os.path.join(folder, "report.json")
            words = [sys.executable, os.path.join(HERE, "chaos.py"), "--seed", str(SEED), "--report", path]
            done = subprocess.run(words, capture_output=True, text=True, timeout=600)
            print(done.stdout)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(path) as file:
                report = json.load(file)
        self.assertGreater(report["faults"], 10)
        self.assertGreater(report["messages acknowledged"], 1000)


if __name__ == "__main__":
    unittest.main()
