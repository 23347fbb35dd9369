#!/usr/bin/env python3
"""What each way to a room costs: events out to a thousand readers, CPU for each, memory of each reader that waits.

    benches/transports.py [PROGRAM]        # target/release/madang, built with: cargo build --release -p madang-server

The server on core 0 (one worker thread), the readers (`madang load`) on core 1. CPU is that of the server while the readers are there and events are published,
divided by the events that they heard. Memory is the server's resident memory with so many readers that wait, less without them, for each; beside them
connections over which one request was made and that then do nothing.
Environment: READERS (1000), SECONDS (10), RATE (20 events a second), ROUNDS (3). Writes benches/results/transports.json.
"""

import asyncio
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
READERS = int(os.environ.get("READERS", 1000))
SECONDS = int(os.environ.get("SECONDS", 10))
RATE = float(os.environ.get("RATE", 20))
ROUNDS = int(os.environ.get("ROUNDS", 3))
WAYS = ["polling", "long-polling", "sse", "websocket", "socketio"]
TICK = os.sysconf("SC_CLK_TCK")


class Server:
    def __init__(self, program, folder):
        self.log = open(folder / "log", "w+")
        # All readers have one address here.
        command = ["taskset", "-c", "0", program, "back", "--back-addr", "127.0.0.1:0", "--database-url", f"sqlite://{folder}/madang.db"]
        command += ["--max-requests-per-address", "0"]
        env = {**os.environ, "TOKIO_WORKER_THREADS": "1"}
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=env)
        deadline = time.monotonic() + 20
        self.addr = None
        while not self.addr and time.monotonic() < deadline:
            found = re.search(r"back listening addr=(\S+)", pathlib.Path(self.log.name).read_text())
            self.addr = found and found[1]
            time.sleep(0.05)
        if not self.addr:
            raise SystemExit("the server doesn't start:\n" + pathlib.Path(self.log.name).read_text())

    def cpu(self):
        """Seconds so far, user and system."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def load(program, server, way, seconds, rate):
    """Runs readers of a room, and yields them while they are there."""
    command = ["taskset", "-c", "1", program, "load", f"http://{server.addr}", "--room", way, "--via", way, "--clients", str(READERS)]
    command += ["--seconds", str(seconds), "--json"]
    command += ["--rate", str(rate)] if rate else []
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def events(program, way):
    """One round: events a second, CPU for each, latency, and whether each was heard once and in order."""
    with tempfile.TemporaryDirectory() as folder, Server(program, pathlib.Path(folder)) as server:
        before = server.cpu()
        readers = load(program, server, way, SECONDS, RATE)
        out, _ = readers.communicate(timeout=SECONDS + 60)
        cpu = server.cpu() - before
        told = json.loads(out)
        figures = told["figures"]
        wrong = {kind: figures[kind] for kind in ["missed", "duplicates", "out_of_order", "failures"] if figures[kind]}
        return {
            "events_per_s": figures["events"] / told["seconds"],
            "cpu_us_per_event": cpu / max(figures["events"], 1) * 1e6,
            "requests_per_event": figures["requests"] / max(figures["events"], 1),
            "p50_ms": figures["latency"]["p50_us"] / 1000,
            "p99_ms": figures["latency"]["p99_us"] / 1000,
            "wrong": wrong,
        }


def memory(program, way):
    """Bytes for each reader that waits in a silent room."""
    with tempfile.TemporaryDirectory() as folder, Server(program, pathlib.Path(folder)) as server:
        time.sleep(1)
        base = server.memory()
        readers = load(program, server, way, 8, None)
        time.sleep(6)
        waiting = server.memory() - base
        readers.communicate(timeout=60)
        return waiting / READERS


async def idle_http(program):
    """The same of connections that have asked once and then do nothing."""
    with tempfile.TemporaryDirectory() as folder, Server(program, pathlib.Path(folder)) as server:
        await asyncio.sleep(1)
        base = server.memory()
        host, port = server.addr.rsplit(":", 1)
        held = []
        for _ in range(READERS):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: madang\r\n\r\n")
            await reader.readuntil(b"ok\n")
            held.append(writer)
        await asyncio.sleep(1)
        each = (server.memory() - base) / READERS
        for writer in held:
            writer.close()
        return each


def main():
    program = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/madang").resolve())
    rounds = {way: [] for way in WAYS}
    for n in range(ROUNDS):
        for way in WAYS:
            rounds[way].append(events(program, way))
            print(f"round {n + 1} {way}: {rounds[way][-1]}", file=sys.stderr)
    idle = asyncio.run(idle_http(program))
    results = {"readers": READERS, "seconds": SECONDS, "rate": RATE, "rounds": ROUNDS, "idle_http_bytes": idle, "ways": {}}
    print("| way | events/s | server CPU per event | requests per event | p50 | p99 | memory of one who waits |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    for way in WAYS:
        each = memory(program, way)
        median = {key: statistics.median(run[key] for run in rounds[way]) for key in rounds[way][0] if key != "wrong"}
        results["ways"][way] = {"median": median, "memory_bytes": each, "rounds": rounds[way]}
        print(
            f"| {way} | {median['events_per_s']:,.0f} | {median['cpu_us_per_event']:.2f} us | {median['requests_per_event']:.3f} "
            f"| {median['p50_ms']:.1f} ms | {median['p99_ms']:.1f} ms | {each:,.0f} B |"
        )
    print(f"\nAn idle HTTP connection: {idle:,.0f} B.")
    (ROOT / "benches/results/transports.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
