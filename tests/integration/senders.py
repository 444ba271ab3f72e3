"""Those who send to a hub: as imagezmq does, as our nodes do, and byte by byte. Python's standard library and Debian's
python3-zmq are enough.
"""

import json
import os
import socket
import time

import zmq

from program import TIMEOUT

def jpeg(content=b"", size=0):
    """Bytes that a hub takes for a JPEG: start marker, the content in a comment, padding, end marker."""
    content = bytes(content).replace(b"\xff", b"\xfe")
    return b"\xff\xd8\xff\xfe" + content + b"." * max(0, size - len(content) - 6) + b"\xff\xd9"


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


class Connection:
    """Something with a socket, to be used with `with`."""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ReqSender(Connection):
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


class BootSender(Connection):
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


class RawPeer(Connection):
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
