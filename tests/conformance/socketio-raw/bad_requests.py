"""Requests that are wrong, late, too large or too many. Whoever sends one has an answer; nobody else notices."""

import threading
import time

from bystander import bystander
from case import HASTY, case, equal
from engine import ECHO, SOCKETS, Polling, connect, join, refused
from http1 import Closed, Http, ask, request


@case()
def an_unknown_transport_troubles_nobody(program):
    with bystander(program):
        for _ in range(200):
            refused(ask(program.port, "GET", f"{SOCKETS}?EIO=4&transport=carrier-pigeon"), 0, "Transport unknown")


@case()
def an_id_that_looks_right_is_unknown(program):
    with bystander(program):
        polling = Polling(program, path=SOCKETS)
        last = "A" if polling.sid[-1] != "A" else "B"
        stolen = [polling.sid[:-1] + last, polling.sid[:-1], polling.sid + "A", polling.sid.swapcase(), f"{polling.sid}%00", f"%20{polling.sid}"]
        for sid in stolen:
            for method, body in (("GET", None), ("POST", "1")):
                refused(ask(program.port, method, f"{SOCKETS}?EIO=4&transport=polling&sid={sid}", body), 1, "Session ID unknown")
        with join(program) as socket:
            refused(ask(program.port, "POST", f"{SOCKETS}?EIO=4&transport=polling&sid={socket.joined['sid']}", "1"), 1, "Session ID unknown")
        # The two servers don't know each other's sessions.
        refused(ask(program.port, "GET", f"{ECHO}?EIO=4&transport=polling&sid={polling.sid}"), 1, "Session ID unknown")
        polling.send("40")
        assert polling.recv().startswith('40{"sid"'), "the session is as it was"


@case()
def a_second_get_troubles_nobody_else(program):
    with bystander(program):
        for _ in range(20):
            polling = Polling(program, path=SOCKETS)
            with polling.hold() as first:
                first.silent(0.01)
                equal(polling.poll().status, 400)
                equal(first.response().text, "1")
            polling.gone()


@case()
def a_hundred_gets_at_once_end_one_session(program):
    with bystander(program):
        polling = Polling(program, path=SOCKETS)
        held = [polling.hold() for _ in range(100)]
        answers = []
        for each in held:
            with each:
                answer = each.response()
                answers.append((answer.status, answer.text))
        equal(answers.count((200, "1")), 1)
        assert all(status == 400 for status, text in answers if text != "1"), answers
        polling.gone()


@case()
def a_hundred_posts_at_once_end_one_session(program):
    with bystander(program):
        polling = Polling(program, path=SOCKETS)
        posts = []
        for _ in range(100):
            posts.append(Http(program.port))
            posts[-1].send(request("POST", polling.target, "40")[:-1])
        for each in posts:
            with each:
                try:
                    each.send(b"0")
                    assert each.response().status in (200, 400)
                except (Closed, ConnectionError):
                    pass
        polling.gone()


@case()
def a_wrong_content_type_troubles_nobody(program):
    with bystander(program):
        polling = Polling(program, path=SOCKETS)
        equal(polling.post(b"\x00\x01", [("Content-Type", "application/octet-stream")]).status, 400)
        polling.gone()


@case()
def a_body_over_the_limit_is_not_read(program):
    with bystander(program, room=32 << 20):
        for _ in range(3):
            polling = Polling(program, path=SOCKETS)
            with Http(program.port) as connection:
                connection.send(request("POST", polling.target, None, [("Content-Length", "10000000000")]))
                try:
                    for _ in range(200):
                        connection.send(b"4" * 1_000_000)
                except ConnectionError:
                    pass
                try:
                    equal(connection.response().status, 413)
                except Closed:
                    pass  # reset, since we had more to say


@case()
def a_body_without_end_is_not_kept(program):
    with bystander(program, room=32 << 20):
        polling = Polling(program, path=SOCKETS)
        with Http(program.port) as connection:
            connection.send(request("POST", polling.target, None, [("Transfer-Encoding", "chunked")]))
            try:
                for _ in range(2000):
                    connection.send(b"ffff\r\n" + b"4" * 65535 + b"\r\n")
            except ConnectionError:
                pass


@case()
def a_million_tiny_packets_are_over_the_limit(program):
    with bystander(program):
        polling = Polling(program, path=SOCKETS)
        try:
            equal(polling.post("\x1e".join(["6"] * 1_000_000)).status, 413)
        except ConnectionError:
            pass


@case()
def as_many_tiny_packets_as_fit_are_taken(program):
    """Half a million of them in one body: each is looked at, none is kept."""
    with bystander(program):
        polling = Polling(program, path=SOCKETS)
        answer = polling.post("\x1e".join(["6"] * 500_000))
        equal((answer.status, answer.body), (200, b"ok"))
        polling.send("40")
        assert polling.recv().startswith('40{"sid"'), "the session goes on"
        polling = Polling(program, eio=3)
        equal(polling.post("1:6" * 333_333).body, b"ok")
        polling.send("2:4x")
        equal(polling.recv(), "2:4x")


@case()
def as_many_tiny_events_as_fit_are_handled(program):
    with bystander(program):
        polling = Polling(program, path=SOCKETS)
        polling.send("40")
        polling.recv()
        event = '42["ignore"]'
        equal(polling.post("\x1e".join([event] * (1_000_000 // (len(event) + 1)))).body, b"ok")
        polling.send('42["echo"]')
        equal(polling.recv(), '42["echo"]')


@case()
def as_many_empty_messages_as_fit_are_echoed_or_refused(program):
    """A quarter of a million answers wait for a poll: they fit the outbox, or the session ends."""
    with bystander(program, room=128 << 20):
        polling = Polling(program)
        status = polling.post("\x1e".join(["4"] * 250_000)).status
        answer = polling.poll()
        if answer.status == 200 and answer.text != "1":
            equal(status, 200)
            equal(answer.text.count("4"), 250_000)
        else:
            polling.gone()


@case()
def queries_that_make_no_sense_have_an_answer(program):
    with bystander(program):
        for query in (
            "EIO=4&transport=polling&sid=%zz",
            "EIO=4&transport=polling&sid=%ff%fe",
            "EIO=4&transport=%00",
            "&&&===&EIO",
            "%",
            "EIO=4&EIO=4&transport=websocket&transport=x",
            "transport[]=polling&EIO[]=4",
            "EIO=4&transport=polling&sid=" + "A" * 8000,
        ):
            equal(ask(program.port, "GET", f"{SOCKETS}?{query}").status, 400)


@case()
def headers_without_end_are_refused(program):
    with bystander(program):
        with Http(program.port) as connection:
            connection.send(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n")
            try:
                for number in range(2000):
                    connection.send(b"X-%d: %s\r\n" % (number, b"y" * 1000))
            except ConnectionError:
                pass
            try:
                assert connection.response().status in (400, 431)
            except Closed:
                pass  # reset, since we had more to say


@case()
def jsonp_answers_with_a_number_whatever_was_asked(program):
    with bystander(program):
        for callback, number in (("alert(1)//", "1"), ("x", ""), ("1;evil()", "1"), ("%3Cscript%3E2", "2")):
            answer = ask(program.port, "GET", f"{ECHO}?EIO=4&transport=polling&j={callback}")
            equal(answer.status, 200)
            if program.node:
                assert answer.text.startswith(f"___eio[{number}]("), answer.text
            else:
                name = answer.text.partition("(")[0]
                assert name in ("0{", f"___eio[{number}]") or not name.startswith("___eio["), answer.text


@case()
def requests_in_a_row_are_answered_in_order(program):
    """Node takes the second for an overlap."""
    if program.node:
        return
    with bystander(program), Http(program.port) as connection:
        polling = Polling(program)
        for number in range(20):
            connection.request("POST", polling.target, f"4{number}")
        for _ in range(20):
            equal(connection.response().body, b"ok")
        equal(polling.recv(), "\x1e".join(f"4{number}" for number in range(20)))


@case(flags=HASTY)
def a_post_that_never_ends_is_ended_with_its_session(program):
    with bystander_that_pongs(program):
        polling = Polling(program, path=SOCKETS)
        with Http(program.port) as connection:
            connection.send(request("POST", polling.target, "4" * 1000)[:-990])
            time.sleep(2)
            polling.gone()
            assert not connection.rest().startswith(b"HTTP/1.1 200"), "the session was gone"


@case(flags=HASTY)
def a_websocket_that_says_nothing_is_closed(program):
    with bystander_that_pongs(program):
        start = time.monotonic()
        with connect(program, SOCKETS) as socket:
            socket.expect("2")
            socket.closed()
            assert time.monotonic() - start < 4, "connect_timeout is 0.9 s"


@case(flags=HASTY)
def an_upgrade_while_closing_is_refused(program):
    with bystander_that_pongs(program):
        for _ in range(20):
            polling = Polling(program, path=SOCKETS)
            closing = threading.Thread(target=polling.post, args=("1",))
            closing.start()
            socket = polling.probe()
            if socket.answer.status == 101:
                socket.send("2probe")
                assert socket.ends() in ([], ["3probe"])
            else:
                equal((socket.answer.status, socket.answer.text), (400, "Session ID unknown"))
            closing.join()
            polling.gone()


class bystander_that_pongs:
    """Where heartbeats are short: somebody who answers them, and is still there afterwards."""

    def __init__(self, program):
        self._program = program

    def __enter__(self):
        self._socket = join(self._program)
        self._done = threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self):
        try:
            while True:
                packet = self._socket.recv()
                if packet == "2":
                    self._socket.send("3")
                elif packet == '42["echo","done"]':
                    self._done.set()
                    return
                else:
                    raise AssertionError(f"got {packet!r}")
        except (AssertionError, OSError) as error:
            self._failure = error
            self._done.set()

    def __exit__(self, *error):
        self._socket.send('42["echo","done"]')
        in_time = self._done.wait(3)
        self._socket.http.close()
        if error[0] is None:
            assert in_time and self._failure is None, f"the bystander noticed: {self._failure}"
