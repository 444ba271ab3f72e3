"""Speaks imagezmq 1.2 as its users' programs do, in all roles, with nothing but pyzmq.

    ImageSender(connect_to="tcp://127.0.0.1:5555")                REQ: connects, waits for each reply
    ImageSender(connect_to="tcp://*:5555", REQ_REP=False)         PUB: binds, waits for nobody
    ImageHub(open_port="tcp://*:5555")                            REP: binds, must reply to each message
    ImageHub(open_port="tcp://pi:5555", REQ_REP=False)            SUB: connects, to several with connect()

An array is given and returned as Array(dtype, shape, data): numpy is not needed for what goes over the wire.
"""

import json
from collections import namedtuple

import zmq

Array = namedtuple("Array", "dtype shape data")


class ImageSender:
    def __init__(self, connect_to="tcp://127.0.0.1:5555", REQ_REP=True, timeout=None):
        self.zmq_context = zmq.Context()
        self.zmq_socket = self.zmq_context.socket(zmq.REQ if REQ_REP else zmq.PUB)
        self.zmq_socket.linger = 0
        self.REQ_REP = REQ_REP
        if timeout is not None:
            self.zmq_socket.rcvtimeo = int(1000 * timeout)
        if REQ_REP:
            self.zmq_socket.connect(connect_to)
            self.address = connect_to
        else:
            self.zmq_socket.bind(connect_to)
            self.address = self.zmq_socket.last_endpoint.decode().rstrip("\0")

    def _send(self, metadata, payload):
        # As pyzmq's send_json does it: UTF-8, no blanks.
        frame = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
        self.zmq_socket.send(frame, zmq.SNDMORE)
        self.zmq_socket.send(payload)
        return self.zmq_socket.recv() if self.REQ_REP else None

    def send_jpg(self, msg, jpg_buffer):
        return self._send({"msg": msg}, jpg_buffer)

    def send_image(self, msg, image):
        return self._send({"msg": msg, "dtype": image.dtype, "shape": list(image.shape)}, image.data)

    def close(self):
        self.zmq_socket.close()
        self.zmq_context.term()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ImageHub:
    def __init__(self, open_port="tcp://127.0.0.1:*", REQ_REP=True, timeout=None):
        self.zmq_context = zmq.Context()
        self.REQ_REP = REQ_REP
        self.zmq_socket = self.zmq_context.socket(zmq.REP if REQ_REP else zmq.SUB)
        self.zmq_socket.linger = 0
        if timeout is not None:
            self.zmq_socket.rcvtimeo = int(1000 * timeout)
        if REQ_REP:
            self.zmq_socket.bind(open_port)
            self.address = self.zmq_socket.last_endpoint.decode().rstrip("\0")
        else:
            self.zmq_socket.setsockopt(zmq.SUBSCRIBE, b"")
            self.zmq_socket.connect(open_port)
            self.address = open_port

    def connect(self, open_port):
        """SUB only: one publisher more."""
        if self.REQ_REP:
            raise ValueError("a REP hub binds; it cannot connect")
        self.zmq_socket.connect(open_port)

    def recv_jpg(self):
        """(text, JPEG bytes). Other keys of the metadata are not looked at, as imagezmq does."""
        metadata = json.loads(self.zmq_socket.recv().decode("utf-8"))
        return metadata["msg"], self.zmq_socket.recv()

    def recv_image(self):
        """(text, Array). Fails with KeyError on a message without dtype, as imagezmq does."""
        metadata = json.loads(self.zmq_socket.recv().decode("utf-8"))
        data = self.zmq_socket.recv()
        return metadata["msg"], Array(metadata["dtype"], tuple(metadata["shape"]), data)

    def recv(self):
        """(metadata, payload), for tests that look at all keys."""
        metadata = json.loads(self.zmq_socket.recv().decode("utf-8"))
        return metadata, self.zmq_socket.recv()

    def send_reply(self, reply=b"OK"):
        self.zmq_socket.send(reply)

    def close(self):
        self.zmq_socket.close()
        self.zmq_context.term()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
