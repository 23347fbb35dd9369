"""One Socket.IO client, of either kind and version, with what arrives kept until it is taken."""

import asyncio
import collections
import queue
import threading

import socketio

EVENTS = ("welcome", "echo", "called", "answered", "broadcast", "gone", "connect", "connect_error", "disconnect")
NAMESPACES = ("/", "/chat", "/quiet", "/guarded", "/nowhere")
RECONNECTION = {"reconnection_delay": 0.05, "reconnection_delay_max": 0.1}


class Peer:
    def __init__(self, patience, transports, client):
        self.patience, self.transports, self.client = patience, transports, client
        self.queues = collections.defaultdict(asyncio.Queue)
        for namespace in NAMESPACES:
            for event in EVENTS:
                client.on(event, self.handler(namespace, event), namespace=namespace)

    @property
    def transport(self):
        value = self.client.transport
        return value() if callable(value) else value

    @property
    def id(self):
        return self.client.get_sid("/") if hasattr(self.client, "get_sid") else self.client.sid

    async def take(self, event, namespace="/"):
        try:
            return await asyncio.wait_for(self.queues[namespace, event].get(), self.patience)
        except asyncio.TimeoutError:
            raise AssertionError(f"no {event} in {namespace}") from None

    def count(self, event, namespace="/"):
        return self.queues[namespace, event].qsize()

    async def connect(self, url, namespaces=("/",), auth=None, wait=True):
        options = {"transports": self.transports, "namespaces": list(namespaces)}
        if "wait" in self.client.connect.__code__.co_varnames:
            options |= {"auth": auth, "wait": wait, "wait_timeout": self.patience}
        await self.run(self.client.connect, url, **options)
        if wait:
            for namespace in namespaces:
                await self.take("connect", namespace)

    async def emit(self, event, *args, namespace="/"):
        await self.run(self.client.emit, event, args, namespace=namespace)

    async def call(self, event, *args, namespace="/"):
        return await self.run(self.client.call, event, args, namespace=namespace, timeout=self.patience)

    async def close(self):
        await self.run(self.client.disconnect)


class AsyncPeer(Peer):
    def __init__(self, patience, transports):
        super().__init__(patience, transports, socketio.AsyncClient(**RECONNECTION))

    def handler(self, namespace, event):
        async def handle(*args):
            self.queues[namespace, event].put_nowait(args)
            return tuple(reversed(args)) if event == "called" else None

        return handle

    async def run(self, method, *args, **options):
        return await method(*args, **options)


class SyncPeer(Peer):
    def __init__(self, patience, transports):
        self.loop = asyncio.get_running_loop()
        super().__init__(patience, transports, socketio.Client(**RECONNECTION))
        self.serve_in_order()

    def serve_in_order(self):
        """One thread for all messages. The client starts one for each, so that a burst comes in any order, and an attachment
        may be taken for another's."""
        engine, messages = self.client.eio, queue.SimpleQueue()
        start = engine.start_background_task

        def start_in_order(target, *args, **options):
            if target != engine.handlers.get("message"):
                return start(target, *args, **options)
            messages.put((target, args))
            return None

        def work():
            while True:
                target, args = messages.get()
                target(*args)

        engine.start_background_task = start_in_order
        threading.Thread(target=work, daemon=True).start()

    def handler(self, namespace, event):
        def handle(*args):
            self.loop.call_soon_threadsafe(self.queues[namespace, event].put_nowait, args)
            return tuple(reversed(args)) if event == "called" else None

        return handle

    async def run(self, method, *args, **options):
        return await asyncio.to_thread(method, *args, **options)


def noise(length):
    """The same every time, and without a pattern of a short length."""
    state, made = 0x9E3779B9 ^ length, bytearray(length)
    for index in range(length):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        made[index] = state >> 24
    return bytes(made)


def same(actual, expected):
    if actual != expected:
        raise AssertionError(f"{shown(actual)} instead of {shown(expected)}")


def one_of(actual, *allowed):
    if actual not in allowed:
        raise AssertionError(f"{actual!r} instead of one of {allowed}")


def shown(value):
    text = repr(value)
    return text if len(text) < 160 else f"{text[:160]}… ({len(text)} characters)"
