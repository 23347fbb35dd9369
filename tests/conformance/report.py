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
    text = page(sides, peers, replays)
    if "--check" not in sys.argv[1:]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit("conformance: docs/conformance.md isn't what the summaries say: run tests/conformance/report.py")


def page(sides, peers, replays):
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


def tally(verdicts, chapter=None):
    counts = {}
    for case, (behaviour, close) in verdicts.items():
        if chapter is None or cases.order(case)[0] == chapter:
            verdict = behaviour if close in ("OK", "INFORMATIONAL") else f"{behaviour}, closed {close}"
            counts[verdict] = counts.get(verdict, 0) + 1
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items(), key=lambda item: -item[1]))


if __name__ == "__main__":
    main()
