"""WebSocket on a socket, frame by frame as a case wants it."""

import base64
import hashlib
import os
import struct
import time

from case import equal, short
from http1 import SECONDS, Closed, Http

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    """A connection, once `accept` has seen a 101."""

    def __init__(self, port, target, headers=(), first=b"", seconds=SECONDS):
        """Asks for it. `first` follows the request in the same segment."""
        self.http = Http(port, seconds)
        self._key = base64.b64encode(os.urandom(16)).decode()
        fields = [
            ("Host", "127.0.0.1"),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", self._key),
            ("Sec-WebSocket-Version", "13"),
            *headers,
        ]
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields), "", ""]
        self.http.send("\r\n".join(lines).encode("latin-1") + first)
        self.answer = self.http.response()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def accept(self):
        """Fails unless the handshake was answered as it must be."""
        equal(self.answer.status, 101)
        expected = base64.b64encode(hashlib.sha1((self._key + GUID).encode()).digest()).decode()
        equal(self.answer.header("sec-websocket-accept"), expected)
        return self

    def send(self, data):
        """Sends a message: text if it's a string."""
        self.http.send(message(data))
        return self

    def frame(self):
        """The next frame: opcode and payload. None of the server's is fragmented or compressed here."""
        first, second = self.http.exactly(2)
        assert first & 0xF0 == 0x80 and second < 128, f"frame header {first:#x} {second:#x}"
        size = second
        if size == 126:
            (size,) = struct.unpack(">H", self.http.exactly(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.http.exactly(8))
        return first & 0x0F, self.http.exactly(size)

    def recv(self):
        """The next message: a string or bytes."""
        while True:
            opcode, payload = self.frame()
            if opcode == TEXT:
                return payload.decode()
            if opcode == BINARY:
                return payload
            if opcode == PING:
                self.http.send(encode(PONG, payload))
            elif opcode == CLOSE:
                raise Closed(f"closed with {payload!r}")

    def expect(self, *messages):
        """Fails unless these are the next messages."""
        for expected in messages:
            equal(self.recv(), expected)
        return self

    def silent(self, seconds):
        """Fails if a frame comes in so much time."""
        self.http.silent(seconds)

    def closed(self, *codes, after=()):
        """Fails unless the next frame, after these messages, is a close with one of these codes (None: without), and then the stream ends."""
        self.expect(*after)
        opcode, payload = self.frame()
        assert opcode == CLOSE, f"got opcode {opcode} {short(payload)}, where a close was expected"
        code = struct.unpack(">H", payload[:2])[0] if payload else None
        assert code in (codes or (None,)), f"closed with {code} {payload[2:]!r}"
        self.http.send(encode(CLOSE, payload))
        try:
            self.http.rest()
        except ConnectionError:
            pass

    def ends(self):
        """Reads to the end, close frame or not, and returns the messages before it."""
        messages = []
        try:
            while True:
                messages.append(self.recv())
        except Closed:
            return messages

    def close(self, code=None):
        """Closes it from here."""
        self.http.send(encode(CLOSE, b"" if code is None else struct.pack(">H", code)))


def encode(opcode, payload, mask=True, first=0x80):
    """A client's frame. The mask is zero: what it hides isn't the matter here."""
    size = len(payload)
    bit = 0x80 if mask else 0
    if size < 126:
        head = bytes([first | opcode, bit | size])
    elif size < 1 << 16:
        head = struct.pack(">BBH", first | opcode, bit | 126, size)
    else:
        head = struct.pack(">BBQ", first | opcode, bit | 127, size)
    return head + (b"\0\0\0\0" if mask else b"") + payload


def message(data):
    """A message as one frame: text if it's a string."""
    return encode(TEXT, data.encode()) if isinstance(data, str) else encode(BINARY, data)


def until(seconds, condition):
    """Waits for a condition that no event tells of."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)
