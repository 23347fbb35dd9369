"""Socket.IO 5: namespaces, events, acknowledgements, attachments, on either transport."""

import json
import time

from case import HASTY, STANDARD, case, equal
from engine import SID, SOCKETS, Polling, connect, enter, join, unpacked


@case()
def connect_is_answered_with_a_public_id(program):
    with connect(program, SOCKETS) as socket:
        socket.send("40")
        answer = socket.recv()
        sid = json.loads(answer[2:])["sid"]
        assert SID.match(sid) and sid != socket.sid, answer
        equal(answer, f'40{{"sid":"{sid}"}}')


@case()
def a_namespace_ends_at_its_comma_or_the_packets_end(program):
    for packet in ("40/chat,", "40/chat", "40/chat,{}", '40/chat,{"token":"x"}'):
        with connect(program, SOCKETS) as socket:
            socket.send(packet)
            answer = socket.recv()
            assert answer.startswith('40/chat,{"sid":"'), answer


@case()
def the_default_namespace_may_be_spelt_out(program):
    with connect(program, SOCKETS) as socket:
        socket.send("40/,")
        assert socket.recv().startswith('40{"sid":"')
        socket.send('42/,["echo",1]').expect('42["echo",1]')


@case()
def an_unknown_namespace_is_an_error_and_no_end(program):
    with connect(program, SOCKETS) as socket:
        socket.send("40/nowhere,").expect('44/nowhere,{"message":"Invalid namespace"}')
        socket.send("40/nowhere").expect('44/nowhere,{"message":"Invalid namespace"}')
        enter(socket)
        socket.send("40/nowhere,").expect('44/nowhere,{"message":"Invalid namespace"}')
        socket.send('42["echo",1]').expect('42["echo",1]')


@case()
def a_refusal_carries_its_data(program):
    refusal = '44/guarded,{"message":"not allowed","data":{"code":"E_TOKEN"}}'
    with connect(program, SOCKETS) as socket:
        socket.send("40/guarded,").expect(refusal)
        socket.send('40/guarded,{"token":"no"}').expect(refusal)
        enter(socket, "/guarded", '{"token":"yes"}')
        socket.send('42/guarded,["echo",1]').expect('42/guarded,["echo",1]')


@case()
def a_pattern_makes_namespaces(program):
    with connect(program, SOCKETS) as socket:
        enter(socket, "/room-7")
        enter(socket, "/room-x1")
        socket.send("40/room-X,").expect('44/room-X,{"message":"Invalid namespace"}')
        socket.send("40/room-,").expect('44/room-,{"message":"Invalid namespace"}')
        socket.send('42/room-7,["echo",7]').expect('42/room-7,["echo",7]')


@case()
def namespaces_share_a_connection(program):
    with join(program) as socket:
        first = socket.joined["sid"]
        second = enter(socket, "/chat")["sid"]
        assert first != second
        socket.send('42["echo","/"]').send('42/chat,["echo","chat"]')
        equal(sorted([socket.recv(), socket.recv()]), ['42/chat,["echo","chat"]', '42["echo","/"]'])
        socket.send("41/chat,").send('42["echo","left"]').expect('42["echo","left"]')


@case()
def arguments_of_any_kind_come_back(program):
    for arguments in ("", ",1", ',"a",null,true,{"b":[1,{"c":"마당 👋🏽"}]}', ',-1.5e-7,"\\u0000\\"\\\\"', ',[],{}', ',""'):
        with join(program) as socket:
            socket.send(f'42["echo"{arguments}]')
            packet = socket.recv()
            assert packet.startswith("42["), packet
            equal(json.loads(packet[2:]), json.loads(f'["echo"{arguments}]'))


@case()
def an_event_may_be_a_number(program):
    with join(program) as socket:
        socket.send("42[7]").send('42["unheard of"]').send('42["echo"]').expect('42["echo"]')


@case()
def acknowledgements_have_the_id_of_their_event(program):
    with join(program) as socket:
        socket.send('420["ack"]').expect("430[]")
        socket.send('4212["ack","x",{"a":1}]').expect('4312["x",{"a":1}]')
        socket.send('429007199254740991["ack"]').expect("439007199254740991[]")
        enter(socket, "/chat")
        socket.send('42/chat,3["ack",1]').expect("43/chat,3[1]")
        socket.send('421["ignore"]').send('42["echo"]').expect('42["echo"]')


@case()
def the_server_may_ask_for_an_acknowledgement(program):
    with join(program) as socket:
        socket.send('42["call me",1]')
        call = socket.recv()
        assert call.startswith("42") and call.endswith('["called",1]'), call
        number = call[2:].partition("[")[0]
        socket.send(f'43{number}["here","am I"]').expect('42["answered","here","am I"]')
        socket.send(f'43{number}["again"]').send('42["echo"]').expect('42["echo"]')


@case()
def attachments_follow_their_event(program):
    with join(program) as socket:
        event = '451-["echo",{"_placeholder":true,"num":0}]'
        socket.send(event).send(b"\x01\x02").expect(event, b"\x01\x02")
        event = '452-["echo",{"a":{"_placeholder":true,"num":0},"b":[{"_placeholder":true,"num":1}]}]'
        socket.send(event).send(b"").send(b"\xff" * 1000).expect(event, b"", b"\xff" * 1000)
        enter(socket, "/chat")
        event = '451-/chat,["echo",{"_placeholder":true,"num":0}]'
        socket.send(event).send(b"x").expect(event, b"x")


@case()
def placeholders_may_have_their_keys_in_any_order(program):
    """Not every client's JSON keeps the order of keys."""
    with join(program) as socket:
        socket.send('451-["echo",{"num":0,"_placeholder":true}]').send(b"\x01\x02")
        socket.expect('451-["echo",{"_placeholder":true,"num":0}]', b"\x01\x02")
        socket.send('452-["echo",{ "num" : 1 , "_placeholder" : true },{"_placeholder":true,"num":0}]').send(b"a").send(b"b")
        socket.expect('452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', b"b", b"a")


@case()
def attachments_are_allowed_in_acknowledgements(program):
    with join(program) as socket:
        socket.send('451-7["ack",{"_placeholder":true,"num":0}]').send(b"\x01")
        socket.expect('461-7[{"_placeholder":true,"num":0}]', b"\x01")
        socket.send('42["call me"]')
        number = socket.recv()[2:].partition("[")[0]
        socket.send(f'461-{number}[{{"_placeholder":true,"num":0}}]').send(b"\x02")
        socket.expect('451-["answered",{"_placeholder":true,"num":0}]', b"\x02")


@case()
def ten_attachments_are_allowed(program):
    with join(program) as socket:
        places = ",".join(f'{{"_placeholder":true,"num":{number}}}' for number in range(10))
        socket.send(f'4510-["echo",{places}]')
        for number in range(10):
            socket.send(bytes([number]))
        socket.expect(f'4510-["echo",{places}]', *(bytes([number]) for number in range(10)))


@case()
def attachments_travel_by_polling_too(program):
    polling = Polling(program, path=SOCKETS)
    polling.send("40")
    polling.recv()
    payload = '451-["echo",{"_placeholder":true,"num":0}]\x1ebAQI='
    polling.send(payload)
    equal(polling.recv(), payload)
    # And in a payload of their own.
    for packet in unpacked(payload):
        polling.send(packet)
    equal(polling.recv(), payload)


@case()
def disconnect_leaves_one_namespace(program):
    with join(program) as socket:
        enter(socket, "/chat")
        socket.send("41").send('42/chat,["echo"]').expect('42/chat,["echo"]')
        enter(socket)
        socket.send('42["echo"]').expect('42["echo"]')


@case()
def a_namespace_may_be_left_and_joined_in_one_go(program):
    """Node takes the second CONNECT for one too many."""
    with join(program) as socket:
        socket.send("41").send("40")
        if program.node:
            socket.closed()
        else:
            assert socket.recv().startswith('40{"sid":"')
            socket.send('42["echo"]').expect('42["echo"]')


@case()
def the_server_may_disconnect_a_namespace(program):
    with join(program) as socket:
        enter(socket, "/chat")
        socket.send('42/chat,["disconnect me"]').expect("41/chat,")
        socket.send('42["echo"]').expect('42["echo"]')
        socket.send('42["disconnect me"]').expect("41")
        enter(socket)


@case()
def the_server_may_close_the_connection(program):
    with join(program) as socket:
        enter(socket, "/chat")
        socket.send('42["disconnect me",true]')
        left = [message for message in socket.ends() if message not in ("41", "41/chat,")]
        equal(left, [])


@case(flags=HASTY)
def a_connection_that_joins_nothing_is_closed_although_it_pongs(program):
    start = time.monotonic()
    with connect(program, SOCKETS) as socket:
        socket.expect("2")
        socket.send("3")
        socket.closed()
        assert 0.85 < time.monotonic() - start < 4, "the time to connect is 0.9 s"


@case(flags=HASTY)
def a_refused_namespace_is_none(program):
    with connect(program, SOCKETS) as socket:
        socket.send("40/guarded,")
        assert socket.recv().startswith("44")
        socket.expect("2")
        socket.send("3")
        socket.closed()


@case(flags=HASTY)
def a_connection_that_has_joined_stays(program):
    with join(program) as socket:
        for _ in range(3):
            socket.expect("2")
            socket.send("3")
        socket.send('42["echo"]').expect('42["echo"]')


@case(flags=HASTY)
def a_polling_session_that_joins_nothing_is_closed_too(program):
    polling = Polling(program, path=SOCKETS)
    equal(polling.recv(), "2")
    polling.send("3")
    equal(polling.recv(), "1")
    polling.gone()


@case()
def a_broadcast_reaches_the_room_and_not_its_sender(program):
    with join(program) as sender, join(program) as member, join(program) as stranger:
        for socket in (sender, member):
            socket.send('421["join","here"]').expect("431[]")
        sender.send('42["broadcast","here","hello",{"n":1}]')
        member.expect('42["broadcast","hello",{"n":1}]')
        member.send('422["leave","here"]').expect("432[]")
        sender.send('42["broadcast","here","again"]').send('42["echo"]').expect('42["echo"]')
        for socket in (member, stranger):
            socket.send('42["echo"]').expect('42["echo"]')


@case()
def a_broadcast_with_attachments_reaches_both_transports(program):
    polling = Polling(program, path=SOCKETS)
    polling.send("40")
    polling.recv()
    polling.send('421["join","both"]')
    equal(polling.recv(), "431[]")
    with join(program) as sender, join(program) as member:
        member.send('421["join","both"]').expect("431[]")
        sender.send('451-["broadcast","both",{"_placeholder":true,"num":0}]').send(b"\x01\x02")
        event = '451-["broadcast",{"_placeholder":true,"num":0}]'
        member.expect(event, b"\x01\x02")
        equal(polling.recv(), f"{event}\x1ebAQI=")


@case()
def a_socket_is_in_the_room_of_its_id(program):
    with join(program) as socket, join(program) as other:
        sid = socket.joined["sid"]
        socket.send('420["rooms"]').expect(f'430[["{sid}"]]')
        other.send(f'42["broadcast","{sid}","for you"]')
        socket.expect('42["broadcast","for you"]')


@case(flags=STANDARD)
def events_keep_their_order(program):
    with join(program) as socket:
        socket.http.send(b"")
        for number in range(500):
            socket.send(f'42["echo",{number}]')
        socket.expect(*(f'42["echo",{number}]' for number in range(500)))
