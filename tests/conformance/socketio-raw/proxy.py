"""Behind nginx: as Debian's comes, and with the lines of docs/reverse-proxy.md."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

from case import case, equal
from engine import SOCKETS, Polling, connect, enter, refused
from http1 import ask
from program import Program
from ws import until

DOCUMENT = pathlib.Path(__file__).resolve().parents[3] / "docs" / "reverse-proxy.md"
AS_IT_COMES = "server { listen 80; location / { proxy_pass http://127.0.0.1:3000; } }"
ALL_KEPT_BACK = """server {
    listen 80;
    gzip on; gzip_types *; gzip_min_length 1;
    proxy_buffering on; proxy_buffers 16 1m; proxy_buffer_size 1m; proxy_busy_buffers_size 2m; proxy_request_buffering on;
    location / { proxy_pass http://127.0.0.1:3000; }
}"""
# What is nginx's own business, in a folder of its own. Everything else is as Debian has it compiled.
FRAME = """worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {site}
}}
"""


class Proxy:
    """An nginx on a free port, which stands for a program."""

    def __init__(self, port, log):
        self.port, self._log = port, log

    def log(self):
        """What it complained of."""
        return self._log.read_text()


@contextlib.contextmanager
def nginx(site, *programs):
    """Runs it with this configuration, in which the servers are those of the documentation."""
    command = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert command, "nginx isn't installed: scripts/install-debian.sh proxy"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = site.replace("listen 80;", f"listen 127.0.0.1:{port};")
    for number, program in enumerate(programs):
        site = site.replace(f"127.0.0.1:{3000 + number}", f"127.0.0.1:{program.port}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(FRAME.format(folder=folder, site=site, user=user))
        log = folder / "error.log"
        process = subprocess.Popen([command, "-p", folder, "-c", folder / "nginx.conf", "-e", log, "-g", "daemon off;"])
        try:
            until(5, lambda: answers(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield Proxy(port, log)
        finally:
            process.terminate()
            process.wait()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def documented(number):
    """A configuration of the documentation."""
    return re.findall(r"^```nginx\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)[number]


def connected(proxy):
    """A session on polling that is connected to the default namespace."""
    polling = Polling(proxy, SOCKETS)
    polling.send("40")
    assert polling.recv().startswith('40{"sid":"')
    return polling


def upgraded(polling):
    """What a default client does next."""
    socket = polling.probe().accept()
    socket.send("2probe").expect("3probe").send("5")
    return socket


@case()
def as_it_comes_a_client_stays_with_polling(program):
    with nginx(AS_IT_COMES, program) as proxy:
        polling = connected(proxy)
        equal(polling.open["upgrades"], ["websocket"])
        # The upgrade doesn't get through: nginx leaves out what makes it one.
        answer = polling.probe().answer
        refused(answer, 3, "Bad request")
        for number in range(20):
            with polling.hold() as held:
                polling.send(f'42["echo",{number}]')
                equal(held.response().text, f'42["echo",{number}]')
        polling.send('451-["echo",{"_placeholder":true,"num":0}]\x1ebAQI=')
        equal(polling.recv(), '451-["echo",{"_placeholder":true,"num":0}]\x1ebAQI=')
        equal(proxy.log(), "")


@case()
def as_it_comes_large_messages_get_through(program):
    with nginx(AS_IT_COMES, program) as proxy:
        polling = connected(proxy)
        event = '42["echo","' + "x" * 999_000 + '"]'
        polling.send(event)
        equal(polling.poll([("Accept-Encoding", "identity")]).text, event)
        answer = polling.post("4" + "x" * 1_000_000)
        equal(answer.status, 413)
        # nginx itself warns of bodies that it keeps in a file, and of nothing else.
        complaints = [line for line in proxy.log().splitlines() if "temporary file" not in line]
        equal(complaints, [])


@case()
def a_websocket_client_learns_why_it_is_refused(program):
    with nginx(AS_IT_COMES, program) as proxy:
        answer = ask(proxy.port, "GET", f"{SOCKETS}?EIO=4&transport=websocket", headers=[("Connection", "Upgrade"), ("Upgrade", "websocket")])
        refused(answer, 3, "Bad request")


@case()
def with_the_lines_of_the_documentation_it_upgrades(program):
    with nginx(documented(0), program) as proxy:
        polling = connected(proxy)
        with upgraded(polling) as socket:
            socket.send('42["echo",1]').expect('42["echo",1]')
            event = '451-["echo",{"_placeholder":true,"num":0}]'
            socket.send(event).send(b"\x01\x02").expect(event, b"\x01\x02")
        with connect(proxy, SOCKETS) as socket:
            enter(socket)
            large = '42["echo","' + "x" * 900_000 + '"]'
            socket.send(large).expect(large)
        polling = connected(proxy)
        polling.send('42["echo",2]')
        equal(polling.recv(), '42["echo",2]')


@case()
def a_proxy_that_keeps_answers_back_delays_nothing(program):
    with nginx(ALL_KEPT_BACK, program) as proxy:
        polling = connected(proxy)
        for number in range(10):
            with polling.hold([("Accept-Encoding", "gzip")]) as held:
                held.silent(0.02)
                start = time.monotonic()
                polling.send(f'42["echo",{number}]')
                equal(held.response().status, 200)
                took = time.monotonic() - start
                assert took < 2, f"an answer took {took:.2f} s"


@case()
def two_servers_need_a_client_to_meet_the_same_one(program):
    other = Program(program.path, program.flags)
    try:
        with nginx(documented(1), program, other) as proxy:
            for _ in range(20):
                polling = connected(proxy)
                polling.send('42["echo",1]')
                equal(polling.recv(), '42["echo",1]')
                with upgraded(polling) as socket:
                    socket.send('42["echo",2]').expect('42["echo",2]')
        # Without it, every other request goes to a server that doesn't know the session.
        with nginx(documented(1).replace("hash $remote_addr consistent;", ""), program, other) as proxy:
            statuses = set()
            for _ in range(4):
                answer = ask(proxy.port, "GET", f"{SOCKETS}?EIO=4&transport=polling")
                sid = json.loads(answer.text[1:])["sid"]
                statuses.add(ask(proxy.port, "POST", f"{SOCKETS}?EIO=4&transport=polling&sid={sid}", "40").status)
            assert 400 in statuses, statuses
    finally:
        other.stop()
