"""imagehub and imagenode as services of systemd, on a virtual machine that the tests have to themselves."""

import ctypes
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import time

from commands_test import CommandTest
from kit import TIMEOUT, Hub, run, wait_until
from node_kit import NODE

PORT = 5555


def do(*command):
    """Runs a program that must succeed; its output."""
    status, out, err = run(command, timeout=600)
    if status != 0:
        raise AssertionError(f"{' '.join(command)}: {status}\n{out}{err}")
    return out


def put(path, text):
    """Into a file of the kernel, or of systemd."""
    with open(path, "w") as file:
        file.write(f"{text}\n")


def read(path):
    with open(path) as file:
        return file.read().strip()


def one(pattern):
    """The only file of this pattern, once it is there."""
    found = wait_until(lambda: glob.glob(pattern), what=pattern)
    assert len(found) == 1, found
    return found[0]


def set_kernel_clock_synchronised(synchronised):
    """What a time service tells the kernel."""
    adj_maxerror, adj_esterror, adj_status, sta_pll, sta_unsync = 0x04, 0x08, 0x10, 0x01, 0x40
    timex = bytearray(208)
    struct.pack_into("I", timex, 0, adj_maxerror | adj_esterror | adj_status)
    struct.pack_into("qqi", timex, 24, 1000, 1000, sta_pll if synchronised else sta_unsync)
    given = (ctypes.c_char * len(timex)).from_buffer(timex)
    if ctypes.CDLL(None).adjtimex(given) < 0:
        raise OSError("adjtimex")


class Service:
    def __init__(self, unit):
        self.unit = unit
        self._from = time.time()

    def start(self):
        do("systemctl", "start", self.unit)

    def stop(self):
        do("systemctl", "stop", self.unit)

    def reload(self):
        do("systemctl", "reload", self.unit)

    def show(self, name):
        return do("systemctl", "show", "--value", f"--property={name}", self.unit).strip()

    @property
    def pid(self):
        return int(self.show("MainPID"))

    def wait_for_another(self, pid, timeout=None):
        """Until systemd has started it again, and it is ready."""
        changed = lambda: self.pid not in (0, pid) and self.show("ActiveState") == "active"
        wait_until(changed, timeout, f"another process of {self.unit}")

    def lines(self):
        return do("journalctl", f"--since=@{self._from:.6f}", f"--unit={self.unit}", "--output=cat").split("\n")

    def wait_line(self, pattern, timeout=None):
        # journalctl takes a moment; the limit is for what it tells.
        find = lambda: next((found for line in self.lines() if (found := re.search(pattern, line))), None)
        try:
            return wait_until(find, timeout, pattern)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.unit} said:\n" + "\n".join(self.lines())) from None


class HubService(Hub):
    """What it leaves is read as in the integration tests."""

    def __init__(self):
        self.service = Service("imagehub")
        self.folder = "/etc/imagehub"
        self.data = "/var/lib/imagehub"
        self.images = os.path.join(self.data, "images")
        self.log_path = os.path.join(self.data, "logs", "imagehub.log")
        self.address = f"tcp://127.0.0.1:{PORT}"

    def write(self, text=""):
        put("/etc/imagehub/imagehub.yaml", f"hub:\n  data_directory: {self.data}\n{text}")

    def status(self):
        return json.loads(do("imagehub", "status", "--json"))

    def events(self, source):
        """(text, fields) of what one source told, in the order of commit."""
        query = "SELECT text, fields FROM events WHERE source = ? ORDER BY id"
        return [(row["text"], json.loads(row["fields"] or "{}")) for row in self.rows(query, source)]

    def wait_for_text(self, text, count=1):
        wait_until(lambda: self.log_texts().count(text) >= count, what=text)


class MachineTest(CommandTest):
    """A test with services that begin with empty folders, and are stopped at its end."""

    def setUp(self):
        self.stop_all()
        self.addCleanup(self.stop_all)
        for folder in ("imagehub", "imagenode"):
            shutil.rmtree(f"/var/lib/{folder}", ignore_errors=True)
            os.makedirs(f"/etc/{folder}", exist_ok=True)

    @staticmethod
    def stop_all():
        units = ["imagenode.service", "imagenode@*.service", "imagehub.service"]
        do("systemctl", "stop", *units)
        do("systemctl", "reset-failed")

    def hub(self, settings=""):
        hub = HubService()
        hub.write(settings)
        hub.service.start()
        return hub

    @staticmethod
    def write_node(hub_address=f"tcp://127.0.0.1:{PORT}", node=None, path="/etc/imagenode/imagenode.yaml", **settings):
        addresses = hub_address if hub_address == "auto" else {"H1": hub_address}
        node = {"name": NODE, "heartbeat": "1s", "patience": 2, **(node or {})}
        put(path, json.dumps({"node": node, "hub_address": addresses, **settings}))

    def node(self, *arguments, **settings):
        self.write_node(*arguments, **settings)
        service = Service("imagenode")
        service.start()
        return service

    def drop_in(self, unit, text):
        """Lines for the section [Service] of a unit, until the end of the test."""
        folder = f"/run/systemd/system/{unit}.service.d"
        os.makedirs(folder)
        put(os.path.join(folder, "test.conf"), "[Service]\n" + text)
        do("systemctl", "daemon-reload")
        self.addCleanup(do, "systemctl", "daemon-reload")
        self.addCleanup(shutil.rmtree, folder)

    def imagehub(self, hub, *arguments, status=0):
        """As CommandTest has it, but as the administrator gives it."""
        done = subprocess.run(["imagehub", *arguments], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout if status == 0 else done.stderr
