"""What the integration tests of the hub share: hubs in folders of their own, and what they leave there. Programs and
senders are passed on, so that a test names one module.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import tempfile
import threading
import unittest
import zlib

import zmq

from program import IMAGEHUB, IMAGENODE, SANITIZED, TIMEOUT, Program, free_port, run, wait_until
from senders import BootSender, RawPeer, ReqSender, crc32c, jpeg


def read_png(path):
    """(width, height, bit depth, channels, samples as bytes in the file's order: RGB, big-endian)."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, header = 8, b"", None
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = body
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    width, height, depth, colour = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big"), header[8], header[9]
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    pixel = channels * depth // 8
    stride = width * pixel
    raw = zlib.decompress(packed)
    rows, previous = [], bytes(stride)
    for y in range(height):
        kind = raw[y * (stride + 1)]
        row = bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for x in range(stride):
            left = row[x - pixel] if x >= pixel else 0
            up = previous[x]
            corner = previous[x - pixel] if x >= pixel else 0
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = up
            elif kind == 3:
                guess = (left + up) // 2
            elif kind == 4:
                p = left + up - corner
                guess = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
            else:
                guess = 0
            row[x] = (row[x] + guess) & 0xFF
        rows.append(bytes(row))
        previous = bytes(row)
    return width, height, depth, channels, b"".join(rows)


def jpeg_shape(data):
    """(width, height, components), from the frame header."""
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big"), data[at + 9]


class Hub:
    """imagehub in a folder of its own (or a given one), on a free port, and what it leaves on the disk."""

    def __init__(self, folder=None, settings="", address='"tcp://127.0.0.1:*"', start=True, preexec=None, env=None):
        self._own = folder is None
        self.folder = tempfile.mkdtemp(prefix="hub-") if folder is None else str(folder)
        self.data = os.path.join(self.folder, "imagehub_data")
        self.images = os.path.join(self.data, "images")
        self.log_path = os.path.join(self.data, "logs", "imagehub.log")
        self._preexec = preexec
        self._env = env
        with open(os.path.join(self.folder, "imagehub.yaml"), "w") as file:
            file.write(f"hub:\n  address: {address}\n{settings}")
        self.program = None
        if start:
            self.start()

    def start(self):
        self.program = Program([IMAGEHUB, "--path", self.folder], env=self._env, preexec=self._preexec)
        greeting = self.program.wait_line(r"listens on (.*); images").group(1)
        self.addresses = [address for address in greeting.split(", ") if address]
        self.address = self.addresses[0] if self.addresses else None

    def start_again_at(self, address):
        """Starts on the port that it had, so that senders find it again."""
        path = os.path.join(self.folder, "imagehub.yaml")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(re.sub(r"address: .*", f'address: "{address}"', text))
        self.start()

    def stop(self):
        return self.program.stop()

    def kill(self):
        self.program.kill()

    def close(self):
        if self.program is not None:
            self.program.kill()
            self.program.check_sanitizers()
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    # What it tells.

    def status(self):
        """What `imagehub status --json` prints, asked without starting that program each time."""
        with contextlib.closing(zmq.Context.instance().socket(zmq.REQ)) as socket_:
            socket_.linger = 0
            socket_.rcvtimeo = int(1000 * TIMEOUT)
            socket_.connect("ipc://" + os.path.join(self.data, "control.sock"))
            socket_.send(b"status")
            return json.loads(socket_.recv())

    def drops(self):
        return self.status()["drops"]

    # What it left.

    def log(self):
        """The log's lines as (stamp, text), its own start and stop left out."""
        try:
            with open(self.log_path, encoding="utf-8") as file:
                lines = [line.rstrip("\n").split(" ~ ", 1) for line in file]
        except FileNotFoundError:
            return []
        own = ("Starting imagehub", "Exiting imagehub")
        return [tuple(line) for line in lines if not line[-1].startswith(own)]

    def log_texts(self):
        return [line[-1] for line in self.log()]

    def pictures(self):
        """Files of the days' folders by path below images/."""
        found = []
        for folder, folders, names in os.walk(self.images):
            folders[:] = [name for name in folders if name != ".incoming"]
            found += [os.path.relpath(os.path.join(folder, name), self.images) for name in names]
        return sorted(found)

    def read(self, picture):
        with open(os.path.join(self.images, picture), "rb") as file:
            return file.read()

    def incoming(self):
        return os.listdir(os.path.join(self.images, ".incoming"))

    def rows(self, query, *values):
        """Rows of the index as dictionaries; boots as their 16 digits in the column `boot` of image_rows()."""
        path = os.path.join(self.data, "index.sqlite3")
        with contextlib.closing(sqlite3.connect(path, timeout=TIMEOUT)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values)]

    def image_rows(self):
        rows = self.rows("SELECT b.boot, i.* FROM images i LEFT JOIN boots b ON b.id = i.boot_id ORDER BY i.id")
        for row in rows:
            if row["boot"] is not None:
                row["boot"] = f"{row['boot'] & 0xFFFFFFFFFFFFFFFF:016x}"
        return rows


class Systemd:
    """What a program tells systemd, which waits a minute for a sign of life."""

    def __init__(self, test):
        self.told = []
        path = os.path.join(test.folder(), "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self.env = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "60000000"}
        # Read at once: the kernel keeps a few only, and then the program would wait.
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        test.addCleanup(self.close)

    def _read(self):
        while message := self._socket.recv(1000).decode():
            self.told.append(message)

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


class HubTest(unittest.TestCase):
    """A test with hubs and senders that are closed at its end."""

    maxDiff = None

    def hub(self, *arguments, **keys):
        hub = Hub(*arguments, **keys)
        self.addCleanup(hub.close)
        return hub

    def req(self, hub_or_address, **keys):
        sender = ReqSender(getattr(hub_or_address, "address", hub_or_address), **keys)
        self.addCleanup(sender.close)
        return sender

    def boot(self, hub_or_address, **keys):
        sender = BootSender(getattr(hub_or_address, "address", hub_or_address), **keys)
        self.addCleanup(sender.close)
        return sender

    def folder(self):
        path = tempfile.mkdtemp(prefix="test-")
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def assert_alive(self, hub):
        """The hub runs, and stores what another sender gives it."""
        self.assertTrue(hub.program.alive(), "\n".join(hub.program.lines[-20:]))
        with ReqSender(hub.address) as other:
            picture = jpeg(os.urandom(20).hex().encode())
            self.assertEqual(other.send_jpg("Other view|jpg", picture), b"OK")
            newest = hub.rows("SELECT path FROM images WHERE node = 'Other' ORDER BY id DESC LIMIT 1")[0]["path"]
            self.assertEqual(hub.read(newest), picture)
