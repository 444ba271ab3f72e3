"""What a node has sent and not been answered yet, from the trace that wire_trace.cpp writes."""

import json
import os
import re

from kit import IMAGENODE

LIBRARY = os.path.join(os.path.dirname(IMAGENODE), "libwire_trace.so")
NUMBERED = re.compile(r"(?:OK|RETRY|REJECT) (\d+)\b")


class Trace:
    """The trace of one node, read on from where it was left. `hubs`: name by address."""

    def __init__(self, path, hubs):
        self.path, self.hubs = path, hubs
        self._read = 0
        self._lines = 0
        self._pid = None
        self._sockets = {}  # hub and, by number of their line, messages that are unanswered

    def in_flight(self, pid, hubs):
        """Which messages this process has sent to one of these hubs and was not answered; a set."""
        self._go_on()
        if pid != self._pid:
            return set()
        return {message for hub, sent in self._sockets.values() if hub in hubs for message in sent.items()}

    def _go_on(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self._read)
                text = file.read()
        except FileNotFoundError:
            return
        whole = text[: text.rfind(b"\n") + 1]  # the rest is still being written
        self._read += len(whole)
        for line in whole.decode().split("\n")[:-1]:
            self._take(*line.split("\t", 3))

    def _take(self, pid, socket, what, text):
        self._lines += 1
        if int(pid) != self._pid:
            self._pid, self._sockets = int(pid), {}
        if what == "connect" and text in self.hubs:
            self._sockets[socket] = (self.hubs[text], {})
        elif what == "close":
            self._sockets.pop(socket, None)
        elif socket in self._sockets:
            self._exchange(self._sockets[socket][1], what, text)

    def _exchange(self, unanswered, what, text):
        if what == "sent":
            metadata = json.loads(text)
            if "seq" in metadata:  # without a number: a keep-alive
                unanswered[self._lines] = metadata["boot"], metadata["seq"]
        elif answered := NUMBERED.match(text):
            # A reply names no boot: of two messages with one number neither counts any more.
            for line in [line for line, (_, seq) in unanswered.items() if seq == int(answered.group(1))]:
                del unanswered[line]
