"""What a case is: a function that is given a program and asserts what it answers."""

import dataclasses
import inspect
import pathlib

CASES = []


@dataclasses.dataclass
class Case:
    """One replay."""

    subject: str
    name: str
    run: object
    flags: tuple
    quick: bool


# The programs that the cases run against, by the flags they are started with. Deadlines are far apart, and are never asserted from above by less than a second:
# the machine may be busy.
STANDARD = ("--bare", "--allow-eio3")
MODERN = ("--bare",)
HASTY = (*STANDARD, "--ping-interval", "500", "--ping-timeout", "1000", "--connect-timeout", "900", "--upgrade-timeout", "800")
PATIENT = (*STANDARD, "--ping-interval", "300", "--ping-timeout", "2000")
MSGPACK = (*MODERN, "--parser", "msgpack")
RECOVERY = (*STANDARD, "--recovery")
ONE_ORIGIN = (*MODERN, "--cors", "http://a.test")
ANY_ORIGIN = (*MODERN, "--cors", "*")
COOKIE = (*MODERN, "--cookie")


def case(flags=STANDARD, quick=True):
    """Makes a function a case. `quick` is whether the quick subset has it."""

    def register(function):
        subject = pathlib.Path(inspect.getfile(function)).stem
        CASES.append(Case(subject, function.__name__, function, tuple(flags), quick))
        return function

    return register


def equal(got, expected):
    """`assert got == expected`, which says both."""
    assert got == expected, f"got {short(got)}, not {short(expected)}"


def short(value):
    """Enough of a value to know it by."""
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:200]}... ({len(text)} characters)"
