"""Python's websockets as a server for our client. Prints its port, then serves until it is stopped.

/echo          echoes; wants the header X-Madang: peer, else 403
/deflate       the same, and insists on permessage-deflate
/close/CODE    closes with CODE and the reason "because" when the first message comes
"""

import asyncio
import contextlib
import http

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


def admit(connection, request):
    if request.headers.get("X-Madang") != "peer":
        return connection.respond(http.HTTPStatus.FORBIDDEN, "no X-Madang\n")
    deflating = "permessage-deflate" in request.headers.get("Sec-WebSocket-Extensions", "")
    if request.path == "/deflate" and not deflating:
        return connection.respond(http.HTTPStatus.BAD_REQUEST, "no permessage-deflate\n")
    return None


async def answer(connection):
    path = connection.request.path
    # However the client closes, it is the client that judges.
    with contextlib.suppress(ConnectionClosed):
        while True:
            message = await connection.recv()
            if path.startswith("/close/"):
                await connection.close(int(path.removeprefix("/close/")), "because")
            else:
                await connection.send(message)


async def main():
    server = await serve(
        answer,
        "127.0.0.1",
        0,
        process_request=admit,
        select_subprotocol=lambda _, offered: "madang.echo" if "madang.echo" in offered else None,
        compression=None,
        extensions=[ServerPerMessageDeflateFactory()],
        max_size=16 * 1024 * 1024,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
