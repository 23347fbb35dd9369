"""Connection state recovery: who comes back with its id is who it was, and has missed nothing."""

import json

from case import RECOVERY, case, equal
from engine import SOCKETS, connect, enter, join


class Away:
    """A socket that has joined a room and then lost its connection."""

    def __init__(self, program, events=1, room="r"):
        with join(program) as socket:
            self.sid, self.pid = socket.joined["sid"], socket.joined["pid"]
            self.room = room
            socket.send(f'421["join","{room}"]').expect("431[]")
            self.offset = None
            for number in range(events):
                socket.send(f'42["echo",{number}]')
                self.offset = json.loads(socket.recv()[2:])[-1]
            gone(program, self.sid, socket.http.close)

    def auth(self, **changes):
        """What CONNECT says."""
        auth = {"pid": self.pid} if self.offset is None else {"pid": self.pid, "offset": self.offset}
        return json.dumps(auth | changes, separators=(",", ":"))


def gone(program, sid, leave, namespace="/"):
    """Leaves in some way, and waits until the server has noticed."""
    head = "" if namespace == "/" else f"{namespace},"
    with join(program, namespace) as watcher:
        watcher.send(f'42{head}0["join","watch:{sid}"]').expect(f"43{head}0[]")
        leave()
        packet = watcher.recv()
        assert packet.startswith(f'42{head}["gone","{sid}",'), packet


def told(program, room, *texts):
    """Somebody says something in a room."""
    with join(program) as sender:
        for text in texts:
            sender.send(f'42["broadcast","{room}","{text}"]')
        sender.send('420["ack"]').expect("430[]")


def comeback(program, auth):
    """The events before the answer to CONNECT, the answer, and the WebSocket."""
    socket = connect(program, SOCKETS)
    socket.send("40" + auth)
    events = []
    while (packet := socket.recv()).startswith("42"):
        events.append(json.loads(packet[2:]))
    return events, json.loads(packet[2:]), socket


def recovered(program, away, *texts, **changes):
    """Fails unless it's who it was and has missed these."""
    events, answer, socket = comeback(program, away.auth(**changes))
    equal(answer, {"sid": away.sid, "pid": away.pid})
    equal([event[:2] for event in events], [["broadcast", text] for text in texts])
    if events:
        away.offset = events[-1][2]
    return socket


def anew(program, auth):
    """Fails unless it's somebody new, who has missed nothing."""
    events, answer, socket = comeback(program, auth)
    equal(events, [])
    equal(sorted(answer), ["pid", "sid"])
    return answer, socket


@case(flags=RECOVERY)
def connect_is_answered_with_two_ids(program):
    with join(program) as socket:
        equal(sorted(socket.joined), ["pid", "sid"])
        assert socket.joined["pid"] != socket.joined["sid"]
        assert isinstance(socket.joined["pid"], str) and len(socket.joined["pid"]) >= 16


@case(flags=RECOVERY)
def an_event_has_its_offset_as_last_argument(program):
    with join(program) as socket:
        offsets = set()
        for number in range(100):
            socket.send(f'42["echo",{{"x":{number}}}]')
            name, argument, offset = json.loads(socket.recv()[2:])
            equal((name, argument), ("echo", {"x": number}))
            assert isinstance(offset, str) and offset
            offsets.add(offset)
        equal(len(offsets), 100)


@case(flags=RECOVERY)
def an_event_that_wants_an_acknowledgement_has_none(program):
    with join(program) as socket:
        socket.send('42["call me",1]')
        call = socket.recv()
        assert call.endswith('["called",1]'), call
        socket.send('427["ack","x"]').expect('437["x"]')


@case(flags=RECOVERY)
def a_volatile_event_has_an_offset_too(program):
    """In Node a client would take the last argument of this one for it."""
    with join(program) as sender, join(program) as member:
        member.send('420["join","prices"]').expect("430[]")
        sender.send('42["volatile","prices","AAPL"]')
        event = json.loads(member.recv()[2:])
        equal(event[:2], ["volatile", "AAPL"])
        equal(len(event), program.either(node=2, madang=3))
        if program.node:
            return
        # And with it, it comes back.
        gone(program, member.joined["sid"], member.http.close)
        events, answer, back = comeback(program, json.dumps({"pid": member.joined["pid"], "offset": event[2]}))
        back.http.close()
        equal((events, answer["sid"]), ([], member.joined["sid"]))


@case(flags=RECOVERY)
def what_was_missed_comes_before_the_answer(program):
    away = Away(program, room="missed")
    told(program, "missed", "one", "two")
    told(program, "elsewhere", "not for it")
    with recovered(program, away, "one", "two") as socket:
        socket.send('421["rooms"]')
        rooms = json.loads(socket.recv()[3:])[0]
        equal(sorted(rooms), sorted([away.sid, "missed"]))
        told(program, "missed", "three")
        equal(json.loads(socket.recv()[2:])[:2], ["broadcast", "three"])


@case(flags=RECOVERY)
def what_had_arrived_does_not_come_again(program):
    away = Away(program, events=5)
    recovered(program, away).http.close()


@case(flags=RECOVERY)
def it_works_before_any_event_was_received(program):
    """In Node, a client without an offset begins anew."""
    away = Away(program, events=0, room="early")
    told(program, "early", "one")
    if program.node:
        anew(program, away.auth())[1].http.close()
    else:
        recovered(program, away, "one").http.close()


@case(flags=RECOVERY)
def it_works_more_than_once(program):
    away = Away(program, room="often")
    for round_trip in range(5):
        told(program, "often", f"{round_trip}")
        gone(program, away.sid, recovered(program, away, f"{round_trip}").http.close)


@case(flags=RECOVERY)
def it_works_more_than_once_without_an_event(program):
    """In Node, a client that comes back without an offset is nobody."""
    if program.node:
        return
    away = Away(program, events=0, room="quiet")
    for _ in range(3):
        gone(program, away.sid, recovered(program, away).http.close)
    told(program, "quiet", "at last")
    recovered(program, away, "at last").http.close()


@case(flags=RECOVERY)
def two_sockets_do_not_share_an_id(program):
    """The one that is still here keeps it."""
    with join(program) as first:
        first.send('42["echo",1]')
        offset = json.loads(first.recv()[2:])[-1]
        auth = json.dumps({"pid": first.joined["pid"], "offset": offset})
        answer, second = anew(program, auth)
        with second:
            assert answer["sid"] != first.joined["sid"] and answer["pid"] != first.joined["pid"], answer
        first.send('420["ack"]').expect("430[]")


@case(flags=RECOVERY)
def only_one_comes_back_as_the_same(program):
    """In Node, so may any number, at the same time."""
    away = Away(program)
    with recovered(program, away):
        _, answer, second = comeback(program, away.auth())
        second.http.close()
        equal(answer["sid"] == away.sid, program.either(node=True, madang=False))


@case(flags=RECOVERY)
def a_string_of_the_user_is_no_offset(program):
    for offset in ("AAPL", "", "0", "x7Qd-1", "\u0000", "99999999999999999999", "-1"):
        away = Away(program)
        told(program, away.room, "missed")
        anew(program, away.auth(offset=offset))[1].http.close()


@case(flags=RECOVERY)
def ids_of_other_kinds_begin_anew(program):
    for auth in ('{"pid":"nobody","offset":"x"}', '{"pid":1,"offset":2}', '{"pid":null}', '{"pid":{},"offset":[]}', '{"pid":""}', '{"offset":"x"}', "{}", ""):
        anew(program, auth)[1].http.close()
    away = Away(program)
    anew(program, away.auth(offset=7))[1].http.close()


@case(flags=RECOVERY)
def whoever_says_goodbye_is_not_recovered(program):
    with join(program) as socket:
        socket.send('42["echo",1]')
        offset = json.loads(socket.recv()[2:])[-1]
        gone(program, socket.joined["sid"], lambda: socket.send("41"))
    anew(program, json.dumps({"pid": socket.joined["pid"], "offset": offset}))[1].http.close()


@case(flags=RECOVERY)
def whoever_is_sent_away_is_not_recovered(program):
    with join(program) as socket:
        socket.send('42["echo",1]')
        offset = json.loads(socket.recv()[2:])[-1]
        gone(program, socket.joined["sid"], lambda: socket.send('42["disconnect me"]').expect("41"))
    anew(program, json.dumps({"pid": socket.joined["pid"], "offset": offset}))[1].http.close()


@case(flags=RECOVERY)
def each_namespace_recovers_its_own(program):
    with join(program, "/chat") as socket:
        joined = socket.joined
        socket.send('42/chat,1["join","r"]').expect("43/chat,1[]")
        socket.send('42/chat,["echo",1]')
        offset = json.loads(socket.recv().partition(",")[2])[-1]
        gone(program, joined["sid"], socket.http.close, "/chat")
    auth = json.dumps({"pid": joined["pid"], "offset": offset})
    with connect(program, SOCKETS) as other:
        assert enter(other, "/", auth)["sid"] != joined["sid"]
    with join(program, "/chat") as sender:
        sender.send('42/chat,["broadcast","r","missed"]')
        sender.send('42/chat,0["ack"]').expect("43/chat,0[]")
    with connect(program, SOCKETS) as back:
        back.send("40/chat," + auth)
        equal(json.loads(back.recv().partition(",")[2])[:2], ["broadcast", "missed"])
        equal(json.loads(back.recv().partition(",")[2]), {"sid": joined["sid"], "pid": joined["pid"]})


@case(flags=RECOVERY)
def attachments_are_replayed(program):
    away = Away(program, room="binary")
    with join(program) as sender:
        sender.send('451-["broadcast","binary",{"_placeholder":true,"num":0}]').send(b"\x01\x02")
        sender.send('420["ack"]').expect("430[]")
    with connect(program, SOCKETS) as socket:
        socket.send("40" + away.auth())
        event = socket.recv()
        assert event.startswith('451-["broadcast",{"_placeholder":true,"num":0},"'), event
        socket.expect(b"\x01\x02", f'40{{"sid":"{away.sid}","pid":"{away.pid}"}}')


@case()
def without_it_there_is_neither_id_nor_offset(program):
    with join(program) as socket:
        equal(sorted(socket.joined), ["sid"])
        socket.send('42["echo",1]').expect('42["echo",1]')
    with connect(program, SOCKETS) as socket:
        equal(sorted(enter(socket, "/", '{"pid":"x","offset":"y"}')), ["sid"])
