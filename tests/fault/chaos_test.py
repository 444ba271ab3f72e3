"""Two minutes of chaos, and that its checker sees what it is there for."""

import collections
import contextlib
import glob
import json
import os
import signal
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
from chaos import Chaos
from chaos_plan import CHUNK_ROWS, HUBS, KINDS, Fault, make_plan
from in_flight import LIBRARY, Trace
from node_kit import Node, scene

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
    """A hub with three images, two events and two chunks of rows, and a node's ledger of them."""

    def setUp(self):
        hub = self.hub()
        self.ledger = os.path.join(self.folder(), "ledger.tsv")
        with self.boot(hub) as sender, open(self.ledger, "w") as file:
            self.sender_boot = sender.boot
            hub_id = sender_id(hub)
            for n in range(7):
                text, kind = ("Barn door|jpg", "image") if n < 3 else (f"Barn door|motion|{n}", "event")
                payload, keys = jpeg(b"%d" % n), {}
                if n >= 5:
                    text, kind, payload = "Barn|data|meter", "data", self.chunk(n - 5)
                    keys = {"source": "meter", "content": "text/csv"}
                self.assertEqual(sender.send(text, payload, **keys), f"OK {n + 1}")
                fields = [sender.boot, n + 1, 1, kind, crc32c(payload), len(payload), hub_id, text]
                file.write("\t".join(map(str, fields)) + "\n")
        self.assertEqual(hub.stop(), 0)
        self.kept = hub

    @staticmethod
    def chunk(number):
        ids = range(number * CHUNK_ROWS + 1, (number + 1) * CHUNK_ROWS + 1)
        return b"ID,Timestamp,n\r\n" + b"".join(b"%d,1795168800.5,7\r\n" % row for row in ids)

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
        chaos_check.check_rows(store, found)
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

    def change_rows(self, change):
        (path,) = glob.glob(os.path.join(self.kept.data, "data", "*", "*", "*", "*", "*.csv"))
        with open(path, newline="") as file:
            lines = file.read().splitlines(keepends=True)
        with open(path, "w", newline="") as file:
            file.writelines(change(lines))

    def test_a_chunk_whose_rows_are_missing_is_lost(self):
        self.change_rows(lambda lines: lines[: 1 + CHUNK_ROWS])
        self.assertEqual(self.findings(), {"lost"})
        os.remove(glob.glob(os.path.join(self.kept.data, "data", "*", "*", "*", "*", "*.csv"))[0])
        self.assertEqual(self.findings(), {"lost"})

    def test_rows_that_changed_are_torn(self):
        self.change_rows(lambda lines: [*lines[:-1], lines[-1].replace("7", "8")])
        self.assertEqual(self.findings(), {"lost", "torn"})

    def test_rows_that_no_chunk_brought_are_torn(self):
        self.change("DELETE FROM chunks WHERE seq = 7")
        self.assertEqual(self.findings(), {"lost", "torn"})  # the ledger has it

    def test_a_row_that_is_there_twice_is_doubled(self):
        self.change_rows(lambda lines: [*lines, lines[-1]])
        self.assertIn("doubled", self.findings())

    def test_rows_that_stand_in_another_order_are_out_of_order(self):
        self.change_rows(lambda lines: [lines[0], *lines[1 + CHUNK_ROWS :], *lines[1 : 1 + CHUNK_ROWS]])
        self.assertEqual(self.findings(), {"disordered"})

    def test_a_batch_that_grows_after_a_stop_is_a_stray(self):
        os.makedirs(os.path.join(self.kept.data, "data", ".incoming", "batch-9"))
        self.assertEqual(self.findings(), {"strays"})

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


class InFlight(unittest.TestCase):
    """What a trace tells of messages that are sent and not answered."""

    HUBS = {"tcp://1": "H1", "tcp://2": "H2"}

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="trace-")
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "trace")
        self.trace = Trace(self.path, self.HUBS)

    def write(self, *lines, pid=7):
        with open(self.path, "a") as file:
            file.writelines(f"{pid}\t" + line.replace(" ", "\t", 2) + "\n" for line in lines)

    def seqs(self, *hubs, pid=7):
        return sorted(seq for _, (_, seq) in self.trace.in_flight(pid, hubs))

    @staticmethod
    def sent(seq, socket=1):
        return f'{socket} sent {{"boot":"b","seq":{seq}}}'

    def test_nothing_is_in_flight_without_a_trace(self):
        self.assertEqual(self.seqs("H1"), [])

    def test_what_was_sent_is_in_flight_until_it_is_answered(self):
        self.write("1 connect tcp://1", self.sent(1), self.sent(2), self.sent(3), self.sent(4))
        self.assertEqual(self.seqs("H1"), [1, 2, 3, 4])
        self.write("1 reply OK 1", "1 reply RETRY 2 disk full", "1 reply REJECT 3 wrong crc", "1 reply WAIT busy")
        self.assertEqual(self.seqs("H1"), [4])

    def test_it_is_in_flight_to_the_hub_that_got_it(self):
        self.write("1 connect tcp://1", "2 connect tcp://2", self.sent(1), self.sent(2, socket=2))
        self.assertEqual((self.seqs("H1"), self.seqs("H2"), self.seqs("H1", "H2")), ([1], [2], [1, 2]))
        self.write("2 reply OK 1")
        self.assertEqual(self.seqs("H1"), [1])

    def test_it_ends_with_its_connection_and_with_its_process(self):
        self.write("1 connect tcp://1", self.sent(1), "2 connect tcp://2", self.sent(2, socket=2), "1 close ")
        self.assertEqual(self.seqs("H1", "H2"), [2])
        self.assertEqual(self.seqs("H1", "H2", pid=8), [])
        self.write("1 connect tcp://1", self.sent(3), pid=8)
        self.assertEqual(self.seqs("H1", "H2", pid=8), [3])

    def test_keep_alives_other_sockets_and_half_lines_do_not_count(self):
        self.write("1 connect tcp://1", '1 sent {"boot":"b"}', "3 connect inproc://x", self.sent(5, socket=3))
        with open(self.path, "a") as file:
            file.write('7\t1\tsent\t{"boot":"b","s')
        self.assertEqual(self.seqs("H1"), [])
        with open(self.path, "a") as file:
            file.write('eq":6}\n')
        self.assertEqual(self.seqs("H1"), [6])


class Counting(unittest.TestCase):
    """A fault counts when a message was in flight before it began and still is when it has begun."""

    class Part:
        def __init__(self, name, running, *in_flight):
            self.name, self.program, self.trace = name, unittest.mock.Mock(pid=7), unittest.mock.Mock()
            self.alive = lambda: running
            self.trace.in_flight.side_effect = in_flight

    def count(self, target, *in_flight, running=True, hub_running=True, patience=0.0):
        chaos = Chaos.__new__(Chaos)
        nodes = {"N1": self.Part("N1", running, *in_flight)}
        hubs = {hub: self.Part(hub, hub_running) for hub in HUBS}
        chaos.world = unittest.mock.Mock(nodes=nodes, hubs=hubs, parts={**nodes, **hubs})
        self.asked = nodes["N1"].trace.in_flight
        return chaos.counting(Fault(1, 0, "", target, 0), patience)()

    def test_what_was_answered_meanwhile_or_sent_since_does_not_count(self):
        for target in ("N1", "H1", "0>H1", "*>*"):
            self.assertEqual(self.count(target, {1, 2, 3}, {2, 3, 4}), 2)
            self.assertEqual(self.count(target, {1}, {2}), 0)

    def test_a_fault_waits_a_moment_for_a_message(self):
        self.assertEqual(self.count("H1", set(), set(), {1, 2}, {2}, patience=kit.TIMEOUT), 1)
        self.assertEqual(self.count("H1", set(), {1}), 0)

    def test_only_messages_that_the_fault_may_meet_are_asked_for(self):
        for target, hubs in (("N1", set(HUBS)), ("H1", {"H1"}), ("0>H2", {"H2"}), ("0>*", set(HUBS))):
            self.count(target, set(), set())
            self.asked.assert_called_with(7, hubs)
        self.count("2>H1", set(), set())
        self.asked.assert_not_called()

    def test_nothing_is_in_flight_where_the_target_or_the_node_is_down(self):
        self.assertEqual(self.count("N1", {1}, {1}, running=False), 0)
        self.assertEqual(self.count("H1", {1}, {1}, hub_running=False), 0)
        self.assertEqual(self.count("0>*", {1}, {1}, running=False), 0)


class WireTrace(kit.HubTest):
    def test_a_node_s_message_is_in_flight_while_the_hub_is_frozen(self):
        hub = self.hub()
        address = f"tcp://127.0.0.1:{hub.port}"
        path = os.path.join(self.folder(), "trace")
        trace = Trace(path, {address: "H1"})
        node = Node([address], {"T1": scene()}, env={"LD_PRELOAD": LIBRARY, "WIRE_TRACE": path}, ledger="ledger.tsv")
        self.addCleanup(node.close)
        ledger = os.path.join(node.folder, "ledger.tsv")

        def acknowledged():
            with contextlib.suppress(FileNotFoundError), open(ledger) as file:
                return {(line.split("\t")[0], int(line.split("\t")[1])) for line in file}
            return set()

        def in_flight():
            return {message for _, message in trace.in_flight(node.program.pid, {"H1"})}

        kit.wait_until(acknowledged, what="a message that is acknowledged")
        hub.program.send_signal(signal.SIGSTOP)
        # Several, so that the replies that were on their way are there.
        kit.wait_until(lambda: len(in_flight()) >= 3, what="messages that are not answered")
        seen = in_flight()
        self.assertFalse(seen & acknowledged())
        hub.program.send_signal(signal.SIGCONT)
        kit.wait_until(lambda: seen <= acknowledged(), what="their acknowledgement")
        self.assertFalse(seen & in_flight())


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
        if os.environ.get("CI") == "true":
            self.assertEqual(report["not played"], [], "where all changes are tested, all faults are played")
        if not report["not played"]:
            self.assertEqual(report["kinds played"], sorted(KINDS))


if __name__ == "__main__":
    unittest.main()
