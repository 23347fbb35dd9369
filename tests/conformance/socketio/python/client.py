#!/usr/bin/env python3
"""What python-socketio must be able to do over one transport: `client.py sync|asyncio polling|websocket|upgrade`.

The same checks for both kinds of client and for versions 4 and 5. SERVERS has the addresses of the servers under test as
JSON, CONTROL that of the proxies. Prints a line for each check, "ok NAME" or "not ok NAME: why".
"""

import asyncio
import json
import os
import random
import sys
import urllib.request

import engineio.payload
import socketio
from peer import AsyncPeer, SyncPeer, one_of, noise, same

KIND, TRANSPORT = sys.argv[1:3]
SERVERS, CONTROL = json.loads(os.environ["SERVERS"]), os.environ["CONTROL"]
TRANSPORTS = ["polling", "websocket"] if TRANSPORT == "upgrade" else [TRANSPORT]
# Version 5 speaks protocol 4 of Engine.IO, version 4 protocol 3.
NEW = "auth" in socketio.Client.connect.__code__.co_varnames
# Version 4 gives up when a pong is later than the next ping, which 500 events may well cause if pings come often.
URL, BEATS_SECONDS = (SERVERS["main"], 1.2) if NEW else (SERVERS["calm"], 3.5)
# Version 4 takes an attachment without a byte for none.
SMALLEST = 0 if NEW else 1
PATIENCE = 15
# By default these clients take a payload of more than 16 packets for an attack, from whatever server.
engineio.payload.Payload.max_decode_packets = 10_000
TEXT = "안녕하세요 😀 ñ"
# Version 4 counts characters in payloads where Engine.IO 3 counts UTF-16 units: one beyond U+FFFF hides the packet after it.
BURST_TEXT = TEXT if NEW else "안녕하세요 ñ"
VALUES = (
    ["", TEXT, '𝄞\u0000\u001e\u2028\u2029\\"\n</script>', "b4AAAA"],
    [0, -1, 1.5, 1e21, 2**53 - 1, 65536, None, True, False, [], {}, [[]]],
    {"a": {"b": [1, {"c": None}]}, "키": "값"},
)

failed = 0


async def check(name, run):
    global failed
    try:
        await asyncio.wait_for(run, PATIENCE)
        print(f"ok {name}", flush=True)
    except Exception as error:  # noqa: BLE001
        failed += 1
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:400]
        print(f"not ok {name}: {reason}", flush=True)


def peer(**options):
    return (AsyncPeer if KIND == "asyncio" else SyncPeer)(PATIENCE, TRANSPORTS, **options)


async def connected(url=URL, **options):
    one = peer()
    await one.connect(url, **options)
    return one


async def main():
    one = peer()
    await check("connect, with a welcome", connects(one))
    if failed:
        return
    await check("the transport", transport(one))
    await check("text and unicode", echo(one))
    await check("acknowledgement by the server", server_answers(one))
    await check("acknowledgement by the client", client_answers(one))
    await check("binary of every size", sizes(one))
    await check("1 MB of binary and of text", megabyte(one))
    await check("several attachments", attachments(one))
    await check("binary in acknowledgements both ways", binary_answers(one))
    await check("500 events in order, binary among them", in_order(one))
    await check("alive after three heartbeats", heartbeats(one))
    await one.close()
    await check("namespaces on one connection", namespaces())
    await check("an unknown namespace is refused", refused("/nowhere", "Invalid namespace"))
    await check("a middleware's refusal has its data", refused("/guarded", "E_TOKEN"))
    if NEW:
        await check("a middleware lets the right one in", guarded())
    await check("rooms", rooms())
    await check("100 broadcasts to 10 clients in order", crowd())
    await check("the client disconnects", leaves())
    await check("the server disconnects the socket", sent_away())
    await check("reconnection", reconnects())


async def connects(one):
    await one.connect(f"{URL}?who=me")
    (welcome,) = await one.take("welcome")
    same(welcome["query"]["who"], "me")
    same(welcome["query"]["EIO"], "4" if NEW else "3")
    same(welcome["id"], one.id)


async def transport(one):
    name = "polling" if TRANSPORT == "polling" else "websocket"
    same(one.transport, name)
    same(await one.call("transport"), name)


async def echo(one):
    await one.emit("echo", *VALUES)
    same(await one.take("echo"), VALUES)
    await one.emit("echo")
    same(await one.take("echo"), ())
    same(await one.call("text"), TEXT)


async def server_answers(one):
    same(await one.call("ack", *VALUES), VALUES)
    same(await one.call("ack"), None)
    same(await asyncio.gather(*(one.call("ack", number) for number in range(10))), list(range(10)))


async def client_answers(one):
    await one.emit("call me", 1, TEXT, {"a": [None]})
    same(await one.take("called"), (1, TEXT, {"a": [None]}))
    same(await one.take("answered"), ({"a": [None]}, TEXT, 1))


async def sizes(one):
    for size in (SMALLEST, 9, 10, 99, 125, 126, 127, 65_535, 65_536):
        await one.emit("echo", noise(size), size)
        same(await one.take("echo"), (noise(size), size))


async def megabyte(one):
    same(await one.call("ack", noise(1_048_576)), noise(1_048_576))
    text = TEXT * 32_768
    await one.emit("echo", text)
    same(await one.take("echo"), (text,))


async def attachments(one):
    parts = [noise(SMALLEST + 7 * size) for size in range(10)]
    nested = (
        {"first": parts[0], "deep": {"list": [parts[1], TEXT, parts[2], None]}},
        parts[3],
        [[parts[4]], parts[5], parts[6], {"7": parts[7], "8": parts[8]}],
        parts[9],
    )
    await one.emit("echo", *nested)
    same(await one.take("echo"), nested)


async def binary_answers(one):
    nested = {"a": noise(70_000), "b": [noise(5)]}
    same(await one.call("ack", nested), nested)
    await one.emit("call me", noise(300), "x", {"y": noise(66_000)})
    same(await one.take("called"), (noise(300), "x", {"y": noise(66_000)}))
    same(await one.take("answered"), ({"y": noise(66_000)}, "x", noise(300)))


async def in_order(one):
    sent = [noise(index) if index % 50 == 49 else index for index in range(500)]
    for message in sent:
        await one.emit("echo", message)
    same([(await one.take("echo"))[0] for _ in sent], sent)


async def heartbeats(one):
    # The clients tell nobody of heartbeats; no other packet passes meanwhile.
    await asyncio.sleep(BEATS_SECONDS)
    same(await one.call("ack", "alive"), "alive")
    same(one.count("disconnect"), 0)


async def namespaces():
    one = await connected(namespaces=["/", "/chat", "/quiet"])
    (welcome,) = await one.take("welcome", "/chat")
    same(welcome["namespace"], "/chat")
    await one.emit("echo", "chat", noise(20), namespace="/chat")
    await one.emit("echo", "quiet", noise(30), namespace="/quiet")
    same(await one.take("echo", "/quiet"), ("quiet", noise(30)))
    same(await one.take("echo", "/chat"), ("chat", noise(20)))
    answers = [await one.call("ack", name, namespace=name) for name in ("/chat", "/quiet", "/")]
    same(answers, ["/chat", "/quiet", "/"])
    same([one.count("echo"), one.count("welcome", "/quiet")], [0, 0])
    await one.close()


async def refused(namespace, word):
    one = peer()
    await one.connect(URL, namespaces=["/", namespace], wait=False)
    error = await one.take("connect_error", namespace)
    if word not in json.dumps(error):
        raise AssertionError(f"refused with {error!r}")
    await one.take("connect")
    same(await one.call("ack", "unharmed"), "unharmed")
    await one.close()


async def guarded():
    one = await connected(namespaces=["/guarded"], auth={"token": "yes"})
    same(await one.call("ack", "in", namespace="/guarded"), "in")
    await one.close()


async def rooms():
    one, two = await connected(), await connected()
    room = f"room-{random.random()}"
    await one.call("join", room)
    await two.call("join", room)
    await one.emit("broadcast", room, TEXT, {"a": noise(40)})
    same(await two.take("broadcast"), (TEXT, {"a": noise(40)}))
    await two.call("leave", room)
    await one.emit("broadcast", room, "nobody")
    await one.call("ack", "after")
    await two.call("ack", "after")
    same([one.count("broadcast"), two.count("broadcast")], [0, 0])
    await one.close()
    await two.close()


async def crowd():
    sender, *others = [await connected() for _ in range(11)]
    room = f"crowd-{random.random()}"
    for other in others:
        await other.call("join", room)
    expected = [(index, BURST_TEXT, noise(index) if index % 20 == 19 else None) for index in range(100)]
    for message in expected:
        await sender.emit("broadcast", room, *message)
    for other in others:
        same([await other.take("broadcast") for _ in expected], expected)
        await other.call("ack", "after")
        same(other.count("broadcast"), 0)
    for one in (sender, *others):
        await one.close()


async def leaves():
    one, watcher = await connected(), await connected()
    watched = one.id
    await watcher.call("join", f"watch:{watched}")
    await one.close()
    gone, reason = await watcher.take("gone")
    same(gone, watched)
    # These clients close the connection with the packet that says so, and often before it has left.
    one_of(reason, "client namespace disconnect", "transport close", "transport error")
    await watcher.close()


async def sent_away():
    one, watcher = await connected(), await connected()
    watched = one.id
    await watcher.call("join", f"watch:{watched}")
    await one.emit("disconnect me", True)
    same(await watcher.take("gone"), (watched, "server namespace disconnect"))
    await one.take("disconnect")
    await one.close()
    await watcher.close()


async def reconnects():
    def control(method, path):
        request = urllib.request.Request(f"{CONTROL}/{path}", method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    tell = lambda *words: asyncio.to_thread(control, *words)  # noqa: E731
    line = await tell("POST", f"?target={URL}")
    one, watcher = await connected(line["url"]), await connected()
    await one.take("welcome")
    await watcher.call("join", f"watch:{one.id}")
    before = one.id
    await tell("POST", f"{line['id']}/drop")
    gone, reason = await watcher.take("gone")
    same(gone, before)
    # Between two requests nothing is there to be lost: then only the heartbeat tells.
    one_of(reason, "transport close", "transport error", *(["ping timeout"] if TRANSPORT == "polling" else []))
    await one.take("disconnect")
    (welcome,) = await one.take("welcome")
    if welcome["id"] == before:
        raise AssertionError("the id is the old one")
    # Once more after the upgrade, which comes before the welcome or after it.
    same(await one.call("ack", "again"), "again")
    await one.close()
    await watcher.close()
    await tell("DELETE", line["id"])


try:
    asyncio.run(main())
except Exception as error:  # noqa: BLE001
    failed += 1
    print(f"not ok the run: {type(error).__name__}: {error}", flush=True)
# Threads of clients that failed would keep it from ending.
sys.stdout.flush()
os._exit(1 if failed else 0)
