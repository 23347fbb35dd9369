"""Much of what is right, or nothing where something is due: memory stays bounded, and what was held is given back."""

import json
import time

from bystander import bystander
from case import HASTY, case, equal
from engine import SOCKETS, Polling, connect, enter, join
from ws import message


@case()
def a_thousand_namespaces_of_one_client(program):
    """Node has no limit."""
    most = program.either(node=1000, madang=64)
    with bystander(program), join(program) as socket:
        ids = {socket.joined["sid"]}
        for number in range(1, 1000):
            if len(ids) < most:
                ids.add(enter(socket, f"/room-{number}")["sid"])
            else:
                socket.send(f"40/room-{number},")
                answer = socket.recv()
                assert answer.startswith(f'44/room-{number},{{"message":'), answer
        equal(len(ids), most)
        for number in range(1, most, 50):
            socket.send(f'42/room-{number},["echo",{number}]').expect(f'42/room-{number},["echo",{number}]')
        # Whoever leaves one may join another.
        socket.send("41/room-1,")
        enter(socket, "/room-new")


@case()
def a_thousand_namespaces_that_are_none(program):
    with bystander(program), join(program) as socket:
        for number in range(1000):
            socket.send(f"40/none-{number},")
        for number in range(1000):
            socket.expect(f'44/none-{number},{{"message":"Invalid namespace"}}')


@case()
def a_thousand_acknowledgements_that_never_come(program):
    with bystander(program), join(program) as socket:
        numbers = []
        for number in range(1000):
            socket.send(f'42["call me",{number}]')
            numbers.append(socket.recv()[2:].partition("[")[0])
        equal(len(set(numbers)), 1000)
        # The answers may come late and in any order.
        for number in reversed(numbers[-10:]):
            socket.send(f'43{number}["{number}"]').expect(f'42["answered","{number}"]')


@case()
def a_thousand_events_that_are_never_acknowledged(program):
    with bystander(program), join(program) as socket:
        for number in range(1000):
            socket.send(f'42{number}["ignore"]')
        socket.send('42["echo"]').expect('42["echo"]')


@case(quick=False)
def a_thousand_rooms_of_one_client(program):
    with bystander(program), join(program) as socket:
        for number in range(1000):
            socket.send(f'420["join","room {number}"]').expect("430[]")
        socket.send('420["rooms"]')
        equal(len(json.loads(socket.recv()[3:])[0]), 1001)


@case(flags=HASTY)
def sessions_that_nobody_comes_back_to_are_forgotten(program):
    before = program.memory()
    sessions = [Polling(program, path=SOCKETS) for _ in range(500)]
    time.sleep(2.5)
    for session in sessions[::50]:
        session.gone()
    if not program.node:
        assert program.memory() - before < 32 << 20


@case(quick=False)
def connections_that_come_and_go_leave_nothing(program):
    if program.node:
        return

    def come_and_go():
        for _ in range(1000):
            with join(program) as socket:
                socket.send('420["join","r"]').expect("430[]")

    come_and_go()
    before = program.memory()
    come_and_go()
    grown = program.memory() - before
    assert grown < 8 << 20, f"grown by {grown >> 10} KiB"


@case(quick=False)
def whoever_never_reads_is_cut_off(program):
    """Node keeps all of it."""
    if program.node:
        return
    with bystander(program, room=64 << 20):
        slow = join(program)
        packet = message('42["echo","' + "x" * 100_000 + '"]')
        slow.http.socket.settimeout(3)
        try:
            for _ in range(3000):
                slow.http.send(packet)
        except OSError:
            pass
        slow.http.close()


@case(quick=False)
def whoever_never_polls_is_cut_off(program):
    """Node keeps all of it."""
    if program.node:
        return
    with bystander(program, room=64 << 20):
        polling = Polling(program)
        for _ in range(200):
            if polling.post("4" + "x" * 900_000).status != 200:
                break


@case(quick=False)
def a_hundred_broadcasts_to_fifty_on_both_transports(program):
    with bystander(program), join(program) as sender:
        members = [join(program) for _ in range(25)]
        for member in members:
            member.send('420["join","all"]').expect("430[]")
        pollers = [Polling(program, path=SOCKETS) for _ in range(25)]
        for poller in pollers:
            poller.send("40")
            poller.recv()
            poller.send('420["join","all"]')
            equal(poller.recv(), "430[]")
        expected = [f'42["broadcast",{number}]' for number in range(100)]
        for number in range(100):
            sender.send(f'42["broadcast","all",{number}]')
        for member in members:
            member.expect(*expected)
            member.http.close()
        for poller in pollers:
            got = []
            while len(got) < 100:
                got += poller.recv().split("\x1e")
            equal(got, expected)


@case(quick=False)
def joining_and_leaving_namespaces_leaves_nothing(program):
    with bystander(program), connect(program, SOCKETS) as socket:
        enter(socket)
        for number in range(3000):
            enter(socket, "/chat")
            socket.send("41/chat,")
            if number % 100 == 0 or program.node:
                socket.send('42["echo"]').expect('42["echo"]')
