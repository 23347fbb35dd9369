"""Engine.IO 3 and Socket.IO 2, for clients of old."""

import json
import time
import urllib.parse

from case import HASTY, RECOVERY, case, equal
from engine import ECHO, SOCKETS, Polling, connect, refused, websocket
from http1 import ask

OCTETS = [("Content-Type", "application/octet-stream")]


def length(payload):
    """What a text packet's length counts: UTF-16 units."""
    return len(payload.encode("utf-16-le")) // 2


def packed(*packets):
    """A text payload."""
    return "".join(f"{length(packet)}:{packet}" for packet in packets)


@case()
def a_handshake_has_its_length(program):
    answer = ask(program.port, "GET", f"{ECHO}?EIO=3&transport=polling")
    equal(answer.status, 200)
    equal(answer.header("content-type"), "text/plain; charset=UTF-8")
    size, _, packet = answer.text.partition(":")
    equal(int(size), length(packet))
    handshake = json.loads(packet[1:])
    expected = {"upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}
    equal(handshake, {"sid": handshake["sid"], **expected})


@case()
def no_version_is_version_3(program):
    answer = ask(program.port, "GET", f"{ECHO}?transport=polling")
    assert answer.text.partition(":")[2].startswith('0{"sid":"'), answer.text


@case()
def lengths_count_utf_16(program):
    polling = Polling(program, eio=3)
    polling.send("2:4€3:4👋5:4abcd")
    equal(polling.recv(), "2:4€3:4👋5:4abcd")
    equal(packed("4€", "4👋"), "2:4€3:4👋")


@case()
def a_record_separator_is_text(program):
    """It separates packets in version 4 alone."""
    polling = Polling(program, eio=3)
    polling.send("4:4a\x1eb2:4c")
    equal(polling.recv(), "4:4a\x1eb2:4c")


@case()
def one_binary_packet_makes_the_payload_binary(program):
    polling = Polling(program, eio=3)
    payload = bytes.fromhex("0004ff34e282ac" + "0105ff0401020304")
    equal(polling.post(payload, OCTETS).body, b"ok")
    answer = polling.poll()
    equal(answer.header("content-type"), "application/octet-stream")
    equal(answer.body.hex(), payload.hex())


@case()
def a_long_binary_packet_has_its_length_in_digits(program):
    polling = Polling(program, eio=3)
    data = bytes(range(256)) * 4
    payload = bytes([1, 1, 0, 2, 5, 255, 4]) + data
    equal(polling.post(payload, OCTETS).body, b"ok")
    equal(polling.poll([("Accept-Encoding", "identity")]).body, payload)


@case()
def without_binary_support_it_is_base64(program):
    polling = Polling(program, eio=3, extra="&b64=1")
    polling.send("10:b4AQIDBA==2:4a")
    answer = polling.poll()
    equal(answer.header("content-type"), "text/plain; charset=UTF-8")
    equal(answer.text, "10:b4AQIDBA==2:4a")


@case()
def binary_on_websocket_has_a_type(program):
    with connect(program, eio=3) as socket:
        socket.send("4hello").expect("4hello")
        socket.send(b"\x04\x01\x02\x03").expect(b"\x04\x01\x02\x03")


@case()
def base64_on_websocket_is_understood(program):
    """Node answers in kind; Madang in binary, which every WebSocket has."""
    with connect(program, eio=3, extra="&b64=1") as socket:
        socket.send("b4AQID").expect(program.either(node="b4AQID", madang=b"\x04\x01\x02\x03"))
    with connect(program, extra="&b64=1") as socket:
        socket.send("bAQID").expect(program.either(node="bAQID", madang=b"\x01\x02\x03"))


@case()
def the_client_pings(program):
    with connect(program, eio=3) as socket:
        socket.send("2").expect("3")
        socket.send("4x").expect("4x")
    polling = Polling(program, eio=3)
    polling.send("1:2")
    equal(polling.recv(), "1:3")


@case()
def a_pong_of_the_client_is_the_wrong_direction(program):
    with connect(program, eio=3) as socket:
        socket.send("3")
        socket.closed()
    polling = Polling(program, eio=3)
    with polling.hold() as held:
        held.silent(0.05)
        polling.post("1:3")
        equal(held.response().text, "1:1")
    polling.gone()


@case(flags=HASTY)
def no_ping_in_time_ends_the_session(program):
    start = time.monotonic()
    with connect(program, eio=3) as socket:
        time.sleep(0.5)
        socket.send("2").expect("3")
        socket.closed()
        assert 1.95 < time.monotonic() - start < 5, "interval and timeout are 1.5 s, from the ping on"


@case()
def a_wrong_length_ends_the_session(program):
    """In Node, so does nothing at all."""
    wrong = ["5:4a", "x:4a", "2:4a1", "1:", "4a", ":", "-1:4", "99999999999999999999:4a", "2:4a3:4b", "1e1:4"]
    for body in wrong + program.either(node=[""], madang=[]):
        polling = Polling(program, eio=3)
        polling.post(body)
        gone(polling, body)


@case()
def a_wrong_binary_payload_ends_the_session(program):
    """Node takes what is there of a packet that is cut short, and any first byte but 0 for binary."""
    wrong = ["0105", "02ff", "01ff", "ff"]
    taken = ["0201ff04", "0105ff040102", "010aff04", "0109090909090909090909ff04"]
    for body in wrong + program.either(node=[], madang=taken):
        polling = Polling(program, eio=3)
        polling.post(bytes.fromhex(body), OCTETS)
        gone(polling, body)


@case()
def probe_noop_upgrade(program):
    polling = Polling(program, eio=3)
    with polling.hold() as held:
        held.silent(0.02)
        with polling.probe().accept() as socket:
            socket.send("2probe").expect("3probe")
            equal(held.response().text, "1:6")
            socket.send("5").send("4hello").expect("4hello")
            refused(polling.poll(), 3, "Bad request")


@case()
def a_second_get_ends_the_session(program):
    polling = Polling(program, eio=3)
    with polling.hold() as first:
        first.silent(0.1)
        second = polling.poll()
        equal((second.status, second.body), (400, b""))
        equal(first.response().text, "1:1")
    polling.gone()


@case()
def jsonp_wraps_a_payload(program):
    handshake = ask(program.port, "GET", f"{ECHO}?EIO=3&transport=polling&j=0&b64=1")
    text = handshake.text
    assert text.startswith('___eio[0]("') and text.endswith('");'), text
    payload = json.loads(text[len("___eio[0](") : -2])
    sid = json.loads(payload.partition(":")[2][1:])["sid"]
    target = f"{ECHO}?EIO=3&transport=polling&j=0&b64=1&sid={sid}"
    body = "d=" + urllib.parse.quote("3:4한a", safe="")
    equal(ask(program.port, "POST", target, body, [("Content-Type", "application/x-www-form-urlencoded")]).body, b"ok")
    equal(ask(program.port, "GET", target).text, '___eio[0]("3:4한a");')


@case()
def socket_io_2_is_connected_without_asking(program):
    answer = ask(program.port, "GET", f"{SOCKETS}?EIO=3&transport=polling")
    packet = answer.text.partition(":")[2]
    handshake, end = json.JSONDecoder().raw_decode(packet[1:])
    rest = packet[1 + end :]
    if not rest:
        rest = ask(program.port, "GET", f"{SOCKETS}?EIO=3&transport=polling&sid={handshake['sid']}").text
    equal(rest, "2:40")
    with connect(program, SOCKETS, eio=3) as socket:
        socket.expect("40")
        socket.send('42["echo",1]').expect('42["echo",1]')
        socket.send('4212["ack","x"]').expect('4312["x"]')


@case()
def socket_io_2_has_the_id_of_its_session(program):
    with connect(program, SOCKETS, eio=3) as socket:
        socket.expect("40")
        socket.send('420["rooms"]').expect(f'430[["{socket.sid}"]]')
        socket.send("40/chat").expect("40/chat,")
        socket.send('42/chat,1["rooms"]').expect(f'43/chat,1[["/chat#{socket.sid}"]]')


@case()
def socket_io_2_has_its_query_in_the_namespace(program):
    with connect(program, SOCKETS, eio=3) as socket:
        socket.expect("40")
        socket.send("40/guarded?token=yes,").expect("40/guarded,")
        socket.send('42/guarded,["echo",2]').expect('42/guarded,["echo",2]')
    with connect(program, SOCKETS, eio=3) as socket:
        socket.expect("40")
        socket.send("40/chat?x=1").expect("40/chat,")
        socket.send('42/chat?x=1,["echo",2]').expect('42/chat,["echo",2]')


@case()
def socket_io_2_is_refused_with_data_alone(program):
    with connect(program, SOCKETS, eio=3) as socket:
        socket.expect("40")
        socket.send("40/guarded?token=no").expect('44/guarded,{"code":"E_TOKEN"}')
        socket.send("40/nowhere").expect('44/nowhere,{"message":"Invalid namespace"}')
        socket.send('42["echo",1]').expect('42["echo",1]')


@case()
def socket_io_2_has_binary_events(program):
    event = '451-["echo",{"_placeholder":true,"num":0}]'
    with connect(program, SOCKETS, eio=3) as socket:
        socket.expect("40")
        socket.send(event).send(b"\x04\x01\x02").expect(event, b"\x04\x01\x02")
    with connect(program, SOCKETS, eio=3, extra="&b64=1") as socket:
        socket.expect("40")
        socket.send(event).send("b4AQI=").expect(event, program.either(node="b4AQI=", madang=b"\x04\x01\x02"))


@case()
def socket_io_2_may_disconnect_and_come_back(program):
    with connect(program, SOCKETS, eio=3) as socket:
        socket.expect("40")
        socket.send("40/chat").expect("40/chat,")
        socket.send("41/chat").send('42["echo",1]').expect('42["echo",1]')
        socket.send("40/chat").expect("40/chat,")
        socket.send('42["disconnect me"]').expect("41")


@case(flags=RECOVERY)
def socket_io_2_is_not_recovered(program):
    with connect(program, SOCKETS, eio=3) as socket:
        socket.expect("40")
        socket.send("40/chat").expect("40/chat,")


@case()
def a_websocket_is_refused_like_any_other(program):
    socket = websocket(program, eio=3, extra="&sid=AAAAAAAAAAAAAAAAAAAA")
    equal((socket.answer.status, socket.answer.text), (400, "Session ID unknown"))


def gone(polling, body):
    assert "Session ID unknown" in polling.post("1:6").text, f"{body!r} was taken"
