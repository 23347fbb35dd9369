"""From long-polling to WebSocket: probe, upgrade, and all the ways in which it doesn't come to that."""

import random
import threading
import time

from case import HASTY, case, equal
from engine import SOCKETS, Polling, refused, unpacked, websocket
from http1 import Http, ask
from session import refused_upgrade
from ws import CLOSE


def upgraded(polling):
    """Takes all the steps, and gives the WebSocket."""
    with polling.hold() as held:
        held.silent(0.02)
        socket = polling.probe().accept()
        socket.send("2probe").expect("3probe")
        equal(held.response().text, "6")
    return socket.send("5")


@case()
def probe_noop_upgrade(program):
    polling = Polling(program)
    with upgraded(polling) as socket:
        socket.send("4hello").expect("4hello")
        socket.send(b"\x01\x02").expect(b"\x01\x02")
        refused(polling.poll(), 3, "Bad request")
        refused(polling.post("4x"), 3, "Bad request")
        socket.send("4still").expect("4still")


@case()
def a_poll_that_comes_after_the_probe_gets_its_noop_too(program):
    polling = Polling(program)
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        for _ in range(3):
            start = time.monotonic()
            equal(polling.recv(), "6")
            assert time.monotonic() - start < 2, "every 100 ms"


@case()
def polling_carries_on_until_the_upgrade_packet(program):
    polling = Polling(program)
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        polling.send("4by polling")
        packets = []
        while not packets or packets == ["6"]:
            packets = unpacked(polling.recv())
        equal(packets, ["4by polling"])
        socket.silent(0.1)
        socket.send("5").send("4by websocket").expect("4by websocket")


@case()
def what_waits_for_a_poll_leaves_on_the_websocket(program):
    polling = Polling(program)
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        polling.send("4a\x1e4b").send("bAQI=")
        socket.send("5").expect("4a", "4b", b"\x01\x02")
        socket.send("4c").expect("4c")


@case()
def a_record_separator_in_what_waits_is_text(program):
    polling = Polling(program, eio=3)
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        polling.send("4:4a\x1eb2:4c")
        socket.send("5").expect("4a\x1eb", "4c")


@case()
def nothing_is_lost_doubled_or_reordered(program):
    for _ in range(10):
        polling = Polling(program)
        got, sent = [], 0
        socket = polling.probe().accept()
        for step in range(30):
            polling.send("\x1e".join(f"4{sent + each}" for each in range(3)))
            sent += 3
            if step == 10:
                socket.send("2probe").expect("3probe")
            if step % 7 == 3:
                got += [packet for packet in unpacked(polling.recv()) if packet != "6"]
        socket.send("5")
        for each in range(20):
            socket.send(f"4{sent + each}")
        sent += 20
        while len(got) < sent:
            got.append(socket.recv())
        equal(got, [f"4{number}" for number in range(sent)])
        socket.silent(0.01)
        socket.http.close()


@case()
def a_post_before_the_upgrade_is_before_what_follows_it(program):
    polling = Polling(program, path=SOCKETS)
    polling.send("40")
    polling.recv()
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        polling.send('42["echo",1]')
        socket.send("5").send('42["echo",2]').expect('42["echo",1]', '42["echo",2]')


@case()
def another_first_packet_aborts_the_upgrade(program):
    for first in ("4hello", "2", "2hello", "3probe", "1", "x"):
        polling = Polling(program)
        with polling.probe().accept() as socket:
            socket.send(first)
            socket.closed()
        polling.send("4alive")
        equal(polling.recv(), "4alive")
        # And it may try again.
        with upgraded(polling) as socket:
            socket.send("4at last").expect("4at last")


@case()
def an_upgrade_packet_without_a_probe_is_enough(program):
    polling = Polling(program)
    with polling.probe().accept() as socket:
        socket.send("5").send("4hello").expect("4hello")


@case()
def binary_before_the_upgrade_aborts_it(program):
    polling = Polling(program)
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        socket.send(b"\x01")
        socket.closed()
    polling.send("4alive")
    while (payload := polling.recv()) == "6":
        pass
    equal(payload, "4alive")


@case(flags=HASTY)
def a_probe_without_an_upgrade_times_out(program):
    for probed in (True, False):
        polling = Polling(program)
        start = time.monotonic()
        with polling.probe().accept() as socket:
            if probed:
                socket.send("2probe").expect("3probe")
            # The session lives on, on polling.
            pinged = False
            while not pinged:
                pinged = "2" in unpacked(polling.recv())
            polling.send("3")
            socket.closed()
            assert 0.75 < time.monotonic() - start < 4, "the timeout is 0.8 s"
        polling.send("4alive")
        while (payload := polling.recv()) in ("6", "2"):
            pass
        equal(payload, "4alive")


@case()
def a_second_websocket_while_upgrading_is_closed(program):
    polling = Polling(program)
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        with polling.probe().accept() as second:
            second.closed()
        socket.send("5").send("4hello").expect("4hello")
        with polling.probe().accept() as third:
            third.closed()
        socket.send("4hello").expect("4hello")


@case()
def a_probe_that_breaks_off_leaves_the_session(program):
    polling = Polling(program)
    for probed in (True, False):
        with polling.probe().accept() as socket:
            if probed:
                socket.send("2probe").expect("3probe")
        polling.send("4alive")
        while (payload := polling.recv()) == "6":
            pass
        equal(payload, "4alive")
    # As soon as the server has noticed, another one may try.
    deadline = time.monotonic() + 5
    while (socket := polling.probe().accept().send("2probe")).frame()[0] == CLOSE:
        assert time.monotonic() < deadline, "no other one may"
    with socket:
        socket.send("5").send("4hello").expect("4hello")


@case()
def an_upgrade_of_another_protocol_version_is_refused(program):
    polling = Polling(program)
    refused_upgrade(websocket(program, eio=3, extra=f"&sid={polling.sid}"), "Bad request")
    with upgraded(polling) as socket:
        socket.send("4hello").expect("4hello")


@case()
def a_session_that_closes_takes_its_probe_along(program):
    polling = Polling(program)
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        polling.send("1")
        messages = socket.ends()
        equal(messages, [])
    polling.gone()


@case()
def a_closed_session_has_no_upgrade(program):
    polling = Polling(program)
    polling.send("1")
    refused_upgrade(polling.probe(), "Session ID unknown")


@case()
def an_upgrade_while_the_server_closes_brings_the_last_packets(program):
    """`disconnect me` closes the session; without a poll, what it said last waits for whoever asks first."""
    polling = Polling(program, path=SOCKETS)
    polling.send("40")
    polling.recv()
    with polling.probe().accept() as socket:
        socket.send("2probe").expect("3probe")
        polling.send('42["disconnect me",true]')
        socket.send("5")
        assert socket.ends() in (["41"], []), "either the last packet or nothing"
    deadline = time.monotonic() + 5
    while "Session ID unknown" not in (answer := ask(program.port, "POST", polling.target, "")).text:
        assert time.monotonic() < deadline, answer


@case()
def a_poll_that_is_still_held_is_answered_by_the_upgrade(program):
    polling = Polling(program)
    with polling.hold() as held, polling.probe().accept() as socket:
        held.silent(0.02)
        socket.send("2probe").send("5").expect("3probe")
        socket.send("4hello").expect("4hello")
        answer = held.response()
        # Node says that the transport is closed, which a client that hadn't upgraded would take for the session's end.
        equal((answer.status, answer.text), (200, program.either(node="1", madang="6")))


@case()
def an_abandoned_probe_holds_nobody_up(program):
    polling = Polling(program)
    with Http(program.port), polling.probe().accept():
        for number in range(5):
            polling.send(f"4{number}")
            equal(polling.recv(), f"4{number}")


@case(quick=False)
def at_no_moment_does_an_upgrade_lose_anything(program):
    """As a client does it, polling and posting all the while: it stops, waits for what is under way, and only then says `5`."""
    for attempt in range(40):
        torn = Torn(program, random.Random(attempt))
        equal(torn.run(), [f"4{number}" for number in range(torn.sent)])


class Torn:
    """A session between two transports: one thread polls, one posts, one upgrades."""

    def __init__(self, program, chance):
        self._polling, self._chance = Polling(program), chance
        self._paused = threading.Event()
        self._got = []
        self.sent = 0

    def run(self):
        """What came back, in order."""
        threads = [threading.Thread(target=each) for each in (self._poll, self._post)]
        for thread in threads:
            thread.start()
        time.sleep(self._chance.random() * 0.03)
        with self._polling.probe().accept() as socket:
            socket.send("2probe").expect("3probe")
            time.sleep(self._chance.random() * 0.03)
            self._paused.set()
            for thread in threads:
                thread.join()
            socket.send("5")
            for _ in range(5):
                socket.send(f"4{self.sent}")
                self.sent += 1
            while len(self._got) < self.sent:
                self._got.append(socket.recv())
            socket.silent(0.005)
        return self._got

    def _poll(self):
        # Whoever pauses waits for the poll that is under way: the server releases it.
        while not self._paused.is_set():
            self._got += [packet for packet in unpacked(self._polling.recv()) if packet != "6"]

    def _post(self):
        while not self._paused.is_set():
            count = self._chance.randrange(1, 4)
            self._polling.send("\x1e".join(f"4{self.sent + each}" for each in range(count)))
            self.sent += count
            time.sleep(self._chance.random() * 0.004)
