"""Handshakes, and the errors of Engine.IO: codes 0 to 5."""

import json

from case import COOKIE, MODERN, STANDARD, case, equal
from engine import ECHO, SID, SOCKETS, Polling, connect, refused, websocket
from http1 import ask


@case()
def a_polling_handshake_says_what_the_session_is(program):
    answer = ask(program.port, "GET", f"{ECHO}?EIO=4&transport=polling")
    equal(answer.status, 200)
    equal(answer.header("content-type"), "text/plain; charset=UTF-8")
    equal(answer.header("cache-control"), "no-store")
    equal(answer.header("content-length"), str(len(answer.body)))
    equal(answer.header("set-cookie"), None)
    equal(answer.header("access-control-allow-origin"), None)
    sid = json.loads(answer.text[1:])["sid"]
    assert SID.match(sid), sid
    equal(
        answer.text,
        f'0{{"sid":"{sid}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}}',
    )


@case()
def a_websocket_handshake_has_no_upgrades(program):
    with connect(program) as socket:
        expected = {"sid": socket.sid, "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}
        equal(socket.open, expected)
        assert SID.match(socket.sid), socket.sid


@case()
def every_session_has_an_id_of_its_own(program):
    ids = [Polling(program).sid for _ in range(100)]
    equal(len(set(ids)), 100)
    # Nothing of one tells the next: no two share their first or last 8 characters.
    equal(len({sid[:8] for sid in ids}), 100)
    equal(len({sid[-8:] for sid in ids}), 100)


@case()
def an_unknown_transport_is_code_0(program):
    for transport in ("&transport=tcp", "", "&transport=", "&transport=__proto__", "&transport=webtransport", "&transport=Polling"):
        refused(ask(program.port, "GET", f"{ECHO}?EIO=4{transport}"), 0, "Transport unknown")


@case()
def an_unknown_sid_is_code_1(program):
    for sid in ("AAAAAAAAAAAAAAAAAAAA", "__proto__", "x", "a%00b", "%F0%9F%91%8B"):
        for method, body in (("GET", None), ("POST", "4x")):
            refused(ask(program.port, method, f"{ECHO}?EIO=4&transport=polling&sid={sid}", body), 1, "Session ID unknown")


@case()
def a_handshake_that_is_not_a_get_is_code_2(program):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        refused(ask(program.port, method, f"{ECHO}?EIO=4&transport=polling", ""), 2, "Bad handshake method")


@case()
def websocket_without_an_upgrade_is_code_3(program):
    refused(ask(program.port, "GET", f"{ECHO}?EIO=4&transport=websocket"), 3, "Bad request")


@case()
def a_sid_on_another_transport_is_code_3(program):
    polling = Polling(program)
    refused(ask(program.port, "GET", f"{ECHO}?EIO=4&transport=websocket&sid={polling.sid}"), 3, "Bad request")
    with connect(program) as socket:
        refused(ask(program.port, "GET", f"{ECHO}?EIO=4&transport=polling&sid={socket.sid}"), 3, "Bad request")
        socket.send("4still here").expect("4still here")
    polling.send("4and here")
    equal(polling.recv(), "4and here")


@case()
def a_sid_with_another_protocol_version_is_code_3(program):
    polling = Polling(program)
    refused(ask(program.port, "GET", f"{ECHO}?EIO=3&transport=polling&sid={polling.sid}"), 3, "Bad request")
    refused(ask(program.port, "GET", f"{ECHO}?transport=polling&sid={polling.sid}"), 3, "Bad request")
    polling.send("4hello")
    equal(polling.recv(), "4hello")


@case()
def whoever_is_not_allowed_gets_code_4_and_the_reason(program):
    refused(ask(program.port, "GET", f"{ECHO}?EIO=4&transport=polling&refuse=yes"), 4, "refused", status=403)
    refused_upgrade(websocket(program, extra="&refuse=yes"), "refused")


@case(flags=MODERN)
def another_protocol_version_is_code_5(program):
    for version in ("EIO=3", "EIO=2", "EIO=5", "EIO=", "EIO=04", "x=4"):
        refused(ask(program.port, "GET", f"{ECHO}?{version}&transport=polling"), 5, "Unsupported protocol version")


@case(flags=MODERN)
def another_protocol_version_is_refused_before_the_101(program):
    """Node answers 101 and writes its refusal onto the WebSocket."""
    socket = websocket(program, eio=3)
    if program.node:
        equal(socket.answer.status, 101)
        assert socket.http.rest().startswith(b"HTTP/1.1 400 Bad Request\r\n")
    else:
        refused_upgrade(socket, "Unsupported protocol version")


@case()
def a_refused_websocket_shows_its_status(program):
    for extra, message in (("&transport=tcp", "Transport unknown"), ("&sid=AAAAAAAAAAAAAAAAAAAA", "Session ID unknown")):
        target = "/engine.io/?EIO=4" + (extra if "transport" in extra else "&transport=websocket" + extra)
        headers = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
        answer = ask(program.port, "GET", target, headers=[*headers, ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")])
        refused_upgrade_answer(answer, message)
    polling = Polling(program)
    refused_upgrade(websocket(program, eio=3, extra=f"&sid={polling.sid}"), "Bad request")
    polling.send("4hello")
    equal(polling.recv(), "4hello")


@case()
def the_path_is_a_prefix_and_ends_in_a_slash(program):
    equal(ask(program.port, "GET", "/socket.io/foo/bar?EIO=4&transport=polling").status, 200)
    for target in ("/socket.io?EIO=4&transport=polling", "/engine.io?EIO=4&transport=polling", "/?EIO=4&transport=polling", "/socket.i"):
        equal(ask(program.port, "GET", target).status, 404)


@case(flags=COOKIE)
def a_cookie_is_set_by_the_polling_handshake_alone(program):
    polling = Polling(program)
    equal(polling.handshake.header("set-cookie"), f"io={polling.sid}; Path=/; HttpOnly; SameSite=Lax")
    polling.send("4hello")
    equal(polling.poll().header("set-cookie"), None)
    with connect(program) as socket:
        equal(socket.answer.header("set-cookie"), None)


@case()
def old_internet_explorers_are_told_not_to_filter(program):
    for agent in ("Mozilla/5.0 (compatible;MSIE 10.0)", "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0)"):
        polling = Polling(program, headers=[("User-Agent", agent)])
        equal(polling.handshake.header("x-xss-protection"), "0")
    equal(Polling(program).handshake.header("x-xss-protection"), None)


@case(flags=STANDARD)
def socket_io_has_another_id_than_its_session(program):
    polling = Polling(program, path=SOCKETS)
    polling.send("40")
    public = json.loads(polling.recv()[2:])["sid"]
    assert SID.match(public) and public != polling.sid, public
    refused(ask(program.port, "GET", f"{SOCKETS}?EIO=4&transport=polling&sid={public}"), 1, "Session ID unknown")


def refused_upgrade(socket, message):
    """Fails unless a WebSocket was refused with this message."""
    refused_upgrade_answer(socket.answer, message)
    socket.http.ended()


def refused_upgrade_answer(answer, message):
    equal((answer.status, answer.text), (400, message))
    equal(answer.header("content-type"), "text/html")
    equal(answer.header("content-length"), str(len(message)))
    equal(answer.header("connection"), "close")
