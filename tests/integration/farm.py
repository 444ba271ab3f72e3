"""Computers of the test's own for discovery: network namespaces with an interface, a D-Bus and an Avahi daemon."""

import ctypes
import os
import select
import shutil
import subprocess
import sys
import tempfile

from kit import TIMEOUT, Program

ADDRESS = "10.74.0.1"
CABLE = "10.75.0."
"""Addresses of two computers that are joined end with 1 and 2."""
_CLONE_NEWNET, _CLONE_NEWNS = 0x40000000, 0x00020000

# Holds the namespaces and the interface until its standard input is closed.
_HOLDER = f"""
import fcntl, os, struct, subprocess, sys
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
os.mkdir("/run/avahi-daemon")
tap = os.open("/dev/net/tun", os.O_RDWR)
IFF_TAP, IFF_NO_PI, TUNSETIFF = 0x0002, 0x1000, 0x400454CA
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", b"farm0", IFF_TAP | IFF_NO_PI))
for words in ("link set lo up", "addr add {ADDRESS}/24 dev farm0", "link set farm0 up multicast on"):
    subprocess.run(["ip", *words.split()], check=True)
print("ready", flush=True)
sys.stdin.read()
"""

_BUS = """<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""

_AVAHI = """[server]
host-name={name}
use-ipv6=no
[publish]
publish-workstation=no
publish-hinfo=no
"""


def missing():
    """Why there can be no such computer here; None when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "unshare", "dbus-daemon", "avahi-daemon"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"{program} is not installed"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True).returncode != 0:
        return "network namespaces are not allowed here"
    return None


class Farm:
    """The computer. Programs get on it with preexec=farm.inside and env=farm.env."""

    def __init__(self, avahi=True, name="farm"):
        self.folder = tempfile.mkdtemp(prefix="farm-")
        socket = os.path.join(self.folder, "bus")
        self.env = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={socket}"}
        self._write("bus.conf", _BUS.format(socket=socket))
        self._write("avahi.conf", _AVAHI.format(name=name))
        unshare = ["unshare", "--net", "--mount", "--propagation", "private"]
        self._holder = subprocess.Popen(
            unshare + [sys.executable, "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        ready = select.select([self._holder.stdout], [], [], TIMEOUT)[0] and self._holder.stdout.readline() == "ready\n"
        self._bus = self._avahi = None
        if not ready:
            self.close()
            raise AssertionError("the namespaces cannot be made")
        self._bus = self._start("dbus-daemon", "--nofork", "--print-address=2", "--config-file=" + self._path("bus.conf"))
        self._bus.wait_line("unix:path")
        if avahi:
            self.start_avahi()

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _write(self, name, text):
        with open(self._path(name), "w") as file:
            file.write(text)

    def _start(self, *words):
        path = shutil.which(words[0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        return Program([path, *words[1:]], env=self.env, preexec=self.inside)

    def inside(self):
        """What a program does before it starts to run here."""
        libc = ctypes.CDLL(None)
        root = os.open(f"/proc/{self._holder.pid}/root", os.O_PATH)
        for kind, flag in (("net", _CLONE_NEWNET), ("mnt", _CLONE_NEWNS)):
            with open(f"/proc/{self._holder.pid}/ns/{kind}") as namespace:
                if libc.setns(namespace.fileno(), flag) != 0:
                    raise OSError("cannot enter " + kind)
        # In a system tree of another Debian the root of the namespace is not that of the tree.
        os.fchdir(root)
        os.chroot(".")

    def _ip(self, words):
        subprocess.run(["ip", *words.split()], preexec_fn=self.inside, check=True)

    def join(self, other):
        """Puts a cable between the two; this one has the first address."""
        self._ip(f"link add cable type veth peer name cable netns {other._holder.pid}")
        for number, computer in enumerate((self, other), start=1):
            computer._ip(f"addr add {CABLE}{number}/24 dev cable")
            computer._ip("link set cable up multicast on")

    def start_avahi(self):
        self._avahi = self._start(
            "avahi-daemon", "--file", self._path("avahi.conf"), "--no-drop-root", "--no-chroot", "--no-rlimits"
        )
        self._avahi.wait_line("Server startup complete")

    def stop_avahi(self):
        self._avahi.kill()

    def close(self):
        for program in (self._avahi, self._bus):
            if program is not None:
                program.kill()
        self._holder.stdin.close()
        self._holder.wait(TIMEOUT)
        self._holder.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
