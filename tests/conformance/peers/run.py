#!/usr/bin/env python3
"""Foreign peers both ways: `run.py MADANG_BENCH_SERVER ECHO_CLIENT [--summary FILE]`.

npm's ws and Python's websockets, as clients of our server and as servers for our client. Each prints a line for
each check, "ok NAME" or "not ok NAME: why"; the exit code is 1 if any isn't ok.
"""

import argparse
import json
import pathlib
import re
import socket
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "autobahn"))

from run import await_port, stop  # noqa: E402

SECONDS = 120  # for all checks of one peer
LINE = re.compile(r"^(ok|not ok) ([^:\n]+)(?:: (.*))?$", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", type=pathlib.Path)
    parser.add_argument("client", type=pathlib.Path)
    parser.add_argument("--summary", type=pathlib.Path)
    arguments = parser.parse_args()
    server, client = arguments.server.resolve(), arguments.client.resolve()

    node, python = ["node"], [sys.executable]
    results = [
        judged("npm ws 8.23.0", "client", against(server, [*node, HERE / "ws-client.mjs"])),
        judged("Python websockets 17.4", "client", against(server, [*python, HERE / "websockets_client.py"])),
        judged("npm ws 8.23.0", "server", served(client, [*node, HERE / "ws-server.mjs"])),
        judged("Python websockets 17.4", "server", served(client, [*python, HERE / "websockets_server.py"])),
    ]
    if arguments.summary:
        arguments.summary.write_text(json.dumps([summary for summary, _ in results], indent=2) + "\n")
    passed = sum(len(summary["checks"]) for summary, _ in results)
    failed = sum(failed for _, failed in results)
    print(f"peers: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def against(server, command):
    """What a foreign client says of our server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = subprocess.Popen([server, "--port", str(port)])
    try:
        await_port(port, ours)
        return output([*command, f"ws://127.0.0.1:{port}"])
    finally:
        stop(ours)


def served(client, command):
    """What our client says of a foreign server."""
    theirs = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = theirs.stdout.readline().strip()
        return output([client, f"ws://127.0.0.1:{port}"])
    finally:
        stop(theirs)


def output(command):
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    # A program that dies in the middle has no "not ok" line of its own.
    return run.stdout + (f"not ok the program: exit {run.returncode}\n" if run.returncode not in (0, 1) else "")


def judged(peer, role, text):
    """The checks that passed, and the number of those that didn't."""
    checks, failed = [], 0
    for verdict, name, reason in LINE.findall(text):
        if verdict == "ok":
            checks.append(name)
        else:
            failed += 1
            print(f"peers: {peer} as {role}: {name}: {reason}")
    if not checks and not failed:
        failed = 1
        print(f"peers: {peer} as {role} checked nothing")
    return {"peer": peer, "as": role, "checks": checks}, failed


if __name__ == "__main__":
    main()
