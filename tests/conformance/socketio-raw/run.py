#!/usr/bin/env python3
"""Replays on raw TCP, HTTP and WebSocket: `run.py PROGRAM [SUBSET]`.

PROGRAM is madang-conformance-server, or ../socketio/reference-server.mjs for what Node does. SUBSET is all (the default), quick, a subject (polling), or
part of a name (polling.second). One line a case, "ok NAME" or "not ok NAME: why"; the exit code is 1 if any isn't ok.
"""

import argparse
import importlib
import json
import pathlib
import sys
import time
import traceback

import case
from program import Program

SUBJECTS = (
    "heads session polling websocket upgrade eio3 cors files packets msgpack recovery bad_packets bad_requests strain proxy"
).split()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("subset", nargs="?", default="all")
    parser.add_argument("--summary", type=pathlib.Path, help="where to write what passed")
    parser.add_argument("--trace", action="store_true", help="where a case failed")
    parser.add_argument("--times", action="store_true", help="how long each case took")
    parser.add_argument("--with", dest="flags", default="", help="more flags for the program, as in --with='--tcp'")
    parser.add_argument("--quiet", action="store_true", help="only the cases that failed")
    arguments = parser.parse_args()
    for subject in SUBJECTS:
        importlib.import_module(subject)
    chosen = [each for each in case.CASES if wanted(each, arguments.subset)]
    if not chosen:
        sys.exit(f"socketio-raw: no case is called {arguments.subset}")

    programs, passed, failed = {}, {}, 0
    try:
        # A program for each set of flags, and its cases together, so that what one leaves behind would trouble the next.
        for each in sorted(chosen, key=lambda each: each.flags):
            program = programs.get(each.flags)
            if program is None:
                program = programs[each.flags] = Program(arguments.program.resolve(), (*each.flags, *arguments.flags.split()))
            start = time.monotonic()
            reason = verdict(each, program, arguments.trace)
            took = f" ({time.monotonic() - start:.2f} s)" if arguments.times else ""
            failed += reason is not None
            passed[each.subject] = passed.get(each.subject, 0) + (reason is None)
            if reason or not arguments.quiet:
                print(f"not ok {name(each)}: {reason}{took}" if reason else f"ok {name(each)}{took}", flush=True)
    finally:
        for program in programs.values():
            program.stop()
    if arguments.summary:
        rows = [{"subject": each, "what": sys.modules[each].__doc__.strip(), "passed": passed[each]} for each in SUBJECTS]
        arguments.summary.write_text(json.dumps(rows, indent=2) + "\n")
    print(f"socketio-raw: {len(chosen) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def name(each):
    return f"{each.subject}.{each.name}"


def wanted(each, subset):
    return subset == "all" or (each.quick if subset == "quick" else each.subject == subset or subset in name(each))


def verdict(each, program, trace):
    """Why a case failed, in a line; None if it passed."""
    try:
        each.run(program)
        program.sound()
    except Exception as error:  # whatever a case meets is its verdict, and the next one is to run
        if trace:
            traceback.print_exc()
        where = traceback.extract_tb(error.__traceback__)
        line = next((step.lineno for step in reversed(where) if step.name == each.run.__name__), 0)
        return f"{type(error).__name__} at line {line}: {' '.join(str(error).split())}"
    return None


if __name__ == "__main__":
    main()
