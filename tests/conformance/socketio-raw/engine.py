"""Engine.IO sessions as a client has them, each step by hand."""

import base64
import json
import re

from case import equal
from http1 import Http, ask
from ws import WebSocket

ECHO = "/engine.io/"
SOCKETS = "/socket.io/"
SID = re.compile(r"^[A-Za-z0-9_-]{20}$")


class Polling:
    """A session whose transport is long-polling."""

    def __init__(self, program, path=ECHO, eio=4, extra="", headers=()):
        self.port = program.port
        self.path = path
        self.query = f"EIO={eio}&transport=polling{extra}"
        self.handshake = ask(self.port, "GET", f"{path}?{self.query}", headers=headers)
        equal(self.handshake.status, 200)
        packet = self.handshake.text if eio == 4 else self.handshake.text.split(":", 1)[1]
        equal(packet[0], "0")
        self.open, _ = json.JSONDecoder().raw_decode(packet[1:])
        self.sid = self.open["sid"]

    @property
    def target(self):
        """Where its requests go."""
        return f"{self.path}?{self.query}&sid={self.sid}"

    def hold(self, headers=()):
        """A poll that isn't answered yet."""
        return Http(self.port).request("GET", self.target, headers=headers)

    def poll(self, headers=()):
        """A poll and its answer."""
        return ask(self.port, "GET", self.target, headers=headers)

    def recv(self):
        """The payload of a poll."""
        answer = self.poll()
        equal(answer.status, 200)
        return answer.text

    def post(self, body, headers=(("Content-Type", "text/plain;charset=UTF-8"),)):
        """A POST and its answer."""
        return ask(self.port, "POST", self.target, body, headers)

    def send(self, payload):
        """A POST that is answered as it should be."""
        answer = self.post(payload)
        equal((answer.status, answer.body), (200, b"ok"))
        return self

    def probe(self, extra=""):
        """The WebSocket that is to take over."""
        return websocket(self, self.path, extra=f"&sid={self.sid}{extra}", eio=self.query[4])

    def gone(self):
        """Fails unless nobody has this id any more."""
        refused(self.poll(), 1, "Session ID unknown")


def websocket(program, path=ECHO, eio=4, extra="", headers=(), first=b""):
    """A WebSocket, accepted or not."""
    return WebSocket(program.port, f"{path}?EIO={eio}&transport=websocket{extra}", headers, first)


def connect(program, path=ECHO, eio=4, extra="", headers=(), first=b""):
    """A session whose transport is WebSocket, and what its first packet said."""
    socket = websocket(program, path, eio, extra, headers, first).accept()
    packet = socket.recv()
    equal(packet[0], "0")
    socket.open = json.loads(packet[1:])
    socket.sid = socket.open["sid"]
    return socket


def join(program, namespace="/", auth="", path=SOCKETS):
    """A WebSocket that is connected to a namespace, and what CONNECT was answered with."""
    socket = connect(program, path)
    socket.joined = enter(socket, namespace, auth)
    return socket


def enter(socket, namespace="/", auth=""):
    """CONNECT on a WebSocket, and what it was answered with."""
    prefix = "40" if namespace == "/" else f"40{namespace},"
    socket.send(prefix + auth)
    answer = socket.recv()
    assert answer.startswith(prefix + "{"), answer
    return json.loads(answer[len(prefix) :])


def refused(answer, code, text, status=400):
    """Fails unless it's Engine.IO's answer to a request that it refuses."""
    equal((answer.status, answer.header("content-type")), (status, "application/json"))
    equal(answer.text, json.dumps({"code": code, "message": text}, separators=(",", ":")))


def spoiled(program, answer, message, status=400):
    """Fails unless it's the answer to a POST that ended its session. Node's says nothing."""
    if program.node:
        equal((answer.status, answer.body), (status, b""))
    else:
        refused(answer, 3, message, status)


def unpacked(answer):
    """The packets of a payload of Engine.IO 4."""
    return answer.split("\x1e")


def base64_packet(data):
    """Binary data in a text payload of Engine.IO 4."""
    return "b" + base64.b64encode(data).decode()
