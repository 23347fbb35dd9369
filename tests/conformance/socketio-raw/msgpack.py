"""The parser of socket.io-msgpack-parser: one binary message a packet. What is wrong closes the connection, as with JSON."""

import base64
import time

from bad_packets import RESERVED
from bystander import PATIENCE, ROOM
from case import MSGPACK, case, equal
from engine import SOCKETS, Polling, base64_packet, connect
from packed import Raw, pack, unpack

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = range(5)


def packet(kind, data=None, namespace="/", **more):
    """A packet as a client writes it; without data, it has none."""
    fields = {"type": kind, "nsp": namespace, **more}
    return pack(fields if data is None else fields | {"data": data})


def joined(program, namespace="/"):
    socket = connect(program, SOCKETS)
    socket.send(packet(CONNECT, namespace=namespace, options={"compress": True}))
    answer = unpack(socket.recv())
    equal((answer["type"], answer["nsp"]), (CONNECT, namespace))
    assert len(answer["data"]["sid"]) == 20
    return socket


def echoes(socket, *arguments, namespace="/"):
    """Fails unless these come back."""
    socket.send(packet(EVENT, ["echo", *arguments], namespace))
    equal(unpack(socket.recv()), {"type": EVENT, "data": ["echo", *arguments], "nsp": namespace})


def closes(program, *messages):
    with joined(program) as socket:
        for message in messages:
            socket.send(message)
        socket.closed()


@case(flags=MSGPACK)
def values_of_any_kind_come_back(program):
    with joined(program) as socket:
        echoes(socket)
        echoes(socket, None, True, False, 0, 127, 128, 65_536, -1, -200, 1.5, "마당 👋🏽", "")
        echoes(socket, {"a": [1, {"b": b"\x00\xff"}]}, b"", b"x" * 70_000, [], {})


@case(flags=MSGPACK)
def acknowledgements_have_the_id_of_their_event(program):
    with joined(program) as socket:
        socket.send(packet(EVENT, ["ack", "x", b"\x01"], id=7))
        equal(unpack(socket.recv()), {"type": ACK, "data": ["x", b"\x01"], "nsp": "/", "id": 7})
        socket.send(packet(EVENT, ["call me", 1]))
        call = unpack(socket.recv())
        equal((call["type"], call["data"]), (EVENT, ["called", 1]))
        socket.send(packet(ACK, [b"\x02"], id=call["id"]))
        equal(unpack(socket.recv())["data"], ["answered", b"\x02"])


@case(flags=MSGPACK)
def namespaces_and_refusals_are_as_with_json(program):
    with joined(program, "/chat") as socket:
        echoes(socket, 1, namespace="/chat")
        socket.send(packet(CONNECT, namespace="/nowhere"))
        equal(unpack(socket.recv()), {"type": CONNECT_ERROR, "data": {"message": "Invalid namespace"}, "nsp": "/nowhere"})
        socket.send(packet(CONNECT, {"token": "no"}, "/guarded"))
        refusal = {"message": "not allowed", "data": {"code": "E_TOKEN"}}
        equal(unpack(socket.recv()), {"type": CONNECT_ERROR, "data": refusal, "nsp": "/guarded"})
        socket.send(packet(EVENT, ["disconnect me"], "/chat"))
        answer = unpack(socket.recv())
        equal((answer["type"], answer["nsp"]), (DISCONNECT, "/chat"))


@case(flags=MSGPACK)
def it_travels_by_polling_in_base64(program):
    polling = Polling(program, path=SOCKETS)
    polling.send(base64_packet(packet(CONNECT)))
    answer = polling.recv()
    equal(answer[0], "b")
    equal(unpack(base64.b64decode(answer[1:]))["type"], CONNECT)
    polling.send(base64_packet(packet(EVENT, ["echo", b"\x01"])))
    equal(unpack(base64.b64decode(polling.recv()[1:]))["data"], ["echo", b"\x01"])


@case(flags=MSGPACK)
def text_closes(program):
    for text in ("40", '42["echo"]', ""):
        closes(program, "4" + text)


@case(flags=MSGPACK)
def what_is_no_packet_closes(program):
    wrong = [b"", b"\xc0", b"\x01", pack([]), pack({}), pack("x"), pack({"type": EVENT}), pack({"nsp": "/", "data": ["echo"]})]
    wrong += [packet(kind, ["echo"]) for kind in (5, 6, -1, 1.5, "2", True, [])]
    wrong += [pack({"type": EVENT, "nsp": namespace, "data": ["echo"]}) for namespace in (None, 1, b"/", ["/"])]
    wrong += [packet(EVENT, data) for data in ({}, "echo", 1, b"echo")] + [packet(EVENT)]
    wrong += [packet(EVENT, ["ack"], id=id) for id in ("1", 1.5, b"\x01", [])]
    wrong += [packet(DISCONNECT, {}), packet(CONNECT, []), packet(ACK, {}, id=1)]
    with watched(program):
        for data in wrong:
            closes(program, data)


@case(flags=MSGPACK)
def events_without_a_name_or_with_a_reserved_one_close(program):
    """Node's decoder of msgpack lets them through."""
    if program.node:
        return
    with watched(program):
        for data in ([], [None], [True], [{}], [[]], [b"echo"], *([name] for name in RESERVED)):
            closes(program, packet(EVENT, data))


@case(flags=MSGPACK)
def what_is_cut_short_closes(program):
    """Node's decoder takes a string or bytes that are cut short for shorter ones."""
    whole = packet(EVENT, ["echo", {"a": [1, 2.5, "text", b"bytes"]}], id=300)
    with watched(program):
        for end in program.either(node=[1, 5, 20], madang=range(len(whole))):
            closes(program, whole[:end])
        closes(program, whole + b"\x00")


@case(flags=MSGPACK)
def lengths_that_promise_too_much_close_at_once(program):
    with watched(program):
        for head in ("ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff01", "dcffff", "deffff"):
            if not program.node or head[:2] in ("dd", "df"):
                closes(program, packet(EVENT, Raw(head)))
                closes(program, packet(EVENT, ["echo", Raw(head)]))
            closes(program, Raw(head).data)


@case(flags=MSGPACK)
def unknown_bytes_close(program):
    """0xc1 is the one that msgpack has no use for; extensions of unknown types have no meaning here."""
    with watched(program):
        closes(program, b"\xc1")
        closes(program, packet(EVENT, ["echo", Raw("c1")]))


@case(flags=MSGPACK)
def nesting_a_hundred_thousand_deep_is_read_or_closes(program):
    """Node's ends with an exception, and with it the connection."""
    with watched(program):
        for head in (b"\x91", b"\x81\xa1a"):
            for depth in (10_000, 100_000):
                deep = Raw(head * depth + b"\xc0")
                for data in (deep.data, packet(EVENT, ["echo", deep]), packet(CONNECT, {"a": deep}, "/chat"), packet(EVENT, ["ack", deep], id=1)):
                    with joined(program) as socket:
                        socket.send(data)
                        socket.http.socket.settimeout(0.2)
                        try:
                            socket.frame()
                        except AssertionError:
                            pass
        if not program.node:
            closes(program, b"\x91" * 900_000)


class watched:
    """As `bystander`: somebody beside, who is still there, and bounded memory."""

    def __init__(self, program):
        self._program = program

    def __enter__(self):
        self._before = self._program.memory()
        self._socket = joined(self._program)

    def __exit__(self, *error):
        with self._socket:
            if error[0] is None:
                start = time.monotonic()
                echoes(self._socket, "still here")
                assert time.monotonic() - start < PATIENCE
                grown = self._program.memory() - self._before
                assert self._program.node or grown < ROOM, f"the program has grown by {grown >> 20} MiB"
