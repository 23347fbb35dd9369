#!/usr/bin/env python3
"""Writes docs/conformance.md from the committed summaries; with --check says whether it is what they say."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "conformance.md"
sys.path.insert(0, str(HERE / "autobahn"))

import cases  # noqa: E402

INFORMATIONAL = {
    "7.1.6": "a message of 256 KiB, a close and a ping at once: what still arrives is the machine's to say",
    "7.13.1": "close code 5000, which no specification gives a meaning",
    "7.13.2": "close code 65535, which is past every range that means something",
}


def main():
    sides = {side: json.loads((HERE / f"autobahn-{side}.json").read_text())["cases"] for side in ("server", "client")}
    peers = json.loads((HERE / "peers.json").read_text())
    for side, verdicts in sides.items():
        if len(verdicts) != cases.TOTAL:
            sys.exit(f"conformance: autobahn-{side}.json has {len(verdicts)} of {cases.TOTAL} cases: run `make conformance`")
    replays = json.loads((HERE / "socketio-raw.json").read_text())
    clients = json.loads((HERE / "socketio-clients.json").read_text())
    text = page(sides, peers, replays, clients)
    if "--check" not in sys.argv[1:]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit("conformance: docs/conformance.md isn't what the summaries say: run tests/conformance/report.py")


def page(sides, peers, replays, clients):
    rows = []
    for chapter, (subject, count) in cases.CHAPTERS.items():
        rows.append(f"| {chapter}.* | {subject} | {count} | {tally(sides['server'], chapter)} | {tally(sides['client'], chapter)} |")
    rows.append(f"| **all** | | **{cases.TOTAL}** | **{tally(sides['server'])}** | **{tally(sides['client'])}** |")
    notes = []
    for case in sorted({c for s in sides.values() for c, v in s.items() if v[0] != "OK"}, key=cases.order):
        verdicts = ", ".join(f"{side} {v[case][0]}" for side, v in sides.items() if v[case][0] != "OK")
        notes.append(f"* {case} ({verdicts}): {INFORMATIONAL.get(case, 'see the report of a run')}.")
    peer_rows = [f"| {peer['peer']} | {peer['as']} | {len(peer['checks'])} | {', '.join(peer['checks'])} |" for peer in peers]
    replay_rows = [f"| {replay['subject']} | {replay['what']} | {replay['passed']} |" for replay in replays]
    return f"""# Conformance

Written by `make conformance` from `tests/conformance/*.json`; `make conformance-quick` fails when it isn't what they say.

## The Autobahn test suite

All {cases.TOTAL} cases, run by kosoku 0.1.0, against `madang-bench-server` (path `/autobahn`, with permessage-deflate) and with
`autobahn-client` against the suite's server. A case counts only if its connection was closed rightly, too.

| cases | what | number | madang-ws as server | madang-ws as client |
| --- | --- | --- | --- | --- |
{chr(10).join(rows)}

INFORMATIONAL means that any behaviour is right:

{chr(10).join(notes) or '* none.'}

## Foreign peers

| peer | as | checks | which |
| --- | --- | --- | --- |
{chr(10).join(peer_rows)}

## Socket.IO's and Engine.IO's clients

Clients of npm and PyPI, in Node, Python and browsers, with `madang-conformance-server` on hyper and, where it says so, on its own HTTP server. Each
number is of checks that passed, on that transport alone or from polling upgraded to WebSocket. The same checks run with Node's socket.io 4.8.4 in
`madang-conformance-server`'s place (`SERVER=node tests/conformance/socketio/run.sh`), which passes all but two of recovery: a client that had received no event,
or a volatile one that ends with a string, isn't recovered there.

| client | polling | WebSocket | upgrade |
| --- | --- | --- | --- |
{chr(10).join(client_rows(clients["runs"]))}

The checks:

{chr(10).join(f"* {suite}: {'; '.join(checks)}." for suite, checks in clients["suites"].items())}

What these clients do by themselves, with every server:

* Socket.IO 1 encodes text twice as UTF-8 over polling, and nothing tells it from 2: text beyond ASCII comes back to it rightly, but not to others.
* socket.io-client 4 says `transport close` instead of `io server disconnect` when both come in one answer to a poll; so they don't.
* python-socketio takes more than 16 packets in an answer to a poll for an attack (`engineio.payload.Payload.max_decode_packets`), and its synchronous client
  starts a thread for each message, so that many at once come in any order. 4.6.1 also miscounts payloads with characters beyond U+FFFF.

## Socket.IO on raw connections

Corner cases of Engine.IO and Socket.IO, replayed byte by byte; what they expect was checked against Node's socket.io 4.8.4, apart from
[what is different on purpose](socketio-differences.md). All of them run twice: with `madang-conformance-server` on hyper, and on its own HTTP server.

| subject | what | cases |
| --- | --- | --- |
{chr(10).join(replay_rows)}

## What these judges don't see

Frames that arrive byte by byte, an empty final continuation frame, unmasked client frames, lengths that aren't minimal: the tests in
`crates/madang-ws/tests/` cover those, one for every MUST of RFC 6455.
"""


def client_rows(runs):
    rows = {}
    for run in runs:
        # A client may be judged by more than one suite.
        name = run["client"] + (" (recovery)" if run["suite"] == "recovery" else "")
        rows.setdefault(name, {})[run["transport"]] = run["checks"]
    for name, counts in rows.items():
        if "" in counts:
            yield f"| {name} | {counts['']} checks | | |"
        else:
            yield "| " + " | ".join([name, *(str(counts.get(transport, "")) for transport in ("polling", "websocket", "upgrade"))]) + " |"


def tally(verdicts, chapter=None):
    counts = {}
    for case, (behaviour, close) in verdicts.items():
        if chapter is None or cases.order(case)[0] == chapter:
            verdict = behaviour if close in ("OK", "INFORMATIONAL") else f"{behaviour}, closed {close}"
            counts[verdict] = counts.get(verdict, 0) + 1
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items(), key=lambda item: -item[1]))


if __name__ == "__main__":
    main()
