"""What the tests of the node share: a node in a folder of its own, hubs that the test plays, slow networks."""

import contextlib
import ctypes
import glob
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

import zmq

from kit import IMAGENODE, TIMEOUT, HubTest, Program, free_port, wait_until

_HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(_HERE, "../data/golden")
STAND_IN_FOLDER = os.path.join(_HERE, "../data/rpicam-stand-in")
FORWARDER = os.environ.get("FORWARDER", os.path.join(os.path.dirname(IMAGENODE), "forwarder"))
NODE = f"Barn{os.getpid()}"
"""Name of the nodes of this process: two of one name are refused on one machine, and tests run side by side."""

OUR_HUB = "OK imagehub/1.0.0 0123456789abcdef"

CONTINUOUS = {"motion": {"send_frames": "continuous"}}
EVENTS_ONLY = {"motion": {"send_frames": "none"}}


def scene(viewname="scene", detectors=CONTINUOUS, **keys):
    """A camera that watches the built-in scene."""
    return {"viewname": viewname, "src": "test", "resolution": [320, 240], "detectors": detectors, **keys}


def golden_detectors(case):
    """Name of a golden case's file of settings, as text below `cameras:`."""
    with open(os.path.join(GOLDEN, case + ".yaml")) as file:
        return [line for line in file.read().split("\n") if line and not line.startswith("#")]


class Node:
    """imagenode in a folder of its own. Settings are JSON, which is YAML too; `text` replaces them. `hubs` is a list of
    addresses or a word."""

    def __init__(self, hubs=(), cameras=None, name=NODE, text=None, env=None, preexec=None, start=True, **node_keys):
        self.folder = tempfile.mkdtemp(prefix="node-")
        self.settings = os.path.join(self.folder, "imagenode.yaml")
        self.env = env
        self._preexec = preexec
        hub_address = hubs if isinstance(hubs, str) else {f"H{number}": hub for number, hub in enumerate(hubs, 1)}
        settings = {"node": {"name": name, **node_keys}, "hub_address": hub_address, "cameras": cameras or {}}
        with open(self.settings, "w") as file:
            file.write(text or json.dumps(settings, indent=1))
        self.program = None
        self.spool = os.path.join(self.folder, "imagenode_data", f"{name}.spool.sqlite3")
        if start:
            self.start()

    def change(self, hubs=None, cameras=None, sections=None, **node_keys):
        """Other settings, for the next start or reload."""
        with open(self.settings) as file:
            settings = json.load(file)
        settings["node"].update(node_keys)
        if cameras is not None:
            settings["cameras"] = cameras
        if hubs is not None:
            settings["hub_address"] = {f"H{number}": hub for number, hub in enumerate(hubs, 1)}
        settings.update(sections or {})
        with open(self.settings, "w") as file:
            json.dump(settings, file)

    def spooled(self, spool=None):
        """What lies in its spool: (boot, seq, class, late), boots as 16 digits."""
        query = "SELECT b.boot, m.seq, m.class, m.late FROM messages m JOIN boots b ON b.id = m.boot_id"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{spool or self.spool}?mode=ro", uri=True, timeout=TIMEOUT)) as db:
                return [(f"{boot & 0xFFFFFFFFFFFFFFFF:016x}", *rest) for boot, *rest in db.execute(query)]
        except sqlite3.OperationalError:  # the database is just being made
            return []

    def start(self):
        self.program = Program([IMAGENODE, "--config", self.settings], env=self.env, preexec=self._preexec)

    def stop(self):
        """SIGTERM; the exit status. What waits in the spool stays there for the next start."""
        return self.program.stop(signal.SIGTERM)

    def deliver_and_stop(self):
        """Waits until nothing is left in its spools (of a mirror each hub has one); then as stop()."""
        spools = lambda: glob.glob(os.path.join(os.path.dirname(self.spool), "*.spool.sqlite3"))
        wait_until(lambda: not any(self.spooled(spool) for spool in spools()), what="empty spools")
        return self.stop()

    def connected(self):
        """Whether a hub answers, by the last word of its log."""
        news = [line for line in self.program.lines if re.search("connected to|hub tcp://.*sent again", line)]
        return bool(news) and "connected to" in news[-1]

    def count(self, words):
        """Lines of its log that hold the words."""
        return sum(words in line for line in self.program.lines)

    def close(self):
        if self.program is not None and self.program.alive():
            self.program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class FakeHub:
    """A hub that the test plays: a ROUTER that gives each request to a function, and sends what it returns: one reply, a
    list of replies, or None."""

    def __init__(self, answer=None, address="tcp://127.0.0.1:*"):
        self.requests = []  # (arrival, metadata, payload)
        self._answer = answer or self.ours
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.bind(address)
        self.address = self._socket.last_endpoint.decode().rstrip("\0")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def ours(metadata):
        return f"OK {metadata['seq']}" if "seq" in metadata else OUR_HUB

    @staticmethod
    def foreign(_):
        return "OK"

    def _run(self):
        while not self._stop.is_set():
            if not self._socket.poll(100):
                continue
            peer, *_, frame, payload = self._socket.recv_multipart()
            metadata = json.loads(frame)
            self.requests.append((time.monotonic(), metadata, payload))
            reply = self._answer(metadata)
            for one in [reply] if isinstance(reply, str) else reply or []:
                self._socket.send_multipart([peer, b"", one.encode()])

    def all(self, text=None, stored=None):
        """Metadata of what came, of one text, or only what has a number (or none)."""
        return [
            metadata
            for _, metadata, _ in list(self.requests)
            if (text is None or metadata["msg"] == text) and (stored is None or ("seq" in metadata) == stored)
        ]

    def wait_for(self, count, text=None, stored=None, timeout=None):
        wait_until(lambda: len(self.all(text, stored)) >= count, timeout, f"{count} times {text or 'a message'}")
        return self.all(text, stored)

    def close(self):
        self._stop.set()
        self._thread.join(TIMEOUT)
        self._socket.close()
        self._context.term()


class SlowProxy:
    """A TCP relay with a rate in kbit/s towards the hub, for those who may not make network namespaces."""

    def __init__(self, port, kbit):
        self.resets = 0  # connections that the node ended without waiting for what was under way
        self._target = port
        self._bytes_per_second = kbit * 125
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            # A small buffer, so that the sender feels the rate.
            near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except ConnectionRefusedError:  # the hub is away
                near.close()
                continue
            self._sockets += [near, far]
            threading.Thread(target=self._relay, args=(near, far, self._bytes_per_second), daemon=True).start()
            threading.Thread(target=self._relay, args=(far, near, None), daemon=True).start()

    def _relay(self, source, target, rate):
        pause = threading.Event()
        due = time.monotonic()
        try:
            while data := source.recv(8192):
                target.sendall(data)
                if rate:
                    due = max(due, time.monotonic() - 0.1) + len(data) / rate
                    pause.wait(max(0.0, due - time.monotonic()))
        except ConnectionResetError:
            self.resets += 1
        except OSError:
            pass
        for end in (source, target):
            end.close()

    def close(self):
        for end in self._sockets:
            end.close()


class Network:
    """Two network namespaces with the forwarder between them. Needs root."""

    A, B = "10.73.0.1", "10.73.0.2"

    @staticmethod
    def possible():
        if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not shutil.which("ip"):
            return False
        name = f"probe-{os.getpid()}"
        if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
            return False
        subprocess.run(["ip", "netns", "del", name], check=True)
        return os.path.exists(FORWARDER)

    def __init__(self, **options):
        tag = f"{os.getpid()}-{random.randrange(10**6)}"
        self.names = (f"a-{tag}", f"b-{tag}")
        for name in self.names:
            subprocess.run(["ip", "netns", "add", name], check=True)
        words = [FORWARDER, "--ns-a", self.names[0], "--ns-b", self.names[1]]
        for option, value in options.items():
            words += ["--" + option.replace("_", "-"), str(value)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        if not select.select([self.process.stdout], [], [], TIMEOUT)[0] or self.process.stdout.readline() != "ready\n":
            self.close()
            raise AssertionError("the forwarder does not start")

    def inside(self, end):
        """What a program does before it starts to run at one end, 0 or 1."""
        path = f"/run/netns/{self.names[end]}"

        def enter():
            with open(path) as namespace:
                if ctypes.CDLL(None).setns(namespace.fileno(), 0) != 0:
                    raise OSError("cannot enter " + path)

        return enter

    def close(self):
        self.process.terminate()
        self.process.wait(TIMEOUT)
        self.process.stdout.close()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False)


class NodeTest(HubTest):
    """A test with nodes, hubs and fake hubs that are closed at its end."""

    def node(self, *arguments, **keys):
        node = Node(*arguments, **keys)
        self.addCleanup(node.close)
        return node

    def fake_hub(self, *arguments, **keys):
        hub = FakeHub(*arguments, **keys)
        self.addCleanup(hub.close)
        return hub

    @staticmethod
    def free_address():
        return f"tcp://127.0.0.1:{free_port()}"

    def wait_for_images(self, hub, count):
        wait_until(lambda: self.image_count(hub) >= count, what=f"{count} images on the hub")

    @staticmethod
    def image_count(hub):
        try:
            return hub.rows("SELECT count(*) AS n FROM images")[0]["n"]
        except Exception:  # the database is just being made
            return 0

    @staticmethod
    def stored_seqs(hub, boot=None):
        """All numbers of one boot that the hub has, by class and lane, each in the order in which they were committed."""
        query = "SELECT b.boot, t.seq, t.late FROM {} t JOIN boots b ON b.id = t.boot_id ORDER BY t.id"
        seqs = {}
        for table in ("images", "events"):
            for row in hub.rows(query.format(table)):
                lane = f"{table}, late" if row["late"] else table
                seqs.setdefault(row["boot"], {}).setdefault(lane, []).append(row["seq"])
        if boot is None:
            assert len(seqs) == 1, f"{len(seqs)} boots"
            boot = next(iter(seqs))
        return seqs[boot]

    @staticmethod
    def stored_lanes(hub):
        """{(boot, "images" or "events", late): [number ...]} in the order in which the hub committed them."""
        lanes = {}
        for table in ("images", "events"):
            query = f"SELECT b.boot, t.seq, t.late FROM {table} t JOIN boots b ON b.id = t.boot_id ORDER BY t.id"
            for row in hub.rows(query):
                boot = f"{row['boot'] & 0xFFFFFFFFFFFFFFFF:016x}"
                lanes.setdefault((boot, table, row["late"]), []).append(row["seq"])
        return lanes

    def assert_order_of_lanes(self, hub):
        for lane, seqs in self.stored_lanes(hub).items():
            self.assertEqual(seqs, sorted(set(seqs)), f"{lane} out of order or twice")

    def assert_complete(self, *hubs):
        """Together the hubs have each number of the one boot; each hub has it once, in order within each lane."""
        together = set()
        for hub in hubs:
            self.assert_order_of_lanes(hub)
            of_hub = sum(self.stored_seqs(hub).values(), [])
            self.assertEqual(len(of_hub), len(set(of_hub)), "twice on one hub")
            together |= set(of_hub)
        self.assertEqual(sorted(together), list(range(1, len(together) + 1)), "numbers are missing")
        return len(together)
