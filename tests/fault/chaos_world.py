"""The world of the chaos test: hubs and nodes as processes, disks that can be filled, clocks that can be set, and
network paths that can be made bad. What the machine does not allow is left out and said."""

import contextlib
import ctypes
import glob
import json
import os
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import time

from chaos_plan import CHUNK_ROWS, HUBS, NODES, SITES, site_of
from in_flight import LIBRARY, Trace
from kit import IMAGEHUB, IMAGENODE, TIMEOUT, Program, free_port, wait_until
from node_kit import FORWARDER

PORT = 5555


def _quiet(*words):
    return subprocess.run(words, capture_output=True).returncode == 0


class Disk:
    """A file system of its own that can be filled, or else a plain folder: a small one in memory, a large one in a
    sparse file, where filling it costs nothing."""

    IN_MEMORY = 64  # megabytes

    def __init__(self, folder, megabytes):
        self.path = folder
        os.makedirs(folder)
        if megabytes <= self.IN_MEMORY:
            self.own = _quiet("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder)
            return
        image = folder + ".ext4"
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        self.own = _quiet("mkfs.ext4", "-q", "-m", "0", image) and _quiet("mount", "-o", "loop", image, folder)
        if not self.own:
            os.remove(image)

    def fill(self):
        with open(os.path.join(self.path, "fill"), "wb") as file:
            size = 1 << 30
            while size >= 1024:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
                except OSError:
                    size //= 2

    def free(self):
        try:
            os.remove(os.path.join(self.path, "fill"))
        except FileNotFoundError:
            pass


class WallClock:
    """What a process takes for the time of day: libfaketime, told by a file. The monotonic clock stays."""

    LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)

    def __init__(self, path):
        self._path = path
        self._offset = 0.0
        self.step(0)

    def step(self, seconds):
        self._offset += seconds
        with open(self._path + ".new", "w") as file:
            file.write(f"{self._offset:+.1f}s\n")
        os.rename(self._path + ".new", self._path)

    def environment(self):
        if self.LIBRARY is None:
            return {}
        return {
            "LD_PRELOAD": self.LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": self._path,
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",
        }


class Path:
    """The way between a site and a hub; normally as slow as a radio link, so that much is in flight at every moment."""

    NORMAL = {"loss": 0, "delay-ms": 10, "duplicate": 0}

    def __init__(self, site, hub, net, seed):
        words = [FORWARDER, "--ns-a", f"site{site}", "--ns-b", hub, "--net", net, "--seed", str(seed), "--control"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._expect("ready")
        self.set(**self.NORMAL)

    def set(self, **settings):
        for key, value in settings.items():
            self.process.stdin.write(f"{key} {value}\n")
            self._expect("ok")

    def _expect(self, word):
        if not select.select([self.process.stdout], [], [], TIMEOUT)[0]:
            raise AssertionError("the forwarder says nothing")
        line = self.process.stdout.readline().strip()
        if line != word:
            raise AssertionError(f"the forwarder said {line!r}, not {word!r}")


class Network:
    """A namespace for each site and hub, and a path from each site to each hub. Lives in a mount namespace of ours."""

    def __init__(self, seed):
        _quiet("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
        for name in (*HUBS, *(f"site{site}" for site in range(SITES))):
            subprocess.run(["ip", "netns", "add", name], check=True)
        self.paths = {}
        for site in range(SITES):
            for number, hub in enumerate(HUBS):
                net = self.net(site, number)
                self.paths[f"{site}>{hub}"] = Path(site, hub, net, seed * 100 + site * 10 + number)

    @staticmethod
    def net(site, hub_number):
        return f"10.73.{10 * site + hub_number}"

    @staticmethod
    def inside(name):
        def enter():
            with open(f"/run/netns/{name}") as namespace:
                if ctypes.CDLL(None).setns(namespace.fileno(), 0) != 0:
                    raise OSError("cannot enter " + name)

        return enter

    @staticmethod
    def possible():
        if os.geteuid() != 0 or not os.path.exists("/dev/net/tun") or not os.path.exists(FORWARDER):
            return False
        os.makedirs("/run/netns", exist_ok=True)
        return _quiet("ip", "-V")


class Part:
    """A hub or a node: a process that is started again when a fault is over, as systemd would."""

    def __init__(self, name, folder, preexec):
        self.name = name
        self.folder = folder
        self.clock = WallClock(os.path.join(folder, "clock"))
        self.program = None
        self.runs = []  # of processes that have ended: (how, lines of the log)
        self.crashes = []
        self.unexpected = []  # ends that nobody asked for
        self._preexec = preexec
        self._held = 0
        self._asked_to_stop = False
        self._next_start = 0.0

    def environment(self):
        return self.clock.environment()

    def start(self):
        self.program = Program(self.command(), env=self.environment(), preexec=self._preexec)

    def hold(self):
        """Stays down until release() was called as often."""
        self._held += 1

    def release(self):
        self._held -= 1
        self._next_start = 0.0
        self.supervise()

    def ready(self):
        return self.program is not None and any(self.GREETING in line for line in self.program.lines)

    def alive(self):
        return self.program is not None and self.program.alive()

    def kill(self):
        if self.program is not None:
            self.program.kill()
            self._keep("killed")

    def ask_to_stop(self):
        """SIGTERM; supervise() sees the end. One that is just starting does not listen yet."""
        if not self.ready():
            self.kill()
        elif self.program.alive() and not self._asked_to_stop:
            self._asked_to_stop = True
            self.program.send_signal(signal.SIGCONT)
            self.program.send_signal(signal.SIGTERM)

    def wait_for_stop(self):
        if self.program is None:
            return
        try:
            self.program.wait(90)
        except subprocess.TimeoutExpired:
            self.crashes.append(f"{self.name} did not end within 90 s after SIGTERM")
            self.program.kill()
        self.supervise()

    def supervise(self):
        """Starts what is down and shall not be; notes what ended by itself."""
        if self.program is not None and not self.program.alive() and self._asked_to_stop:
            if status := self.program.wait():
                self.crashes.append(f"{self.name} ended with status {status} after SIGTERM")
            self._keep("stopped")
        elif self.program is not None and not self.program.alive():
            status = self.program.wait()
            self.unexpected.append(f"{self.name}, status {status}: {(self.program.lines or ['-'])[-1]}")
            if status < 0:
                self.crashes.append(f"{self.name} ended by signal {-status}: " + "\n".join(self.program.lines[-5:]))
            self._keep("died")
            self._next_start = time.monotonic() + 1
        if self.program is None and self._held == 0 and time.monotonic() >= self._next_start:
            self.start()

    def _keep(self, how):
        self.runs.append((how, self.program.lines))
        with open(os.path.join(self.folder, "log"), "a") as file:
            file.write("".join(line + "\n" for line in [*self.program.lines, f"-- {how}"]))
        self.program = None
        self._asked_to_stop = False

    def signal(self, number):
        if self.program is not None and self.program.alive():
            self.program.send_signal(number)


class Hub(Part):
    GREETING = "listens on"

    def __init__(self, name, folder, address, disk_mb, preexec):
        super().__init__(name, folder, preexec)
        self.disk = Disk(os.path.join(folder, "disk"), disk_mb)
        self.data = os.path.join(self.disk.path, "imagehub_data")
        self.stores = [self.data]
        with open(os.path.join(folder, "imagehub.yaml"), "w") as file:
            file.write(f'hub:\n  address: "{address}"\n  data_directory: {self.data}\n')

    def command(self):
        return [IMAGEHUB, "--path", self.folder]

    def replace(self):
        """The next start finds nothing; what was there is kept for the checker."""
        if os.path.exists(self.data):
            aside = f"{self.data}.{len(self.stores)}"
            os.rename(self.data, aside)
            self.stores.insert(-1, aside)


class Node(Part):
    GREETING = "this start is boot"

    def __init__(self, name, folder, hubs, disk_mb, preexec):
        """`hubs`: name by address, the first one first."""
        super().__init__(name, folder, preexec)
        self.disk = Disk(os.path.join(folder, "disk"), disk_mb)
        self.trace = Trace(os.path.join(folder, "wire.trace"), hubs)
        self.ledger = os.path.join(folder, "ledger.tsv")
        self.meter = os.path.join(folder, "meter.csv")
        self.measured = 0
        self.spool = os.path.join(self.disk.path, f"{name}.spool.sqlite3")
        self.when = ("always", "always", "outage", "outage", "outage", "never")[int(name[1:]) - 1]
        self.addresses = list(hubs)
        self.write_settings(watching=True)

    def write_settings(self, watching):
        detectors = {"motion": {"send_frames": "continuous"}, "light": {"send_frames": "none"}}
        camera = {"viewname": "scene", "src": "test", "resolution": [160, 120], "framerate": 8, "detectors": detectors}
        node = {"name": self.name, "patience": 1, "heartbeat": "5s", "shutdown_timeout": "60s", "ledger": self.ledger}
        node["spool"] = {"path": self.disk.path, "when": self.when}
        hubs = {f"H{number}": address for number, address in enumerate(self.addresses, 1)}
        chunk = {"rows": CHUNK_ROWS, "max_seconds": 3600}
        meter = {"type": "file", "path": self.meter, "fields": ["n"], "chunk": chunk}
        settings = {"node": node, "hub_address": hubs}
        settings |= {"cameras": {"T1": camera}, "lines": {"meter": meter}} if watching else {"cameras": {}}
        with open(os.path.join(self.folder, "imagenode.yaml"), "w") as file:
            json.dump(settings, file, indent=1)

    def command(self):
        return [IMAGENODE, "--path", self.folder]

    def environment(self):
        clock = self.clock.environment()
        libraries = [clock["LD_PRELOAD"], LIBRARY] if clock else [LIBRARY]
        return {**clock, "LD_PRELOAD": ":".join(libraries), "WIRE_TRACE": self.trace.path}

    def measure(self, count):
        """What the node follows grows to so many rows."""
        rows = "".join(f"{number}\n" for number in range(self.measured + 1, count + 1))
        self.measured = count
        with open(self.meter, "a") as file:
            file.write(rows)

    def boots(self):
        """How each boot ended, and what it said that gave way: {boot: (how, dropped)}."""
        found = {}
        for how, lines in self.runs:
            text = "\n".join(lines)
            if "were not delivered before the stop" in text and self.when == "never":
                how = "stopped too early"
            boot = re.search(r"this start is boot ([0-9a-f]{16})", text)
            dropped = sum(int(count) for count in re.findall(r"(\d+) messages gave way", text))
            if boot:
                found[boot.group(1)] = (how, dropped)
        return found

    def spooled(self):
        """Messages in the spool; none without one."""
        if not os.path.exists(self.spool):
            return 0
        with contextlib.closing(sqlite3.connect(f"file:{self.spool}?mode=ro", uri=True, timeout=10)) as database:
            return database.execute("SELECT count(*) FROM messages").fetchone()[0]

    def ledger_size(self):
        try:
            return os.path.getsize(self.ledger)
        except FileNotFoundError:
            return 0


class World:
    ROWS_PER_SECOND = 10

    def __init__(self, folder, seed, minutes):
        self.folder = folder
        self.network = Network(seed) if Network.possible() else None
        disk_mb = int(200 + 60 * minutes)
        ports = {hub: PORT if self.network else free_port() for hub in HUBS}
        self.hubs, self.nodes = {}, {}
        for hub in HUBS:
            address = f"tcp://{'*' if self.network else '127.0.0.1'}:{ports[hub]}"
            self.hubs[hub] = Hub(hub, self._folder(hub), address, disk_mb, self._inside(hub))
        for name in NODES:
            site = site_of(name)
            hosts = [f"{Network.net(site, n)}.2" if self.network else "127.0.0.1" for n in range(len(HUBS))]
            hubs = [(f"tcp://{host}:{ports[hub]}", hub) for host, hub in zip(hosts, HUBS)]
            if int(name[1:]) % 2 == 0:  # so that both hubs have work
                hubs.reverse()
            self.nodes[name] = Node(name, self._folder(name), dict(hubs), Disk.IN_MEMORY, self._inside(f"site{site}"))
        self.parts = {**self.hubs, **self.nodes}

    def _folder(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path)
        return path

    def _inside(self, name):
        return Network.inside(name) if self.network else None

    def missing(self):
        """What cannot be played on this machine."""
        out = []
        if not self.network:
            out.append("network faults (they need root, /dev/net/tun and iproute2)")
        if not all(part.disk.own for part in self.parts.values()):
            out.append("full disks (they need root and loop devices)")
        if WallClock.LIBRARY is None:
            out.append("clock steps (they need the package faketime)")
        return out

    def start(self):
        self.begun = time.monotonic()
        self.supervise()
        wait_until(lambda: all(node.ledger_size() for node in self.nodes.values()), what="a message of each node")

    def supervise(self):
        for part in self.parts.values():
            part.supervise()
        for node in self.nodes.values():
            node.measure(int((time.monotonic() - self.begun) * self.ROWS_PER_SECOND))

    def save(self):
        """Copies what lies on disks of our own, which go with the namespace."""
        for part in self.parts.values():
            if part.disk.own:
                shutil.copytree(part.disk.path, part.disk.path + ".kept", symlinks=True, ignore=lambda *_: ["fill", "control.sock"])
