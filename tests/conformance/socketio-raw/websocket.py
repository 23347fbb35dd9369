"""Engine.IO on WebSocket: packets, heartbeats, closing."""

import time

from case import HASTY, PATIENT, case, equal
from engine import ECHO, SOCKETS, Polling, connect, websocket
from http1 import Http
from ws import BINARY, CLOSE, TEXT, encode, message


@case()
def text_has_a_type_and_binary_has_none(program):
    with connect(program) as socket:
        socket.send("4hello").expect("4hello")
        socket.send(bytes(range(256))).expect(bytes(range(256)))
        socket.send("4마당 👋🏽").expect("4마당 👋🏽")
        socket.send("4").expect("4")
        socket.send(b"").expect(b"")


@case()
def a_message_may_come_in_fragments(program):
    with connect(program) as socket:
        socket.http.send(encode(TEXT, b"4he", first=0) + encode(0, b"ll", first=0) + encode(0, b"o"))
        socket.expect("4hello")


@case()
def frames_may_arrive_byte_by_byte(program):
    with connect(program) as socket:
        for byte in message("4slow") + message(b"\x01\x02"):
            socket.http.send(bytes([byte]))
        socket.expect("4slow", b"\x01\x02")


@case()
def what_follows_the_handshake_in_its_segment_counts(program):
    """Node loses it."""
    first = message("40") + message('42["echo","early"]')
    with connect(program, SOCKETS, first=first) as socket:
        if program.node:
            socket.silent(0.2)
            return
        assert socket.recv().startswith('40{"sid":"')
        socket.expect('42["echo","early"]')


@case()
def a_close_packet_closes_at_once(program):
    """Node takes no notice of it."""
    with connect(program) as socket:
        socket.send("1")
        if program.node:
            socket.silent(0.8)
            socket.send("4still open").expect("4still open")
        else:
            socket.closed(None, 1000)


@case()
def an_unknown_packet_closes(program):
    for packet in ("x", "7", "8", "", "한"):
        with connect(program) as socket:
            socket.send("4before").send(packet).send("4after")
            socket.closed(after=["4before"])


@case()
def base64_is_binary_here_too(program):
    with connect(program) as socket:
        socket.send("bAQIDBA==").expect(b"\x01\x02\x03\x04")


@case()
def packets_that_say_nothing_here_are_ignored(program):
    with connect(program) as socket:
        socket.send("6").send("5").send("0").send("3").send("4hello").expect("4hello")


@case()
def a_ping_of_the_client_closes(program):
    for ping in ("2", "2probe"):
        with connect(program) as socket:
            socket.send(ping)
            socket.closed()


@case()
def a_message_over_the_limit_closes_with_1009(program):
    with connect(program) as socket:
        text = "4" + "x" * 999_999
        socket.send(text).expect(text)
        socket.send("4" + "x" * 1_000_000)
        socket.closed(1009)


@case()
def what_is_no_websocket_closes_with_its_code(program):
    for frames, code in ((encode(TEXT, b"4a", mask=False), 1002), (encode(TEXT, b"4\xff"), 1007), (encode(3, b""), 1002)):
        with connect(program) as socket:
            socket.http.send(frames)
            socket.closed(code)


@case()
def a_close_of_the_client_is_answered(program):
    with connect(program) as socket:
        socket.close(1000)
        opcode, payload = socket.frame()
        equal((opcode, payload), (CLOSE, b"\x03\xe8"))
        socket.http.ended()


@case()
def a_websocket_ping_gets_a_pong(program):
    with connect(program) as socket:
        socket.http.send(encode(9, b"there?"))
        equal(socket.frame(), (10, b"there?"))


@case(flags=HASTY)
def pings_come_at_the_interval_and_pongs_keep_it_open(program):
    start = time.monotonic()
    with connect(program) as socket:
        for number in range(1, 4):
            socket.expect("2")
            assert time.monotonic() - start > 0.5 * number - 0.05, "the interval is 0.5 s"
            socket.send("3")
        assert time.monotonic() - start < 6
        socket.send("4hello").expect("4hello")


@case(flags=HASTY)
def a_ping_without_a_pong_closes(program):
    start = time.monotonic()
    with connect(program) as socket:
        socket.expect("2")
        socket.closed()
        assert 1.45 < time.monotonic() - start < 5, "interval and timeout are 1.5 s"


@case(flags=PATIENT, quick=False)
def whatever_comes_puts_the_timeout_off_once(program):
    with connect(program) as socket:
        socket.expect("2")
        time.sleep(1)
        put_off = time.monotonic()
        socket.send("4a").expect("4a")
        time.sleep(1)
        socket.send("4b").expect("4b")
        socket.closed()
        assert 1.95 < time.monotonic() - put_off < 2.9, "only the first message puts it off, by 2 s"


@case()
def a_handshake_without_a_key_is_refused(program):
    with Http(program.port) as connection:
        fields = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
        connection.request("GET", f"{ECHO}?EIO=4&transport=websocket", headers=fields)
        equal(connection.response().status, 400)


@case()
def a_handshake_of_another_websocket_version_says_which_is_known(program):
    """Node answers 400, RFC 6455 wants 426."""
    with Http(program.port) as connection:
        fields = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "12")]
        fields.append(("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="))
        connection.request("GET", f"{ECHO}?EIO=4&transport=websocket", headers=fields)
        answer = connection.response()
        equal(answer.status, program.either(node=400, madang=426))
        equal(answer.header("sec-websocket-version"), program.either(node="13, 8", madang="13"))


@case()
def no_session_has_two_websockets(program):
    """In Node, whoever knows the id takes over a session that began on WebSocket."""
    with connect(program) as socket, websocket(program, extra=f"&sid={socket.sid}").accept() as second:
        if program.node:
            second.send("2probe").expect("3probe")
            second.send("5").send("4stolen").expect("4stolen")
        else:
            second.closed()
            socket.send("4mine").expect("4mine")


@case()
def nothing_is_compressed_unless_it_was_agreed_on(program):
    offer = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]
    with connect(program, headers=offer) as socket:
        equal(socket.answer.header("sec-websocket-extensions"), None)
        socket.send("4" + "x" * 5000).expect("4" + "x" * 5000)


@case()
def a_broken_off_websocket_ends_its_session(program):
    with connect(program) as socket:
        target = f"{ECHO}?EIO=4&transport=websocket&sid={socket.sid}"
    polling = Polling(program)
    deadline = time.monotonic() + 5
    while True:
        with Http(program.port) as connection:
            connection.request("GET", target)
            if "Session ID unknown" in connection.response().text:
                break
        assert time.monotonic() < deadline, "the session is still there"
    polling.send("4hello")
    equal(polling.recv(), "4hello")


@case()
def a_large_binary_message_comes_back_whole(program):
    with connect(program) as socket:
        data = bytes(range(250)) * 4000
        socket.http.send(encode(BINARY, data))
        socket.expect(data)
