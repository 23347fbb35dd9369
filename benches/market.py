#!/usr/bin/env python3
"""What the market costs: quotes of many symbols out to a thousand viewers, by WebSocket and by Socket.IO.

    benches/market.py [FOLDER]        # target/release, built with: cargo build --release -p madang-server -p madang-bench

The program on core 0 (one worker thread) with its simulator and an SQLite database, the viewers (`madang-bench-viewers`) on core 1. Before the viewers come, the program's CPU is
measured alone for SETTLE seconds: what the feed, its bars and the database take. CPU for each quote is the rest, and all of it, divided by the quotes that the viewers read. Memory is
looked at every 10 s; its growth is that from the end of the first minute (or fifth, if that is shorter) to the end.
Environment: SYMBOLS (500), TICKS (20 a second and symbol), VIEWERS (1000), WATCHED (10 symbols each), SECONDS (600), SETTLE (20), WAYS (websocket,socketio).
Writes benches/results/market.json.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYMBOLS = int(os.environ.get("SYMBOLS", 500))
TICKS = int(os.environ.get("TICKS", 20))
VIEWERS = int(os.environ.get("VIEWERS", 1000))
WATCHED = int(os.environ.get("WATCHED", 10))
SECONDS = int(os.environ.get("SECONDS", 600))
SETTLE = int(os.environ.get("SETTLE", 20))
WAYS = os.environ.get("WAYS", "websocket,socketio").split(",")
SAMPLE = 10
TICK = os.sysconf("SC_CLK_TCK")


class Server:
    def __init__(self, program, folder):
        self.log = open(folder / "log", "w+")
        command = ["taskset", "-c", "0", program, "back", "--back-addr", "127.0.0.1:0", "--database-url", f"sqlite://{folder}/madang.db"]
        command += ["--replay-file", "none", "--market-feed", "simulator:1", "--market-symbols", str(SYMBOLS), "--market-ticks", str(TICKS)]
        # All viewers have one address here.
        command += ["--max-requests-per-address", "0"]
        env = {**os.environ, "TOKIO_WORKER_THREADS": "1"}
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=env)
        self.addr = None
        deadline = time.monotonic() + 300
        while not self.is_open():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit("the server doesn't start:\n" + pathlib.Path(self.log.name).read_text())
            time.sleep(0.5)

    def is_open(self):
        """Whether the made-up past is there, and the feed runs."""
        found = re.search(r"back listening addr=(\S+)", pathlib.Path(self.log.name).read_text())
        self.addr = found and found[1]
        if not self.addr:
            return False
        try:
            return self.metric("madang_market_ticks_total") > 0
        except OSError:
            return False

    def metric(self, name):
        with urllib.request.urlopen(f"http://{self.addr}/metrics", timeout=20) as page:
            text = page.read().decode()
        return int(re.search(rf"^{re.escape(name)} (\d+)", text, re.M)[1])

    def connections(self, way):
        return self.metric(f'madang_connections{{way="{way}"}}')

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
        self.process.wait(30)
        self.log.close()


def measure(folder, way):
    with tempfile.TemporaryDirectory() as data, Server(str(folder / "madang"), pathlib.Path(data)) as server:
        print(f"{way}: the market is open", file=sys.stderr)
        began, cpu, ticks = time.monotonic(), server.cpu(), server.metric("madang_market_ticks_total")
        time.sleep(SETTLE)
        alone = (server.cpu() - cpu) / (time.monotonic() - began)
        ticks_per_s = (server.metric("madang_market_ticks_total") - ticks) / (time.monotonic() - began)
        base = server.memory()

        command = ["taskset", "-c", "1", str(folder / "madang-bench-viewers"), server.addr, str(VIEWERS), str(WATCHED), str(SECONDS), way]
        viewers = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        # They come, and begin to count 2 s later; what is measured here is measured while all of them are there.
        while server.metric("madang_market_quotes_total") == 0 or server.connections(way) < VIEWERS:
            if viewers.poll() is not None:
                raise SystemExit("the viewers didn't come")
            time.sleep(0.1)
        time.sleep(2)
        began, cpu, deliveries = time.monotonic(), server.cpu(), server.metric("madang_deliveries_total")
        memory = [server.memory()]
        while time.monotonic() < began + SECONDS - 2:
            time.sleep(min(SAMPLE, max(0.1, began + SECONDS - 2 - time.monotonic())))
            memory.append(server.memory())
            print(f"{way}: {time.monotonic() - began:.0f} s, {memory[-1] / 2**20:.1f} MiB", file=sys.stderr)
        passed, cpu = time.monotonic() - began, server.cpu() - cpu
        deliveries = server.metric("madang_deliveries_total") - deliveries
        wrong = {name: server.metric(f"madang_{name}_total") for name in ["slow_dropped", "slow_disconnected", "market_bars_lost", "store_failures"]}
        wrong["slow_replaced"] = server.metric("madang_slow_replaced_total")
        out, _ = viewers.communicate(timeout=120)
        told = json.loads(out)
        early = memory[min(len(memory) - 1, max(1, min(6, len(memory) // 5)))]
        delivered = deliveries / passed
        return {
            "ticks_per_s": ticks_per_s,
            "quotes_per_s": told["quotes"] / told["seconds"],
            "deliveries_per_s": delivered,
            "bytes_per_quote": told["bytes"] / max(told["quotes"], 1),
            "quotes_per_read": told["quotes"] / max(told["reads"], 1),
            "cpu_of_a_core": cpu / passed,
            "cpu_alone_of_a_core": alone,
            "cpu_us_per_quote": cpu / max(deliveries, 1) * 1e6,
            "cpu_us_per_quote_without_feed": (cpu - alone * passed) / max(deliveries, 1) * 1e6,
            "p50_ms": told["p50_ms"],
            "p99_ms": told["p99_ms"],
            "max_ms": told["max_ms"],
            "memory_alone": base,
            "memory_first": memory[0],
            "memory_last": memory[-1],
            "memory_growth": memory[-1] - early,
            "memory": memory,
            "counters": {name: count for name, count in wrong.items() if count},
        }


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release").resolve()
    setting = {"symbols": SYMBOLS, "ticks": TICKS, "viewers": VIEWERS, "watched": WATCHED, "seconds": SECONDS}
    results = {**setting, "ways": {way: measure(folder, way) for way in WAYS}}
    (ROOT / "benches/results/market.json").write_text(json.dumps(results, indent=1) + "\n")
    print(f"{SYMBOLS} symbols, {TICKS} ticks a second each, {VIEWERS} viewers with {WATCHED} symbols each, {SECONDS} s\n")
    print("| way | quotes/s | a quote | server's core, feed alone | CPU per quote, without the feed | p50 | p99 | max | memory, growth |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    for way, told in results["ways"].items():
        print(
            f"| {way} | {told['quotes_per_s']:,.0f} | {told['bytes_per_quote']:.0f} B | {told['cpu_of_a_core']:.0%}, {told['cpu_alone_of_a_core']:.0%} "
            f"| {told['cpu_us_per_quote']:.2f} us, {told['cpu_us_per_quote_without_feed']:.2f} us | {told['p50_ms']} ms | {told['p99_ms']} ms | {told['max_ms']} ms "
            f"| {told['memory_last'] / 2**20:.1f} MiB, {told['memory_growth'] / 2**20:+.1f} MiB |"
        )
    for way, told in results["ways"].items():
        if told["counters"]:
            print(f"\n{way}: {told['counters']}")


if __name__ == "__main__":
    main()
