#!/usr/bin/env python3
"""Runs Autobahn's cases against our server, or our client against Autobahn's.

  run.py server BINARY [--cases quick] [--summary FILE]    BINARY is madang-bench-server
  run.py client BINARY [--cases quick] [--summary FILE]    BINARY is autobahn-client

--cases takes sets (all, core, limits, deflate, quick), globs (9.*, 12.1.*) and ids (1.1.1), separated by commas.
Each glob is a process of its own with a time limit, and as many run at once as there are cores. Reports in detail stay in
.cache/conformance; --summary writes a verdict per case. Exit code 1 when any case isn't OK or INFORMATIONAL, in its
behaviour and in how it closed, or is missing.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import cases

ROOT = pathlib.Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "conformance"
KOSOKU = CACHE / "venv" / "bin" / "kosoku"
GROUP_SECONDS = 1200  # for one glob; the slowest takes a few minutes
START_SECONDS = 20
GOOD = {"OK", "INFORMATIONAL"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["server", "client"])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--cases", default="all")
    parser.add_argument("--summary", type=pathlib.Path)
    arguments = parser.parse_args()

    globs = cases.select(arguments.cases.replace(",", " ").split())
    reports = CACHE / arguments.mode
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    started = time.monotonic()
    run = serve_and_judge if arguments.mode == "server" else judge_client
    with contextlib.ExitStack() as stack:
        subject = run(stack, arguments.binary.resolve(), reports)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            verdicts, missing = collect(globs, pool.map(timed(subject, arguments.mode), globs))

    if arguments.summary:
        write_summary(arguments.summary, arguments.mode, verdicts)
    seconds = time.monotonic() - started
    sys.exit(0 if passed(arguments.mode, verdicts, missing, seconds) else 1)


def serve_and_judge(stack, binary, reports):
    """Starts our server; a glob is then a fuzzing client against it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = stack.enter_context(open(reports / "server.log", "wb"))
    server = subprocess.Popen([binary, "--port", str(port)], stdout=log, stderr=log)
    stack.callback(stop, server)
    await_port(port, server)

    def judge(glob):
        out = reports / glob.replace("*", "all")
        with open(f"{out}.log", "wb") as log:
            command = [KOSOKU, "-m", "fuzzingclient", "-i", glob, "-o", out, f"ws://127.0.0.1:{port}/autobahn"]
            subprocess.run(command, stdout=log, stderr=log, timeout=GROUP_SECONDS, check=False)
        return out

    return judge


def judge_client(_stack, binary, reports):
    """A glob is a fuzzing server that our client runs against."""

    def judge(glob):
        out = reports / glob.replace("*", "all")
        with open(f"{out}.log", "w+b") as log:
            command = [KOSOKU, "-m", "fuzzingserver", "-i", glob, "-o", out, "127.0.0.1:0"]
            # Unbuffered, so that the address is in the log as soon as it listens.
            environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
            server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
            try:
                url = await_line(f"{out}.log", "listening on ", server)
                environment = {**os.environ, "AUTOBAHN_URL": url, "AUTOBAHN_AGENT": "madang"}
                subprocess.run([binary], env=environment, stdout=log, stderr=log, timeout=GROUP_SECONDS, check=False)
                # It ends by itself once the client has asked for the reports.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(START_SECONDS)
            finally:
                stop(server)
        return out

    return judge


def timed(judge, mode):
    """Says how long each glob took, and turns a glob over its time limit into one without results."""

    def run(glob):
        started = time.monotonic()
        try:
            out = judge(glob)
        except (subprocess.TimeoutExpired, OSError) as error:
            print(f"autobahn {mode}: {glob}: {error}", file=sys.stderr)
            return None
        print(f"autobahn {mode}: {glob} in {time.monotonic() - started:.1f} s", file=sys.stderr)
        return out

    return run


def collect(globs, outs):
    """Verdicts by case, and how many cases of each glob have none."""
    verdicts, missing = {}, {}
    for glob, out in zip(globs, outs):
        found = {}
        with contextlib.suppress(OSError, ValueError, TypeError):
            for by_case in json.loads((out / "index.json").read_text()).values():
                found |= {case: (v["behavior"], v["behaviorClose"]) for case, v in by_case.items()}
        if len(found) < cases.size(glob):
            missing[glob] = cases.size(glob) - len(found)
        verdicts |= found
    return dict(sorted(verdicts.items(), key=lambda item: cases.order(item[0]))), missing


def passed(mode, verdicts, missing, seconds):
    bad = {case: verdict for case, verdict in verdicts.items() if not GOOD.issuperset(verdict)}
    for case, (behaviour, close) in bad.items():
        print(f"autobahn {mode}: {case} is {behaviour}, closed {close}")
    for glob, count in missing.items():
        print(f"autobahn {mode}: {glob} lacks {count} results, see {CACHE / mode}")
    failed = len(bad) + sum(missing.values())
    print(f"autobahn {mode}: {seconds:.0f} s, reports in .cache/conformance/{mode}")
    print(f"autobahn-{mode}: {len(verdicts) - len(bad)} passed, {failed} failed")
    return failed == 0 and verdicts


def write_summary(path, mode, verdicts):
    """A line for each case, without times, so that a repeated run changes nothing."""
    lines = [f'    "{case}": ["{behaviour}", "{close}"]' for case, (behaviour, close) in verdicts.items()]
    subject = "madang-ws as a server" if mode == "server" else "madang-ws as a client"
    head = f'{{\n  "subject": "{subject}",\n  "runner": "kosoku 0.1.0",\n  "columns": ["behaviour", "close"],\n'
    path.write_text(head + '  "cases": {\n' + ",\n".join(lines) + "\n  }\n}\n")


def await_port(port, server):
    for _ in range(START_SECONDS * 20):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        if server.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"autobahn: the server did not start on port {port}")


def await_line(path, marker, server):
    for _ in range(START_SECONDS * 20):
        _, found, rest = pathlib.Path(path).read_text().partition(marker)
        if found and "\n" in rest:
            return rest.split()[0]
        if server.poll() is not None:
            break
        time.sleep(0.05)
    raise OSError(f"the case server did not start, see {path}")


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
