"""Pages of other origins."""

from case import ANY_ORIGIN, ONE_ORIGIN, case, equal
from engine import ECHO, Polling, connect, websocket
from http1 import ask

PAGE = [("Origin", "http://b.test")]


def allowed(answer, origin="http://a.test"):
    equal(answer.header("access-control-allow-origin"), origin)
    equal(answer.header("access-control-allow-credentials"), "true")
    if origin != "*":
        assert "Origin" in (answer.header("vary") or ""), answer.headers


@case(flags=ONE_ORIGIN)
def every_answer_names_the_origin(program):
    polling = Polling(program, headers=PAGE)
    allowed(polling.handshake)
    answer = polling.post("4hello")
    equal(answer.status, 200)
    allowed(answer)
    answer = polling.poll(PAGE)
    equal(answer.text, "4hello")
    allowed(answer)


@case(flags=ONE_ORIGIN)
def refusals_name_it_too(program):
    for target, method in ((f"{ECHO}?EIO=4&transport=tcp", "GET"), (f"{ECHO}?EIO=4&transport=polling", "POST"), (f"{ECHO}?transport=polling", "GET")):
        answer = ask(program.port, method, target, "" if method == "POST" else None, PAGE)
        equal(answer.status, 400)
        allowed(answer)


@case(flags=ONE_ORIGIN)
def a_websocket_names_it_too(program):
    with connect(program, headers=PAGE) as socket:
        allowed(socket.answer)
        socket.send("4hello").expect("4hello")
    refused = websocket(program, extra="&sid=AAAAAAAAAAAAAAAAAAAA").answer
    equal(refused.header("access-control-allow-origin"), program.either(node=None, madang="http://a.test"))


@case(flags=ONE_ORIGIN)
def a_preflight_is_answered(program):
    asked = [*PAGE, ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "x-one, content-type")]
    answer = ask(program.port, "OPTIONS", f"{ECHO}?EIO=4&transport=polling", headers=asked)
    # RFC 9110 8.6: an answer 204 has no length.
    equal((answer.status, answer.body, answer.header("content-length")), (204, b"", program.either(node="0", madang=None)))
    allowed(answer)
    equal(answer.header("access-control-allow-methods"), "GET,HEAD,PUT,PATCH,POST,DELETE")
    equal(answer.header("access-control-allow-headers"), "x-one, content-type")
    equal(answer.header("vary"), "Origin, Access-Control-Request-Headers")


@case(flags=ANY_ORIGIN)
def any_origin_is_a_star(program):
    polling = Polling(program, headers=PAGE)
    allowed(polling.handshake, "*")
    equal(polling.handshake.header("vary"), None)


@case()
def nothing_is_allowed_unless_it_was_asked_for(program):
    polling = Polling(program, headers=PAGE)
    equal(polling.handshake.header("access-control-allow-origin"), None)
    answer = ask(program.port, "OPTIONS", f"{ECHO}?EIO=4&transport=polling", headers=PAGE)
    equal(answer.status, 400)
    equal(answer.header("access-control-allow-origin"), None)
