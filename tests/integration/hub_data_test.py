"""Rows: batches of CSV files, with what a kill -9 in their midst leaves, and what a check finds."""

import csv
import hashlib
import json
import os
import random
import shutil
import sqlite3
import struct
import unittest

import zmq

import kit
from kit import wait_until

HEADER = "ID,Timestamp,Temp (C)"
START = 1_795_168_800
SMALL = "data:\n  files_per_batch: 2\n  rows_per_file: 10\n"


def rows(first, last, header=HEADER):
    """A chunk with these numbers, ten rows a second."""
    lines = [f"{n},{START + n / 10:.3f},{n % 7}.5" for n in range(first, last + 1)]
    return "\r\n".join([header, *lines, ""]).encode()


def post(sender, payload, **keys):
    return sender.post("Lab|data", payload, source="arduino", content="text/csv", crc=False, **keys)


def send(sender, payload, **keys):
    return sender.wait(post(sender, payload, **keys))


def batches(hub):
    """(path below data/, manifest) of every closed batch, by path."""
    top = os.path.join(hub.data, "data")
    found = []
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if "manifest.json" in names:
            with open(os.path.join(folder, "manifest.json")) as file:
                found.append((os.path.relpath(folder, top), json.load(file)))
    return sorted(found)


def growing(hub):
    folder = os.path.join(hub.data, "data", ".incoming")
    return os.listdir(folder) if os.path.exists(folder) else []


class Rows:
    """A node's rows with a window of ten chunks; what is unanswered is sent again on the next connection."""

    def __init__(self, number):
        self.name = f"lab{number}"
        self.boot = os.urandom(8).hex()
        self.random = random.Random(number)
        self.seq = 0
        self.last = 0  # number of the last row that was sent
        self.waiting = {}  # seq: frames
        self.acknowledged = 0
        self.refusals = []
        self.socket = None

    def connect(self, address):
        if self.socket is not None:
            self.socket.close()
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(address)
        for frames in self.waiting.values():
            self.socket.send_multipart(frames)

    def fill(self):
        while len(self.waiting) < 10:
            self.seq += 1
            first, self.last = self.last + 1, self.last + self.random.randrange(1, 40)
            metadata = {"msg": f"{self.name}|data", "boot": self.boot, "seq": self.seq, "source": "arduino", "content": "text/csv"}
            self.waiting[self.seq] = [b"", json.dumps(metadata).encode(), rows(first, self.last)]
            self.socket.send_multipart(self.waiting[self.seq])

    def take(self):
        while self.socket.poll(0):
            word, number, *rest = self.socket.recv_multipart()[-1].decode().split(" ")
            if word == "OK":
                self.acknowledged += self.waiting.pop(int(number), None) is not None
            elif word != "WAIT":
                self.refusals.append((word, number, rest))


class Data(kit.HubTest):
    def check(self, hub, *arguments, status=0):
        done, out, err = kit.run([kit.IMAGEHUB, "check", "--json", "--path", hub.folder, *arguments])
        self.assertEqual(done, status, out + err)
        report = json.loads(out)
        return {kind: [one["what"] for one in found] for kind, found in report["found"].items() if found}, report

    def ids(self, hub, boot=None):
        """Numbers of all rows in the order of the batches' folders; files, digests and manifests are compared meanwhile."""
        found = []
        for path, manifest in batches(hub):
            if boot not in (None, manifest["boot"]):
                continue
            self.assertEqual(sum(file["rows"] for file in manifest["files"]), manifest["rows"])
            for file in manifest["files"]:
                with open(os.path.join(hub.data, "data", path, file["name"]), "rb") as stream:
                    content = stream.read()
                self.assertEqual(hashlib.sha256(content).hexdigest(), file["sha256"])
                lines = list(csv.reader(content.decode().splitlines()))
                self.assertEqual(",".join(lines[0]), HEADER)
                self.assertEqual(len(lines) - 1, file["rows"])
                self.assertTrue(all(len(line) == 3 for line in lines))
                found += [int(line[0]) for line in lines[1:]]
        return found

    def test_chunks_become_batches_and_a_stop_closes_what_is_open(self):
        hub = self.hub(settings=SMALL)
        sender = self.boot(hub)
        self.assertEqual(send(sender, rows(1, 15)), "OK 1")
        self.assertEqual((batches(hub), len(growing(hub))), ([], 1))
        self.assertEqual(send(sender, rows(16, 50)), "OK 2")
        wait_until(lambda: len(batches(hub)) == 2, what="two batches")
        self.assertEqual(hub.status()["data"]["rows"], 50)
        self.assertEqual(hub.stop(), 0)
        states = [(manifest["state"], manifest["rows"], manifest["batch"]) for _, manifest in batches(hub)]
        self.assertEqual(states, [("complete", 20, 1), ("complete", 20, 2), ("partial", 10, 3)])
        self.assertEqual(self.ids(hub), list(range(1, 51)))
        manifest = batches(hub)[0][1]
        self.assertEqual(manifest["columns"], [{"name": "ID", "unit": ""}, {"name": "Timestamp", "unit": ""}, {"name": "Temp", "unit": "C"}])
        self.assertEqual((manifest["node"], manifest["source"], manifest["boot"]), ("Lab", "arduino", sender.boot))
        self.assertEqual(manifest["first_ns"], (START * 10 + 1) * 100_000_000)
        self.assertEqual(manifest["last_ns"], (START + 2) * 1_000_000_000)
        self.assertEqual(growing(hub), [])
        found, report = self.check(hub, "--level", "content")
        self.assertEqual((found, report["batches"], report["unfinished"]), ({}, 3, 0))

    def test_a_chunk_that_comes_again_is_filed_once(self):
        hub = self.hub(settings=SMALL)
        sender = self.boot(hub)
        for _ in range(3):
            post(sender, rows(1, 5), seq=1)
            sender.receive()
        hub.kill()
        hub.start()
        again = self.boot(hub, boot=sender.boot)
        self.assertEqual(send(again, rows(1, 5), seq=1), "OK 1")
        self.assertEqual(hub.stop(), 0)
        self.assertEqual(self.ids(hub), list(range(1, 6)))

    def test_an_array_of_numbers_becomes_a_row_once_and_is_shown(self):
        hub = self.hub()
        sender = self.boot(hub)
        keys = {"source": "animals", "dtype": "float32", "shape": [2, 2], "units": {"samples": "C"}}
        for time, values in ((START, (20.5, 0.1, -2, 34)), (START + 1, (21, 0.2, -3, 35))):
            payload = struct.pack("<4f", *values)
            again = {"seq": sender.post("Barn|samples|animals", payload, time_ns=time * 10**9, **keys)}
            sender.wait(again["seq"])
        sender.post("Barn|samples|animals", payload, time_ns=time * 10**9, **keys, **again)
        self.assertEqual(sender.receive(), "OK 2")
        self.assertEqual(sender.send("Barn|samples|animals", b"1234", **keys | {"dtype": "float16", "shape": [2]}),
                         "REJECT 3 not rows: values of float16 are not stored; send float32, float64 or whole numbers")
        status, out, errors = kit.run([kit.IMAGEHUB, "live", "Barn", "animals", "--rows", "2", "--path", hub.folder])
        self.assertEqual((status, out.splitlines()[1:]), (0, ["1,%d.000000,20.5,0.1,-2,34" % START, "2,%d.000000,21,0.2,-3,35" % (START + 1)]), errors)
        self.assertEqual(hub.stop(), 0)
        ((path, manifest),) = batches(hub)
        with open(os.path.join(hub.data, "data", path, manifest["files"][0]["name"])) as file:
            self.assertEqual(file.read().splitlines(), out.splitlines())
        self.assertEqual(manifest["columns"][2], {"name": "r0c0", "unit": "C"})
        self.assertEqual(self.check(hub, "--level", "content")[0], {})

    def test_what_are_no_rows_is_rejected_with_place_cause_and_remedy(self):
        hub = self.hub()
        sender = self.boot(hub)
        for payload, why in (
            (b"1,2,3\r\n", "not rows: line 1: no header; begin each chunk with ID,Timestamp,<name> (<unit>)..."),
            (rows(1, 2) + b"3,4\r\n", "not rows: line 4: 2 columns, the header has 3; send as many fields as columns"),
            (rows(1, 2) + b"3,4,\xff\r\n", "not rows: not UTF-8; send text in UTF-8"),
            (b"", "not rows: line 1: no header; begin each chunk with ID,Timestamp,<name> (<unit>)..."),
            (rows(1, 1) + b"2,5," + b"x" * 70_000, "not rows: line 3: more than 65536 bytes in a row"),
        ):
            self.assertEqual(send(sender, payload), f"REJECT {sender.seq} {why}")
        self.assertEqual(sender.send("Lab|data", rows(1, 2)), "REJECT 6 not rows: its content is ''; send text/csv")
        self.assertEqual(hub.drops(), {"rejected: not rows": 6})
        self.assertEqual(send(sender, rows(1, 2)), "OK 7")
        self.assert_alive(hub)

    def test_names_can_be_those_of_an_older_program(self):
        hub = self.hub(settings=SMALL + '  name_pattern: "batch-%d%m%y-%H%M%S-{n}-{name}-{k}.csv"\n')
        self.assertEqual(send(self.boot(hub), rows(1, 20)), "OK 1")
        wait_until(lambda: batches(hub), what="a batch")
        names = [file["name"] for file in batches(hub)[0][1]["files"]]
        self.assertRegex(names[0], r"^batch-\d{6}-\d{6}-1-arduino-1\.csv$")
        self.assertRegex(names[1], r"^batch-\d{6}-\d{6}-1-arduino-2\.csv$")

    def test_kill_9_in_the_middle_of_batches_loses_no_row_and_doubles_none(self):
        chance = random.Random(7)
        hub = self.hub(settings=SMALL)
        address = hub.address
        senders = [Rows(number) for number in range(4)]
        self.addCleanup(lambda: [sender.socket.close() for sender in senders])

        def load(done, full):
            poller = zmq.Poller()
            for sender in senders:
                poller.register(sender.socket, zmq.POLLIN)
            while not done():
                if full:
                    for sender in senders:
                        sender.fill()
                self.assertTrue(poller.poll(int(1000 * kit.TIMEOUT)), "no reply comes")
                for sender in senders:
                    sender.take()

        for sender in senders:
            sender.connect(address)
        for _ in range(10):
            goal = sum(sender.acknowledged for sender in senders) + chance.randrange(10, 80)
            load(lambda: sum(sender.acknowledged for sender in senders) >= goal, full=True)
            hub.kill()
            hub.start_again_at(address)
            for sender in senders:
                sender.take()
                sender.connect(address)
        load(lambda: not any(sender.waiting for sender in senders), full=False)
        self.assertEqual([sender.refusals for sender in senders], [[]] * 4)
        self.assertEqual(hub.stop(), 0)
        for sender in senders:
            # Batches may begin at one row's time only, so the order of their folders is that of the rows.
            self.assertEqual(self.ids(hub, sender.boot), list(range(1, sender.last + 1)))
        self.assertEqual(growing(hub), [])
        found, report = self.check(hub, "--level", "content")
        self.assertEqual((found, report["batches"]), ({}, len(batches(hub))))

    def test_a_check_finds_what_is_wrong_with_batches_and_repairs_what_it_can(self):
        hub = self.hub(settings=SMALL)
        send(self.boot(hub), rows(1, 100))
        self.assertEqual(hub.stop(), 0)
        damaged, shorter, without_file, gone, without_row = [path for path, _ in batches(hub)]

        def file_of(path, number):
            name = dict(batches(hub))[path]["files"][number]["name"]
            return os.path.join(hub.data, "data", path, name), f"data/{path}/{name}"

        with open(file_of(damaged, 0)[0], "r+b") as file:
            file.seek(30)
            file.write(b"9")
        with open(file_of(shorter, 1)[0], "r+b") as file:
            file.truncate(50)
        os.remove(file_of(without_file, 0)[0])
        expected = {
            "batch_without_file": [file_of(without_file, 0)[1], file_of(gone, 0)[1], file_of(gone, 1)[1], f"data/{gone}/manifest.json"],
            "batch_wrong_content": [file_of(damaged, 0)[1], file_of(shorter, 1)[1]],
            "batch_without_row": ["data/" + without_row],
        }
        shutil.rmtree(os.path.join(hub.data, "data", gone))
        with sqlite3.connect(os.path.join(hub.data, "index.sqlite3")) as index:
            index.execute("DELETE FROM batches WHERE path = ?", [without_row])
        self.assertEqual(self.check(hub, "--level", "content", status=1)[0], expected)
        found, report = self.check(hub, "--level", "content", "--repair", status=1)
        self.assertEqual((report["repaired"]["batches_adopted"], report["repaired"]["batches_moved"]), (1, 1))
        del expected["batch_without_row"]
        expected["batch_without_file"] = expected["batch_without_file"][:1]
        self.assertEqual(found, expected)
        self.assertEqual(self.check(hub, "--level", "presence", status=1)[0], {"batch_without_file": expected["batch_without_file"]})

    def test_a_hub_that_was_killed_leaves_rows_that_a_check_calls_unfinished(self):
        hub = self.hub(settings=SMALL)
        send(self.boot(hub), rows(1, 15))
        hub.kill()
        found, report = self.check(hub)
        self.assertEqual((found, report["batches"]), ({}, 1))
        self.assertGreaterEqual(report["unfinished"], 1)
        hub.start()
        self.assertEqual([manifest["state"] for _, manifest in batches(hub)], ["partial"])
        self.assertEqual(self.ids(hub), list(range(1, 16)))

    def test_batches_without_index_are_added_to_one_and_not_deleted_for_their_age(self):
        hub = self.hub(settings=SMALL)
        send(self.boot(hub), rows(1, 45))
        self.assertEqual(hub.stop(), 0)
        for name in os.listdir(hub.data):
            if name.startswith("index"):
                os.remove(os.path.join(hub.data, name))
        done, out, err = kit.run([kit.IMAGEHUB, "index", "--path", hub.folder])
        self.assertEqual((done, "3 batches of rows" in out), (0, True), out + err)
        self.assertEqual(self.check(hub, "--level", "content")[0], {})
        self.assertEqual(hub.rows("SELECT DISTINCT adopted FROM batches")[0]["adopted"], 1)

    def test_a_damaged_index_costs_no_rows(self):
        hub = self.hub(settings=SMALL)
        send(self.boot(hub), rows(1, 45))
        hub.kill()
        index = os.path.join(hub.data, "index.sqlite3")
        for part in ("-wal", "-shm"):
            os.remove(index + part)
        with open(index, "wb") as file:
            file.write(os.urandom(20_000))
        hub.start()
        self.assertEqual(hub.stop(), 0)
        self.assertEqual(self.ids(hub), list(range(1, 46)))
        self.assertEqual([manifest["state"] for _, manifest in batches(hub)], ["complete", "complete", "partial"])
        found, report = self.check(hub, "--level", "content")
        self.assertEqual((found, report["batches"]), ({}, 3))


if __name__ == "__main__":
    unittest.main()
