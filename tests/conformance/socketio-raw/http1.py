"""HTTP/1.1 on a socket, byte by byte as a case wants it."""

import dataclasses
import socket

SECONDS = 3  # for an answer that is due at once: the machine may be busy


@dataclasses.dataclass
class Response:
    """An answer as it came."""

    status: int
    headers: list  # of (name in lower case, value)
    body: bytes

    def header(self, name):
        """The value of a header, or None; several are joined."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None

    @property
    def text(self):
        """The body."""
        return self.body.decode()


class Closed(AssertionError):
    """The peer closed the connection where something was expected."""


class Http:
    """A connection."""

    def __init__(self, port, seconds=SECONDS):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes it."""
        self.socket.close()

    def send(self, data):
        """Writes bytes."""
        self.socket.sendall(data)

    def request(self, method, target, body=None, headers=()):
        """Writes a request, whole."""
        self.send(request(method, target, body, headers))
        return self

    def response(self, head=False):
        """Reads an answer, whole. `head`: it answers HEAD, hence has no body."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.append((name.strip().lower(), value.strip()))
        answer = Response(status, headers, b"")
        if head or status in (101, 204, 304):
            return answer
        if (answer.header("transfer-encoding") or "").lower() == "chunked":
            while size := int(self.until(b"\r\n"), 16):
                answer.body += self.exactly(size)
                self.exactly(2)
            self.until(b"\r\n")
        elif (length := answer.header("content-length")) is not None:
            answer.body = self.exactly(int(length))
        else:
            answer.body = self.rest()
        return answer

    def until(self, mark):
        """Reads up to a mark, and past it."""
        while mark not in self.buffer:
            self.more()
        data, self.buffer = self.buffer.split(mark, 1)
        return data

    def exactly(self, size):
        """Reads so many bytes."""
        while len(self.buffer) < size:
            self.more()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def rest(self):
        """Reads to the end of the stream."""
        try:
            while True:
                self.more()
        except Closed:
            data, self.buffer = self.buffer, b""
            return data

    def more(self):
        """Reads something."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError as error:
            raise Closed(f"the connection was reset after {self.buffer[-100:]!r}") from error
        except TimeoutError as error:
            raise AssertionError(f"no answer after {self.buffer[-100:]!r}") from error
        if not data:
            raise Closed(f"the connection was closed after {self.buffer[-100:]!r}")
        self.buffer += data

    def silent(self, seconds):
        """Fails if anything comes in so much time."""
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            data = self.buffer or self.socket.recv(1 << 16)
            raise AssertionError(f"got {data[:300]!r}, where nothing was expected")
        except TimeoutError:
            pass
        finally:
            self.socket.settimeout(before)

    def ended(self):
        """Fails unless the peer closes the connection without another byte."""
        data = self.rest()
        assert not data, f"got {data[:300]!r}, where the connection was to be closed"


def request(method, target, body=None, headers=()):
    """The bytes of a request."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def ask(port, method, target, body=None, headers=()):
    """A request on a connection of its own, and its answer."""
    with Http(port) as connection:
        return connection.request(method, target, body, headers).response(head=method == "HEAD")
