"""The official client, served beside the protocol."""

import gzip

from case import ONE_ORIGIN, case, equal
from http1 import ask

SCRIPTS = ("socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js")


@case()
def each_script_and_its_map_is_there(program):
    for script in SCRIPTS:
        for name, kind in ((script, "application/javascript; charset=utf-8"), (f"{script}.map", "application/json; charset=utf-8")):
            answer = ask(program.port, "GET", f"/socket.io/{name}")
            equal((name, answer.status), (name, 200))
            equal(answer.header("content-type"), kind)
            equal(answer.header("cache-control"), "public, max-age=0")
            assert len(answer.body) > 10_000, name


@case()
def a_known_etag_gets_304(program):
    answer = ask(program.port, "GET", "/socket.io/socket.io.min.js")
    tag = answer.header("etag")
    assert tag.startswith('"4.8.'), tag
    for known in (tag, f"W/{tag}"):
        again = ask(program.port, "GET", "/socket.io/socket.io.min.js", headers=[("If-None-Match", known)])
        equal((again.status, again.body), (304, b""))
    equal(ask(program.port, "GET", "/socket.io/socket.io.min.js", headers=[("If-None-Match", '"4.8.0"')]).status, 200)


@case()
def a_script_is_compressed_as_the_client_likes(program):
    plain = ask(program.port, "GET", "/socket.io/socket.io.min.js").body
    for accepted, encoding in (("br", "br"), ("gzip, deflate", "gzip"), ("gzip", "gzip"), ("identity", None)):
        answer = ask(program.port, "GET", "/socket.io/socket.io.min.js", headers=[("Accept-Encoding", accepted)])
        equal(answer.header("content-encoding"), encoding)
        if encoding == "gzip":
            equal(gzip.decompress(answer.body), plain)
        assert len(answer.body) < len(plain) / 2 or not encoding, "it is smaller"


@case()
def a_query_is_no_obstacle(program):
    equal(ask(program.port, "GET", "/socket.io/socket.io.js?v=1").status, 200)


@case()
def nothing_else_is_served(program):
    for name in ("socket.io.css", "index.js", "package.json", "../package.json", "socket.io.jsx", "x/socket.io.js"):
        answer = ask(program.port, "GET", f"/socket.io/{name}")
        equal((answer.status, answer.header("etag")), (400, None))


@case(flags=ONE_ORIGIN)
def scripts_are_for_pages_of_other_origins_too(program):
    answer = ask(program.port, "GET", "/socket.io/socket.io.min.js", headers=[("Origin", "http://a.test")])
    equal(answer.header("access-control-allow-origin"), "http://a.test")
