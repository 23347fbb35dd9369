"""Python's websockets as a client of our server: `websockets_client.py ws://HOST:PORT`.

One line a check: "ok NAME" or "not ok NAME: why".
"""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

SECONDS = 30
SIZES = [0, 1, 125, 126, 65_535, 65_536, 1_048_576]


def opened(base, path, **options):
    return connect(base + path, **{"compression": None, "max_size": 16 * 1024 * 1024, **options})


async def echoes(socket):
    for text in ["", "hello", "마당에 모여 👋🏽", "x" * 70_000]:
        await socket.send(text)
        assert await socket.recv() == text
    for size in SIZES:
        data = (b"0123456789abcdef" * (size // 16 + 1))[:size]
        await socket.send(data)
        assert await socket.recv() == data


async def echo(base):
    async with opened(base, "/echo") as socket:
        assert socket.protocol.extensions == []
        await echoes(socket)
    assert socket.close_code == 1000


async def deflate(base):
    async with opened(base, "/autobahn", compression="deflate") as socket:
        assert [extension.name for extension in socket.protocol.extensions] == ["permessage-deflate"]
        await echoes(socket)
    assert socket.close_code == 1000


async def small_windows(base):
    offer = ClientPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True, server_max_window_bits=9, client_max_window_bits=9
    )
    async with opened(base, "/autobahn", extensions=[offer]) as socket:
        agreed = socket.protocol.extensions[0]
        assert agreed.remote_no_context_takeover and agreed.remote_max_window_bits == 9, agreed
        await echoes(socket)


async def fragments(base):
    async with opened(base, "/echo") as socket:

        async def pieces():
            yield "마당"
            await (await socket.ping(b"between"))
            yield "에서"

        await socket.send(pieces())
        assert await socket.recv() == "마당에서"


async def in_order(base):
    sent = [f"message {number}" for number in range(1000)]
    async with opened(base, "/echo") as socket:
        got = []

        async def receive():
            while len(got) < len(sent):
                got.append(await socket.recv())

        receiving = asyncio.create_task(receive())
        for text in sent:
            await socket.send(text)
        await receiving
    assert got == sent


async def close_codes(base):
    for code in [1000, 1001, 1011, 3000, 4999]:
        socket = await opened(base, "/echo")
        await socket.close(code, "because")
        try:
            await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd.code == code, closed


async def subprotocol(base):
    async with opened(base, "/echo", subprotocols=["unknown", "madang.echo"]) as socket:
        assert socket.subprotocol == "madang.echo", socket.subprotocol
    async with opened(base, "/echo") as socket:
        assert socket.subprotocol is None


async def headers(base):
    fields = {"X-Madang": "peer", "Cookie": "a=b", "X-Long": "y" * 2000}
    async with opened(base, "/echo", additional_headers=fields) as socket:
        await socket.send("heard")
        assert await socket.recv() == "heard"


CHECKS = {
    "echo": echo,
    "echo with permessage-deflate": deflate,
    "permessage-deflate without context takeover, windows of 512 bytes": small_windows,
    "fragments with a ping between": fragments,
    "1,000 messages in order": in_order,
    "close codes": close_codes,
    "subprotocol": subprotocol,
    "headers of any case and number": headers,
}


async def main(base):
    failed = 0
    for name, check in CHECKS.items():
        try:
            await asyncio.wait_for(check(base), SECONDS)
            print(f"ok {name}")
        except Exception as error:  # noqa: BLE001: whatever it is, it failed
            failed += 1
            print(f"not ok {name}: {type(error).__name__} {error}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main(sys.argv[1])) else 0)
