"""The programs under test as processes, and waiting for what they do.

No test sleeps: it waits for a condition (wait_until) or for bytes of a socket or pipe. The programs' paths come from the
environment (IMAGEHUB, IMAGENODE), else they are those of the release build.
"""

import os
import re
import signal
import socket
import subprocess
import threading
import time

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
