"""What the integration tests share: programs in folders of their own, senders, and waiting for conditions.

No test sleeps: it waits for a condition (wait_until) or for bytes of a socket or pipe. Only Python's standard library
and Debian's python3-zmq are needed. The programs' paths come from the environment (IMAGEHUB,
IMAGENODE), else they are those of the release build.
"""

import contextlib
import json
import os
import re
import selectors
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import zlib

import zmq

_BIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/release/bin")
IMAGEHUB = os.environ.get("IMAGEHUB", os.path.join(_BIN, "imagehub"))
IMAGENODE = os.environ.get("IMAGENODE", os.path.join(_BIN, "imagenode"))
SANITIZED = os.environ.get("TEST_BUILD") == "sanitize"
"""Whether the programs are built with a sanitizer: their memory use means nothing then."""

TIMEOUT = float(os.environ.get("TEST_TIMEOUT", "30"))
"""Seconds after which a condition that has not come is a failure; sanitizers make programs slow."""


def wait_until(condition, timeout=None, what="condition"):
    """Returns condition()'s first true value; fails when it does not come in time."""
    timeout = TIMEOUT if timeout is None else timeout
    pause = threading.Event()
    end = time.monotonic() + timeout
    interval = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} has not come within {timeout} s")
        pause.wait(interval)
        interval = min(interval * 1.5, 0.05)


def crc32c(data, _table=[]):
    """CRC-32C; slow, for small payloads."""
    if not _table:
        for i in range(256):
            for _ in range(8):
                i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
            _table.append(i)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def jpeg(content=b"", size=0):
    """Bytes that a hub takes for a JPEG: start marker, the content in a comment, padding, end marker."""
    content = bytes(content).replace(b"\xff", b"\xfe")
    return b"\xff\xd8\xff\xfe" + content + b"." * max(0, size - len(content) - 6) + b"\xff\xd9"


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


class Program:
    """A program in its own process, its standard error collected by line."""

    def __init__(self, arguments, cwd=None, env=None, preexec=None):
        self.lines = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            preexec_fn=preexec,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_line(self, pattern, timeout=None):
        """The match of the first line of standard error that holds the pattern."""
        found = None

        def search():
            nonlocal found
            for line in self.lines:
                found = re.search(pattern, line)
                if found:
                    return True
            return not self._reader.is_alive()

        with self._changed:
            self._changed.wait_for(search, TIMEOUT if timeout is None else timeout)
        if not found:
            raise AssertionError(f"no line with {pattern!r} among:\n" + "\n".join(self.lines))
        return found

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def send_signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9."""
        if self.alive():
            self.process.kill()
        return self.wait()

    def stop(self, number=signal.SIGTERM, timeout=None):
        """Asks it to end and returns its exit status."""
        if self.alive():
            self.process.send_signal(number)
        return self.wait(timeout)

    def wait(self, timeout=None):
        status = self.process.wait(TIMEOUT if timeout is None else timeout)
        self._reader.join(TIMEOUT)
        if not self.process.stderr.closed:
            self.process.stderr.close()
        return status

    def check_sanitizers(self):
        """Fails when a sanitizer had something to report."""
        for number, line in enumerate(self.lines):
            if re.search(r"WARNING: ThreadSanitizer|ERROR: \w+Sanitizer|runtime error:", line):
                raise AssertionError("\n".join(self.lines[number : number + 60]))

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def run(arguments, env=None, cwd=None, timeout=None):
    """Runs a program to its end: (exit status, standard output, standard error)."""
    done = subprocess.run(
        [str(argument) for argument in arguments],
        env={**os.environ, **(env or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT if timeout is None else timeout,
    )
    return done.returncode, done.stdout, done.stderr


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


class ReqSender:
    """An imagezmq sender: REQ, two frames, waits for each reply."""

    def __init__(self, address, timeout=None):
        self.socket = zmq.Context.instance().socket(zmq.REQ)
        self.socket.linger = 0
        self.socket.rcvtimeo = int(1000 * (TIMEOUT if timeout is None else timeout))
        self.socket.connect(address)

    def send(self, metadata, payload=b""):
        """metadata: an object, or the frame's bytes. Returns the reply."""
        self.post(metadata, payload)
        return self.receive()

    def post(self, metadata, payload=b""):
        frame = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
        self.socket.send_multipart([frame, payload])

    def receive(self):
        return self.socket.recv()

    def send_jpg(self, text, payload):
        return self.send({"msg": text}, payload)

    def send_image(self, text, dtype, shape, payload):
        return self.send({"msg": text, "dtype": dtype, "shape": shape}, payload)

    def has_reply(self, seconds):
        return bool(self.socket.poll(int(1000 * seconds)))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class BootSender:
    """A sender of our kind: DEALER with an empty delimiter, boot and seq, replies by number."""

    def __init__(self, address, boot=None, context=None):
        self.boot = boot or os.urandom(8).hex()
        self.address = address
        self.seq = 0
        self.replies = {}  # the last reply to each seq
        self.others = []  # replies without a number, and WAIT
        self._context = context or zmq.Context.instance()
        self._open()

    def _open(self):
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(self.address)

    def reconnect(self, address=None):
        self.socket.close()
        self.address = address or self.address
        self._open()

    def post(self, text, payload=b"", seq=None, crc=True, **keys):
        """Sends without waiting; returns the message's number. seq=False sends none."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        metadata = {"msg": text, "boot": self.boot, **keys}
        if seq is not False:
            metadata["seq"] = seq
        if crc is True and len(payload) < 5000:
            metadata["crc"] = crc32c(payload)
        elif crc is not True and crc is not False:
            metadata["crc"] = crc
        self.socket.send_multipart([b"", json.dumps(metadata).encode(), payload])
        return seq

    def post_frames(self, *frames):
        self.socket.send_multipart([b"", *frames])

    def receive(self, timeout=None):
        """Takes one reply: its text, or None when none comes."""
        if not self.socket.poll(int(1000 * (TIMEOUT if timeout is None else timeout))):
            return None
        text = self.socket.recv_multipart()[-1].decode()
        words = text.split(" ")
        if len(words) > 1 and words[0] in ("OK", "RETRY", "REJECT") and words[1].isdigit():
            self.replies[int(words[1])] = text
        else:
            self.others.append(text)
        return text

    def wait(self, seq, timeout=None):
        """The reply to this number."""
        end = time.monotonic() + (TIMEOUT if timeout is None else timeout)
        while seq not in self.replies:
            if self.receive(max(0.0, end - time.monotonic())) is None:
                raise AssertionError(f"no reply to {seq}; got {self.replies} {self.others}")
        return self.replies[seq]

    def send(self, text, payload=b"", **keys):
        """Sends and returns the reply."""
        return self.wait(self.post(text, payload, **keys))

    def greet(self, node="Barn"):
        """The keep-alive that opens a connection; returns the reply."""
        self.post(node + "|Heartbeat", seq=False)
        return self.receive()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class RawPeer:
    """A TCP connection that speaks ZMTP 3.0 (NULL mechanism) by hand, to do what no library would."""

    def __init__(self, port, handshake=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        if handshake:
            greeting = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31)
            self.socket.sendall(greeting)
            self._receive(64)
            self.command(b"READY", b"\x0bSocket-Type" + (6).to_bytes(4, "big") + b"DEALER")
            head = self._receive(2)
            self._receive(head[1])

    def _receive(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("cut")
            data += part
        return data

    def command(self, name, body):
        frame = bytes([len(name)]) + name + body
        self.socket.sendall(bytes([0x04, len(frame)]) + frame)

    def frame(self, data, more):
        flags = (0x01 if more else 0) | (0x02 if len(data) > 255 else 0)
        length = len(data).to_bytes(8, "big") if len(data) > 255 else bytes([len(data)])
        self.socket.sendall(bytes([flags]) + length + data)

    def closed_by_peer(self):
        """Whether the other side has ended the connection; takes what it sent."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(65536) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


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
