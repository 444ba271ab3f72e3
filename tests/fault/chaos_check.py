"""Compares what nodes were told with what hubs have, byte by byte: nothing acknowledged is missing, nothing is there
twice, order is kept, nothing is torn."""

import collections
import contextlib
import os
import re
import sqlite3
import subprocess

from chaos_plan import CHUNK_ROWS
from kit import IMAGEHUB, Program, crc32c, run

CRC_OF_FILES = os.path.join(os.path.dirname(IMAGEHUB), "crc_of_files")
LOG_ROW = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ~ ")

Line = collections.namedtuple("Line", "boot seq time_ns kind crc bytes hub text")


def escaped(text):
    """As the log writes it (what nodes say of themselves has no other characters)."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def read_ledger(path, findings):
    lines = []
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            fields = text.rstrip("\n").split("\t")
            if len(fields) != 8 or not text.endswith("\n"):
                findings["torn"].append(f"{path}:{number}: half a line in the ledger: {text!r}")
                continue
            boot, seq, time_ns, kind, crc, size, hub, text = fields
            lines.append(Line(boot, int(seq), int(time_ns), kind, int(crc), int(size), hub, text))
    return lines


class Store:
    """What one hub has, or had before it was replaced."""

    QUERY = "SELECT b.boot AS boot_value, t.* FROM {} t LEFT JOIN boots b ON b.id = t.boot_id ORDER BY t.id"
    ROW_FILES = """SELECT b.boot AS boot_value, b.late, b.path, f.name, f.rows FROM batch_files f
        JOIN batches b ON b.id = f.batch_id ORDER BY b.id, f.number"""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.images_folder = os.path.join(folder, "images")
        with contextlib.closing(sqlite3.connect(os.path.join(folder, "index.sqlite3"))) as database:
            database.row_factory = sqlite3.Row
            self.integrity = database.execute("PRAGMA integrity_check(5)").fetchall()[0][0]
            self.id = database.execute("SELECT value FROM meta WHERE key = 'hub_id'").fetchone()[0]
            self.tables = {
                kind: [self._row(row) for row in database.execute(self.QUERY.format(table))]
                for kind, table in (("image", "images"), ("event", "events"))
            }
            self.chunks = [self._row(row) for row in database.execute(self.QUERY.format("chunks"))]
            self.row_files = [self._row(row) for row in database.execute(self.ROW_FILES)]
        self.by_identity = {}
        for kind, rows in [*self.tables.items(), ("data", self.chunks)]:
            for row in rows:
                if row["boot"] is not None:
                    self.by_identity.setdefault((row["boot"], row["seq"]), []).append((kind, row))

    @staticmethod
    def _row(row):
        row = dict(row)
        value = row["boot_value"]
        row["boot"] = None if value is None else f"{value & 0xFFFFFFFFFFFFFFFF:016x}"
        return row

    def count(self):
        return len(self.by_identity)

    def count_rows(self):
        return sum(file["rows"] for file in self.row_files)


def check_acknowledged(lines, stores, findings):
    """Each line of a ledger has its row on that hub, with that content."""
    by_id = {store.id: store for store in stores}
    for line in lines:
        store = by_id.get(line.hub)
        found = store.by_identity.get((line.boot, line.seq), []) if store else []
        if not found:
            findings["lost"].append(f"{line.boot} {line.seq} {line.text}: acknowledged by {line.hub}, not there")
        for kind, row in found:
            if kind != line.kind or row["payload_crc"] != line.crc or escaped(row["text"]) != line.text:
                findings["torn"].append(f"{line.boot} {line.seq}: {line.hub} has other content")


def check_once_in_order(store, findings):
    for identity, rows in store.by_identity.items():
        if len(rows) > 1:
            findings["doubled"].append(f"{store.name}: {identity} is there {len(rows)} times")
    for kind, rows in store.tables.items():
        last = {}
        for row in rows:
            lane = (row["boot"], row["late"])
            if row["boot"] is not None and row["seq"] < last.get(lane, 0):
                findings["disordered"].append(f"{store.name}: {kind} {lane} {row['seq']} behind {last[lane]}")
            last[lane] = row["seq"] or 0


def check_files(store, findings):
    rows = store.tables["image"]
    if store.integrity != "ok":
        findings["torn"].append(f"{store.name}: integrity_check: {store.integrity}")
    names = "".join(os.path.join(store.images_folder, row["path"]) + "\n" for row in rows)
    told = subprocess.run([CRC_OF_FILES], input=names, capture_output=True, text=True, check=True).stdout.split("\n")
    for row, found in zip(rows, told):
        if found == "-":
            findings["lost"].append(f"{store.name}: {row['path']} has a row and no file")
        elif found != f"{row['crc']} {row['bytes']}":
            findings["torn"].append(f"{store.name}: {row['path']} has CRC and size {found}, its row says otherwise")
    known = {row["path"] for row in rows}
    for folder, folders, files in os.walk(store.images_folder):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), store.images_folder)
            if path not in known:
                findings["strays"].append(f"{store.name}: {path} has no row")


def check_log(store, findings):
    """Each event row has exactly one line, with its text, and the lines stand in the order of the rows."""
    lines = collections.Counter()
    folder = os.path.join(store.folder, "logs")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            lines.update(LOG_ROW.sub("", line.rstrip("\n")) for line in file)
    rows = collections.Counter(escaped(row["text"]) for row in store.tables["event"])
    for text, count in rows.items():
        if lines[text] < count:
            findings["lost"].append(f"{store.name}: {count} events, {lines[text]} log lines: {text}")
        elif lines[text] > count:
            findings["doubled"].append(f"{store.name}: {count} events, {lines[text]} log lines: {text}")


def check_rows(store, findings):
    """The rows in the files are those of the committed chunks, byte for byte, each once, in their order."""
    last = {}  # by boot and lane: ID of the row before
    chunks = collections.defaultdict(list)  # by boot and number, as rows of a node are numbered: header and rows
    for batch in store.row_files:
        try:
            with open(os.path.join(store.folder, "data", batch["path"], batch["name"]), newline="") as file:
                header, *rows = file.read().splitlines(keepends=True)
        except FileNotFoundError as error:
            findings["lost"].append(f"{store.name}: rows of {batch['boot']}: {error}")
            continue
        lane = batch["boot"], batch["late"]
        for row in rows:
            number = int(row.split(",")[0])
            if number < last.get(lane, 0):
                findings["disordered"].append(f"{store.name}: rows of {lane}: {number} behind {last[lane]}")
            last[lane] = number
            chunk = chunks[batch["boot"], (number - 1) // CHUNK_ROWS]
            if row in chunk:
                findings["doubled"].append(f"{store.name}: row {number} of {batch['boot']} is there more than once")
            chunk += [row] if chunk else [header, row]
    committed = collections.Counter((chunk["boot"], chunk["payload_crc"]) for chunk in store.chunks)
    found = collections.Counter((boot, crc32c("".join(chunk).encode())) for (boot, _), chunk in chunks.items())
    for boot, _ in (committed - found).elements():
        findings["lost"].append(f"{store.name}: a chunk of {boot} is committed, and not in the files as it came")
    for boot, _ in (found - committed).elements():
        findings["torn"].append(f"{store.name}: rows of {boot} are in the files that no chunk brought")
    growing = os.path.join(store.folder, "data", ".incoming")
    if os.path.isdir(growing):
        findings["strays"] += [f"{store.name}: data/.incoming/{name} after a stop" for name in os.listdir(growing)]


def check_gaps(node, known, findings):
    """Of a boot that ended by a stop nothing may be missing but what was reported as dropped. `known`: numbers by boot,
    acknowledged or stored. Returns how many went with the memory of nodes that were killed."""
    gone = 0
    for boot, (how, dropped) in node.boots().items():
        seqs = known.get(boot, set())
        last = max(seqs, default=0)
        gaps = sorted(set(range(1, last + 1)) - seqs)
        # What is older than two seconds has long been in the spool that takes all.
        kept = how == "stopped" or (node.when == "always" and last - (gaps or [last])[0] > 20)
        if kept and len(gaps) != dropped:
            findings["lost"].append(
                f"{node.name}: boot {boot} ({how}) has {len(gaps)} of {last} numbers nowhere, from {gaps[:5]} on; "
                f"{dropped} were reported as dropped"
            )
        gone += len(gaps) if not kept else 0
    return gone


def recover(folder):
    """Starts a hub on a store that was taken away from a killed one, and stops it: what was committed gets its names."""
    settings = folder + ".yaml"
    with open(settings, "w") as file:
        file.write(f'hub:\n  address: "tcp://127.0.0.1:*"\n  data_directory: {folder}\n')
    program = Program([IMAGEHUB, "--config", settings])
    program.wait_line("listens on")
    program.stop()


def check_by_program(store, findings):
    """imagehub's own check of a store whose hub has ended."""
    settings = os.path.join(store.folder, "check.yaml")
    with open(settings, "w") as file:
        file.write(f"hub:\n  data_directory: {store.folder}\n")
    status, out, errors = run([IMAGEHUB, "check", "--config", settings, "--level", "content"], timeout=600)
    os.remove(settings)
    if status != 0:
        findings["torn"].append(f"{store.name}: imagehub check ends with status {status}: {out}{errors}")
