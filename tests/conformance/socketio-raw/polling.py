"""Long-polling: GETs that are held, POSTs, payloads, heartbeats, compression, JSONP."""

import gzip
import json
import time
import urllib.parse
import zlib

from case import HASTY, case, equal
from engine import ECHO, SOCKETS, Polling, base64_packet, refused, spoiled, unpacked
from http1 import Http, ask, request


@case()
def a_poll_is_held_until_there_is_something_to_say(program):
    polling = Polling(program)
    with polling.hold() as held:
        held.silent(0.2)
        polling.send("4hello")
        answer = held.response()
        equal((answer.status, answer.text), (200, "4hello"))
        equal(answer.header("content-type"), "text/plain; charset=UTF-8")
        equal(answer.header("cache-control"), "no-store")
        equal(answer.header("content-length"), "6")


@case()
def what_waits_leaves_in_one_answer(program):
    polling = Polling(program)
    polling.send("4a\x1e4b").send("4c")
    equal(polling.recv(), "4a\x1e4b\x1e4c")


@case()
def a_post_is_answered_ok(program):
    polling = Polling(program)
    answer = polling.post("4hello")
    equal((answer.status, answer.body), (200, b"ok"))
    equal(answer.header("content-type"), "text/html")
    equal(answer.header("content-length"), "2")
    equal(answer.header("cache-control"), "no-store")


@case()
def binary_data_is_base64_between_text(program):
    polling = Polling(program)
    data = bytes(range(256))
    payload = f"4a\x1e{base64_packet(data)}\x1e4b\x1eb"
    polling.send(payload)
    equal(polling.recv(), payload)


@case()
def text_of_any_script_comes_back(program):
    polling = Polling(program)
    text = "4마당에 모여 👋🏽 \u2028\u0000\ufeff"
    polling.send(text)
    equal(polling.recv(), text)


@case()
def a_body_may_arrive_in_the_middle_of_a_character(program):
    polling = Polling(program)
    body = "4€👋".encode()
    with Http(program.port) as connection:
        data = request("POST", polling.target, body)
        head = len(data) - len(body)
        connection.send(data[: head + 2])
        connection.silent(0.05)
        connection.send(data[head + 2 : head + 6])
        connection.silent(0.05)
        connection.send(data[head + 6 :])
        equal(connection.response().body, b"ok")
    equal(polling.recv(), "4€👋")


@case()
def a_body_may_be_chunked(program):
    polling = Polling(program)
    with Http(program.port) as connection:
        connection.send(request("POST", polling.target, None, [("Transfer-Encoding", "chunked")]))
        for piece in (b"4a", b"\x1e", b"4b"):
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")
        equal(connection.response().body, b"ok")
    equal(polling.recv(), "4a\x1e4b")


@case()
def one_connection_carries_a_whole_session(program):
    polling = Polling(program)
    with Http(program.port) as connection:
        for number in range(20):
            connection.request("POST", polling.target, f"4{number}")
            equal(connection.response().body, b"ok")
            connection.request("GET", polling.target)
            equal(connection.response().text, f"4{number}")


@case()
def a_second_get_ends_the_session(program):
    polling = Polling(program)
    with polling.hold() as first:
        first.silent(0.1)
        second = polling.poll()
        equal((second.status, second.body), (400, b""))
        answer = first.response()
        equal((answer.status, answer.text), (200, "1"))
    polling.gone()


@case()
def a_second_post_at_once_ends_the_session(program):
    polling = Polling(program)
    with Http(program.port) as first, polling.hold() as held:
        first.send(request("POST", polling.target, "4a long one")[:-3])
        first.silent(0.1)
        second = polling.post("4short")
        equal((second.status, second.body), (400, b""))
        equal(held.response().text, "1")
    polling.gone()


@case()
def binary_content_ends_the_session(program):
    polling = Polling(program)
    with polling.hold() as held:
        held.silent(0.05)
        answer = polling.post("4x", [("Content-Type", "application/octet-stream")])
        spoiled(program, answer, "Engine.IO 4 has no binary payloads: send text/plain")
        equal(held.response().text, "1")
    polling.gone()


@case()
def other_content_types_are_text(program):
    polling = Polling(program)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json", "image/png"):
        equal(polling.post("4x", [("Content-Type", kind)]).body, b"ok")
        equal(polling.recv(), "4x")
    equal(polling.post("4x", []).body, b"ok")


@case()
def a_body_over_the_limit_gets_413_and_ends_the_session(program):
    """In Node the session goes on, without what the body said."""
    polling = Polling(program)
    polling.send("4" + "x" * 999_999)
    equal(len(polling.recv()), 1_000_000)
    with polling.hold() as held:
        held.silent(0.05)
        with Http(program.port) as connection:
            connection.request("POST", polling.target, "4" + "x" * 1_000_000)
            answer = connection.response()
        spoiled(program, answer, "the body is longer than the maxPayload of the handshake", 413)
        if program.node:
            polling.send("4alive")
            equal(held.response().text, "4alive")
            return
        equal(held.response().text, "1")
    polling.gone()


@case()
def a_limit_counts_bytes_also_without_a_length(program):
    polling = Polling(program)
    with Http(program.port) as connection:
        connection.send(request("POST", polling.target, None, [("Transfer-Encoding", "chunked")]))
        chunk = b"%x\r\n%s\r\n" % (100_002, b"4" + "€".encode() * 33_333 + b"xx")
        try:
            for _ in range(11):
                connection.send(chunk)
        except ConnectionError:
            pass  # it needn't read all
        equal(connection.response().status, 413)


@case()
def a_close_packet_ends_the_session(program):
    polling = Polling(program)
    with polling.hold() as held:
        held.silent(0.05)
        answer = polling.post("1")
        equal((answer.status, answer.body), (200, b"ok"))
        equal(held.response().text, "6")
    polling.gone()


@case()
def the_last_message_comes_before_the_close(program):
    """In an answer of its own: a client handles messages after the turn in which it reads them, and a close at once."""
    for held in (True, False):
        polling = Polling(program, path=SOCKETS)
        polling.send("40")
        polling.recv()
        if held:
            with polling.hold() as poll:
                poll.silent(0.05)
                polling.send('42["disconnect me",true]')
                equal(poll.response().text, "41")
        else:
            polling.send('42["disconnect me",true]')
            equal(polling.recv(), "41")
        assert polling.recv() in ("1", "6\x1e1")
        polling.gone()


@case()
def what_comes_before_a_close_packet_counts(program):
    polling = Polling(program)
    with polling.hold() as held:
        held.silent(0.05)
        polling.send("4last\x1e1\x1e4too late")
        packets = unpacked(held.response().text)
        assert packets[0] == "4last" and "4too late" not in packets, packets
    polling.gone()


@case()
def an_unknown_packet_ends_the_session(program):
    """Node answers the POST as if all were well."""
    for packet in ("x", "7", "", "한"):
        polling = Polling(program)
        with polling.hold() as held, Http(program.port) as connection:
            held.silent(0.05)
            connection.request("POST", polling.target, f"4before\x1e{packet}\x1e4after")
            answer = connection.response()
            if program.node:
                equal((answer.status, answer.body), (200, b"ok"))
            else:
                refused(answer, 3, "the body isn't a payload of Engine.IO packets")
            # The echo may have left already, and a close packet needs a poll.
            packets = unpacked(held.response().text)
            assert packets[0] == "4before" and "4after" not in packets, packets
        polling.gone()


@case()
def a_binary_packet_that_is_no_base64_is_refused_or_read_as_node_does(program):
    polling = Polling(program)
    with Http(program.port) as connection:
        connection.request("POST", polling.target, "b%%%")
        if program.node:
            equal(connection.response().body, b"ok")
            equal(polling.recv(), "b")
        else:
            refused(connection.response(), 3, "the body isn't a payload of Engine.IO packets")
            polling.gone()


@case()
def other_methods_get_500_and_the_session_stays(program):
    polling = Polling(program)
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = ask(program.port, method, polling.target)
        equal((answer.status, answer.body), (500, b""))
    polling.send("4hello")
    equal(polling.recv(), "4hello")


@case()
def a_poll_that_is_given_up_ends_the_session(program):
    polling = Polling(program)
    with polling.hold() as held:
        held.silent(0.1)
    deadline = time.monotonic() + 5
    while ask(program.port, "POST", polling.target, "4x").status == 200:
        assert time.monotonic() < deadline, "the session is still there"
    polling.gone()


@case()
def a_post_that_is_given_up_ends_the_session(program):
    polling = Polling(program)
    with polling.hold() as held:
        with Http(program.port) as connection:
            connection.send(request("POST", polling.target, "4half")[:-2])
            connection.silent(0.1)
        equal(held.response().text, "1")
    polling.gone()


@case(flags=HASTY)
def the_server_pings_and_a_pong_keeps_the_session(program):
    polling = Polling(program)
    for _ in range(3):
        equal(polling.recv(), "2")
        polling.send("3")
    polling.send("4hello")
    equal(polling.recv(), "4hello")


@case(flags=HASTY)
def a_ping_without_a_pong_ends_the_session(program):
    start = time.monotonic()
    polling = Polling(program)
    equal(polling.recv(), "2")
    assert 0.45 < time.monotonic() - start < 4, "the interval is 0.5 s"
    equal(polling.recv(), "1")
    assert 1.45 < time.monotonic() - start < 5, "with the timeout, it's 1.5 s"
    polling.gone()


@case(flags=HASTY)
def a_session_that_nobody_polls_ends(program):
    polling = Polling(program)
    time.sleep(2)
    polling.gone()


@case()
def a_ping_of_the_client_is_the_wrong_direction(program):
    polling = Polling(program)
    with polling.hold() as held:
        held.silent(0.05)
        equal(polling.post("2").body, b"ok")
        equal(held.response().text, "1")
    polling.gone()


@case()
def a_long_answer_is_compressed_as_the_client_likes(program):
    polling = Polling(program)
    text = "4" + "마당" * 500
    for accepted, encoding, unpack in (
        ("gzip, deflate, br", "gzip", gzip.decompress),
        ("deflate", "deflate", zlib.decompress),
        ("gzip;q=0, deflate;q=0.5", "deflate", zlib.decompress),
        ("br", None, bytes),
        (None, None, bytes),
        ("identity", None, bytes),
    ):
        polling.send(text)
        answer = polling.poll([("Accept-Encoding", accepted)] if accepted else [])
        equal(answer.header("content-encoding"), encoding)
        equal(answer.header("content-type"), "text/plain; charset=UTF-8")
        equal(unpack(answer.body).decode(), text)


@case()
def a_short_answer_is_not_compressed(program):
    polling = Polling(program)
    for size, encoding in ((1023, None), (1024, "gzip")):
        polling.send("4" + "x" * (size - 1))
        answer = polling.poll([("Accept-Encoding", "gzip")])
        equal(answer.header("content-encoding"), encoding)


@case()
def jsonp_wraps_what_a_poll_says(program):
    handshake = ask(program.port, "GET", f"{ECHO}?EIO=4&transport=polling&j=0")
    equal(handshake.status, 200)
    equal(handshake.header("content-type"), "text/plain; charset=UTF-8")
    packet = unwrapped(handshake.text, "0")
    target = f"{ECHO}?EIO=4&transport=polling&j=0&sid={json.loads(packet[1:])['sid']}"
    sent = '4"quotes" \\ \u2028 \u2029 한'
    body = "d=" + urllib.parse.quote(sent, safe="")
    equal(ask(program.port, "POST", target, body, [("Content-Type", "application/x-www-form-urlencoded")]).body, b"ok")
    answer = ask(program.port, "GET", target)
    equal(unwrapped(answer.text, "0"), sent)
    assert "\u2028" not in answer.text and "\u2029" not in answer.text
    equal(answer.header("content-length"), str(len(answer.body)))


@case()
def jsonp_unescapes_newlines(program):
    handshake = ask(program.port, "GET", f"{ECHO}?EIO=4&transport=polling&j=0")
    target = f"{ECHO}?EIO=4&transport=polling&j=0&sid={json.loads(unwrapped(handshake.text, '0')[1:])['sid']}"
    body = "d=" + urllib.parse.quote("4a\\nb\\\\nc", safe="")
    equal(ask(program.port, "POST", target, body, [("Content-Type", "application/x-www-form-urlencoded")]).body, b"ok")
    equal(unwrapped(ask(program.port, "GET", target).text, "0"), "4a\nb\\nc")


def unwrapped(text, index):
    """What a JSONP answer calls its function with."""
    head = f"___eio[{index}]("
    assert text.startswith(head) and text.endswith(");"), text
    return json.loads(text[len(head) : -2])
