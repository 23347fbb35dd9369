"""Socket.IO packets that are wrong: the connection that sent one is closed, unless it says otherwise here; nobody else notices."""

import time

from bystander import bystander
from case import HASTY, case, equal
from engine import SOCKETS, Polling, connect, enter, join
from ws import CLOSE

RESERVED = "connect connect_error disconnect disconnecting newListener removeListener".split()
PLACE = '{"_placeholder":true,"num":0}'


def closes(program, *messages):
    """Fails unless a connected client that sends these is closed, without an answer."""
    with join(program) as socket:
        for message in messages:
            socket.send(message)
        socket.closed()


def ignored(program, *messages):
    """Fails unless a connected client may send these and goes on, without an answer."""
    with join(program) as socket:
        for message in messages:
            socket.send(message)
        socket.send('42["echo","still here"]').expect('42["echo","still here"]')


@case()
def an_unknown_packet_type_closes(program):
    with bystander(program):
        for packet in ("47", "49", "4x", "4-1", "4["):
            closes(program, packet)


@case()
def an_empty_message_closes(program):
    """Node takes it for a CONNECT, which was there already."""
    closes(program, "4")


@case()
def data_that_is_no_json_closes(program):
    with bystander(program):
        for data in ("[", '["echo"', "{", '["echo",]', "['echo']", '["echo"]]', '["echo",01]', '["echo",NaN]', '["echo","\t"]', '["echo"] x', "nul"):
            closes(program, f"42{data}")


@case()
def an_event_that_is_no_array_with_a_name_closes(program):
    with bystander(program):
        for data in ("{}", "[]", "[null]", "[true]", "[{}]", "[[]]", '"echo"', "null"):
            closes(program, f"42{data}")


@case()
def an_event_without_data_closes(program):
    """Node lets it pass, and then has an exception, which ends its process."""
    if not program.node:
        closes(program, "42")


@case()
def reserved_event_names_close(program):
    with bystander(program):
        for name in RESERVED:
            closes(program, f'42["{name}"]')
            closes(program, f'451-["{name}",{PLACE}]', b"x")


@case()
def a_connect_with_other_than_an_object_is_closed(program):
    with bystander(program):
        for auth in ("[]", '"x"', "true", "[1]", "{]", "1{"):
            with connect(program, SOCKETS) as socket:
                socket.send(f"40{auth}")
                socket.closed()


@case()
def other_packets_with_wrong_data_close(program):
    with bystander(program):
        for packet in ("41{}", '41"x"', "431{}", '431"x"', "4311x"):
            closes(program, packet)


@case()
def an_event_before_connect_closes(program):
    with bystander(program):
        for packet in ('42["echo"]', "41", "430[]", f'451-["echo",{PLACE}]', '44{"message":"x"}', '42/chat,["echo"]'):
            with connect(program, SOCKETS) as socket:
                socket.send(packet).send(b"x" if packet.startswith("45") else packet)
                socket.closed()


@case()
def an_event_before_connect_closes_a_polling_session_too(program):
    polling = Polling(program, path=SOCKETS)
    polling.post('42["echo"]')
    payload = polling.poll()
    assert payload.status == 400 or payload.text in ("1", "6\x1e1"), payload
    polling.gone()


@case()
def a_second_connect_closes(program):
    with bystander(program):
        closes(program, "40")
        with join(program) as socket:
            enter(socket, "/chat")
            socket.send("40/chat,")
            socket.closed()


@case()
def an_event_to_another_namespace_closes(program):
    with bystander(program):
        closes(program, '42/chat,["echo"]')
        closes(program, "41/chat,")
        closes(program, "43/chat,0[]")


@case()
def an_event_that_crosses_a_disconnect_is_ignored(program):
    """In Node it closes the connection, though the client couldn't know."""
    for leave in ("41/chat,", '42/chat,["disconnect me"]'):
        with join(program) as socket:
            enter(socket, "/chat")
            socket.send(leave).send('42["echo"]')
            while socket.recv() != '42["echo"]':
                pass
            socket.send('42/chat,["echo"]')
            if program.node:
                socket.closed()
            else:
                socket.send('42["echo"]').expect('42["echo"]')


@case()
def a_refusal_of_the_client_closes(program):
    closes(program, '44{"message":"no"}')
    closes(program, '44"no"')


@case()
def a_number_of_attachments_that_is_none_closes(program):
    """Node takes whatever JavaScript makes a number of."""
    wrong = ["-", "x-", "1.5-", "-1-", "\u0661-", "1", ""]
    numbers = ["0x1-", " 1-", "1e0-", "+1-"]
    with bystander(program):
        for count in wrong + program.either(node=[], madang=numbers):
            closes(program, f'45{count}["echo",{PLACE}]')


@case()
def no_attachments_at_all_closes(program):
    closes(program, '450-["echo"]')


@case()
def eleven_attachments_close(program):
    with bystander(program):
        for count in ("11", "1000", "4294967297", "18446744073709551617", "9" * 400):
            closes(program, f'45{count}-["echo",{PLACE}]')


@case()
def an_attachment_count_of_ten_million_digits_closes(program):
    """As many as a message may have go to the parser, more are over the limit of a message."""
    with bystander(program):
        for end in ('-["echo"]', ""):
            closes(program, "45" + "1" * 900_000 + end)
        with join(program) as socket:
            try:
                socket.send("45" + "1" * 10_000_000 + '-["echo"]')
                socket.closed(1009)
            except ConnectionError:
                pass  # the server needn't read it all
        polling = Polling(program, path=SOCKETS)
        try:
            equal(polling.post("45" + "1" * 10_000_000).status, 413)
        except ConnectionError:
            pass


@case()
def text_instead_of_an_attachment_closes(program):
    with bystander(program):
        closes(program, f'451-["echo",{PLACE}]', '42["echo"]')
        closes(program, f'452-["echo",{PLACE},{PLACE.replace("0", "1")}]', b"x", '42["echo"]')
        closes(program, f'451-["echo",{PLACE}]', "40/chat,")


@case()
def an_attachment_of_nothing_closes(program):
    with bystander(program):
        closes(program, b"x")
        closes(program, b"")
        with connect(program, SOCKETS) as socket:
            socket.send(b"x")
            socket.closed()


@case()
def a_placeholder_out_of_range_closes(program):
    """Node takes half of an attachment for null."""
    wrong = ["1", "-1", '"0"', "null", "1e9", "[]", "99999999999999999999"]
    with bystander(program):
        for number in wrong + program.either(node=[], madang=["0.5"]):
            place = f'{{"_placeholder":true,"num":{number}}}'
            closes(program, f'451-["echo",{place}]', b"x")
            closes(program, f'451-["echo",{{"a":[{place}]}}]', b"x")
        closes(program, '451-["echo",{"_placeholder":true}]', b"x")


@case()
def a_placeholder_without_attachments_is_an_object(program):
    with join(program) as socket:
        socket.send(f'42["echo",{PLACE}]')
        socket.expect(f'42["echo",{PLACE}]')


@case()
def an_acknowledgement_of_nothing_is_ignored(program):
    with bystander(program):
        for number in ("0", "999", "9007199254740993", "18446744073709551615"):
            ignored(program, f"43{number}[]", f'43{number}["x",{{}}]')
        ignored(program, f"461-5[{PLACE}]", b"x")


@case()
def an_acknowledgement_without_an_id_closes(program):
    """Node ignores it."""
    program.either(node=ignored, madang=closes)(program, "43[]")


@case()
def an_acknowledgement_id_beyond_all_numbers_closes(program):
    """Node answers with the id Infinity."""
    if program.node:
        return
    with bystander(program):
        closes(program, "42" + "9" * 30 + '["ack"]')
        closes(program, "43" + "9" * 100_000 + "[]")


@case()
def json_nested_ten_thousand_deep_is_read_or_closes(program):
    """Whoever sends it gets it back or is closed; the parser's stack is not at its mercy. Node's is, and its process ends."""
    if program.node:
        return
    with bystander(program):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            for depth in (10_000, 100_000):
                inner = opening * depth + "1" + closing * depth
                with join(program) as socket:
                    socket.send(f'42["ignore",{inner}]').send(f'42["echo",{inner}]').send(f'421["ack",{inner}]')
                    answers(socket)
                with connect(program, SOCKETS) as socket:
                    socket.send(f'40{{"a":{inner}}}')
                    answers(socket)
                with join(program) as socket:
                    socket.send(f'451-["echo",{PLACE},{inner}]').send(b"x")
                    answers(socket)
        closes(program, '42["echo",' + "[" * 400_000)


def answers(socket):
    """Reads what comes, up to a close or a while of silence."""
    socket.http.socket.settimeout(0.3)
    try:
        while True:
            opcode, _ = socket.frame()
            if opcode == CLOSE:
                return
    except (AssertionError, TimeoutError):
        return


@case()
def a_namespace_of_any_name_is_only_a_name(program):
    with bystander(program):
        for name in ("/" + "x" * 100_000, "/\u0000", "/__proto__", "/constructor", "/마당", "/a b", "/%2e%2e", "//", "/?x=1"):
            with connect(program, SOCKETS) as socket:
                socket.send(f"40{name},")
                assert socket.recv().startswith(f"44{name.partition('?')[0]}"), "an unknown namespace"
                enter(socket)


@case(flags=HASTY)
def a_half_sent_event_does_not_keep_a_connection_alive(program):
    with join(program) as socket:
        start = time.monotonic()
        socket.send(f'452-["echo",{PLACE}]').send(b"x")
        socket.expect("2")
        socket.closed()
        assert time.monotonic() - start < 5, "the heartbeat goes on"
