"""HTTP/1.1 itself: heads, lengths, chunks, connections that are kept. Madang has two servers for it: its own on bare TCP, and hyper."""

import contextlib
import socket
import time

from bystander import bystander
from case import case, equal
from engine import ECHO, Polling
from http1 import Closed, Http, request

HANDSHAKE = f"{ECHO}?EIO=4&transport=polling"
CHUNKED = [("Transfer-Encoding", "chunked")]


@case()
def a_head_may_arrive_byte_by_byte(program):
    with Http(program.port) as connection:
        for byte in request("GET", HANDSHAKE):
            connection.send(bytes([byte]))
        equal(connection.response().status, 200)


@case()
def a_request_may_be_cut_anywhere(program):
    polling = Polling(program)
    data = request("POST", polling.target, "4hello")
    for cut in range(1, len(data), 7):
        with Http(program.port) as connection:
            connection.send(data[:cut])
            time.sleep(0.002)
            connection.send(data[cut:])
            equal(connection.response().body, b"ok")
    equal(polling.recv().split("\x1e"), ["4hello"] * len(range(1, len(data), 7)))


@case()
def a_poll_may_follow_a_post_in_one_segment(program):
    polling = Polling(program)
    with Http(program.port) as connection:
        connection.send(request("POST", polling.target, "4hello") + request("GET", polling.target))
        equal(connection.response().body, b"ok")
        equal(connection.response().text, "4hello")


@case()
def connections_are_kept_as_the_client_asks(program):
    for version, header, kept in (("1.1", "", True), ("1.1", "Connection: close\r\n", False), ("1.0", "", False), ("1.0", "Connection: keep-alive\r\n", True)):
        with Http(program.port) as connection:
            head = f"GET {HANDSHAKE} HTTP/{version}\r\nHost: a\r\n{header}\r\n".encode()
            connection.send(head)
            equal(connection.response().status, 200)
            if kept:
                connection.send(head)
                equal(connection.response().status, 200)
            else:
                connection.ended()


@case()
def an_answer_to_head_has_no_body(program):
    with Http(program.port) as connection:
        connection.request("HEAD", HANDSHAKE)
        equal(connection.response(head=True).status, 400)
        connection.request("GET", HANDSHAKE)
        equal(connection.response().status, 200)


@case()
def a_client_may_wait_for_100_continue(program):
    polling = Polling(program)
    with Http(program.port) as connection:
        connection.send(request("POST", polling.target, None, [("Content-Length", "6"), ("Expect", "100-continue")]))
        equal(connection.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue")
        connection.send(b"4hello")
        equal(connection.response().body, b"ok")
    equal(polling.recv(), "4hello")


@case()
def chunks_may_have_extensions_and_trailers(program):
    polling = Polling(program)
    with Http(program.port) as connection:
        connection.send(request("POST", polling.target, None, CHUNKED) + b'3;a="b"\r\n4he\r\n003\r\nllo\r\n0;x\r\nExpires: never\r\n\r\n')
        equal(connection.response().body, b"ok")
        connection.request("GET", polling.target)
        equal(connection.response().text, "4hello")


@case()
def chunks_that_are_none_end_the_session(program):
    for chunks in (b"g\r\n", b"-1\r\n4\r\n", b"ffffffffffffffffff\r\n", b"\r\n\r\n", b"0x1\r\n4\r\n", b"1\r\n4x\r\n0\r\n\r\n"):
        polling = Polling(program)
        with Http(program.port) as connection:
            connection.send(request("POST", polling.target, None, CHUNKED) + chunks)
            refused_or_closed(connection)
        polling.gone()


@case()
def a_chunk_as_long_as_all_memory_is_over_the_limit(program):
    polling = Polling(program)
    with bystander(program), Http(program.port) as connection:
        connection.send(request("POST", polling.target, None, CHUNKED) + b"7fffffffffffff\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(3):
                connection.send(b"4" * 500_000)
        with contextlib.suppress(Closed):
            equal(connection.response().status, 413)


@case()
def many_tiny_chunks_cost_what_they_weigh(program):
    with bystander(program):
        polling = Polling(program)
        with Http(program.port) as connection:
            start = time.monotonic()
            connection.send(request("POST", polling.target, None, CHUNKED) + b"1\r\n4\r\n" + b"1\r\nx\r\n" * 400_000 + b"0\r\n\r\n")
            equal(connection.response().body, b"ok")
            took = time.monotonic() - start
            assert took < 3, f"2.4 MB took {took:.1f} s"
        equal(len(polling.recv()), 400_001)


@case()
def lengths_that_contradict_each_other_are_refused(program):
    """What requests are smuggled with past a proxy. hyper follows the chunks, and says so to nobody."""
    inner = request("GET", HANDSHAKE)
    for headers, body in (
        ("Content-Length: 5\r\nContent-Length: 6", b"4hello"),
        ("Content-Length: 5, 6", b"4hello"),
        ("Content-Length: +6", b"4hello"),
        ("Content-Length: 0x6", b"4hello"),
        ("Content-Length: -1", b""),
        ("Content-Length: 99999999999999999999", b"4hello"),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", b"0\r\n\r\n"),
        ("Transfer-Encoding: gzip", b"4hello"),
        ("Transfer-Encoding: chunked, identity", b"0\r\n\r\n"),
    ):
        if is_hyper(program) and "Content-Length: 5" in headers and "chunked" in headers:
            continue
        polling = Polling(program)
        with Http(program.port) as connection:
            head = f"POST {polling.target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n"
            connection.send(head.encode() + body + inner)
            refused_or_closed(connection)
            connection.rest()


@case()
def heads_that_are_none_are_refused(program):
    line = f"GET {HANDSHAKE} HTTP/1.1\r\n"
    # Node knows HTTP/0.9 too.
    early = program.either(node=[], madang=[f"GET {HANDSHAKE}\r\n\r\n"])
    for data in (
        *early,
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "hello\r\n\r\n",
        f"GET {HANDSHAKE} HTTP/9.9\r\n\r\n",
        f"GET\t{HANDSHAKE} HTTP/1.1\r\n\r\n",
        f"{line}Host : a\r\n\r\n",
        f"{line}: a\r\n\r\n",
        f"{line}Host: a\r\nX: \x00\r\n\r\n",
        f"{line}Host: a\r\nX\x01: y\r\n\r\n",
        "\x00" * 100,
    ):
        with Http(program.port) as connection:
            connection.send(data.encode("latin-1") + b"\r\n\r\n")
            # The end of what will come, for a parser that waits for more.
            connection.socket.shutdown(socket.SHUT_WR)
            refused_or_closed(connection)


@case()
def a_target_may_be_absolute(program):
    with Http(program.port) as connection:
        connection.request("GET", f"http://example.org{HANDSHAKE}")
        equal(connection.response().status, program.either(node=404, madang=200))
    with Http(program.port) as connection:
        connection.request("OPTIONS", "*")
        assert connection.response().status in (400, 404)


@case()
def requests_ahead_of_their_turn_are_not_hoarded(program):
    with bystander(program), Http(program.port) as connection:
        polling = Polling(program)
        connection.request("GET", polling.target)
        connection.socket.settimeout(0.5)
        # Nobody reads them while the poll is held: the client is to wait.
        with contextlib.suppress(OSError):
            for _ in range(2000):
                connection.send(request("GET", f"{HANDSHAKE}&{'x' * 10_000}"))


@case()
def whoever_reads_no_answer_is_not_answered_for_ever(program):
    with bystander(program), Http(program.port) as connection:
        connection.socket.settimeout(1)
        with contextlib.suppress(OSError):
            for _ in range(3000):
                connection.send(request("GET", f"{ECHO}?EIO=4&transport=none") * 100)


@case(quick=False)
def a_head_that_does_not_come_is_not_waited_for(program):
    """On bare TCP; a server on hyper has its own clock, or none."""
    if is_hyper(program) or program.node:
        return
    with Http(program.port, seconds=15) as connection:
        begun = time.monotonic()
        connection.send(b"GET /engine.io/ HTTP/1.1\r\nHost: a\r\n")
        connection.ended()
        assert 8 < time.monotonic() - begun < 13, "it has 10 s"


def is_hyper(program):
    return not program.node and "--tcp" not in program.flags


def refused_or_closed(connection):
    """Fails unless the answer is status 400, or none and the end."""
    with contextlib.suppress(Closed):
        equal(connection.response().status, 400)
