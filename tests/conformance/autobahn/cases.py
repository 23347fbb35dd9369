"""The cases of the Autobahn test suite: how many there are, what they are about, and which sets of them have a name."""

# First number of a case's id: what it tests, and how many there are.
CHAPTERS = {
    1: ("framing", 16),
    2: ("pings and pongs", 11),
    3: ("reserved bits", 7),
    4: ("reserved opcodes", 10),
    5: ("fragmentation", 20),
    6: ("UTF-8", 145),
    7: ("closing", 37),
    9: ("limits: 16 MiB, 65,536 fragments", 54),
    10: ("automatic fragmentation", 1),
    12: ("compression, message sizes and takeover", 90),
    13: ("compression, window bits and parameters", 126),
}
SECTIONS = {12: 5, 13: 7}  # of 18 cases each

TOTAL = sum(count for _, count in CHAPTERS.values())

# What is run in one go. The slowest come first, so that two cores end together.
_COMPRESSION = [f"{chapter}.{section}.*" for chapter in (12, 13) for section in range(1, SECTIONS[chapter] + 1)]
_CORE = [f"{chapter}.*" for chapter in (6, 7, 5, 1, 2, 4, 3, 10)]
SETS = {
    "all": [*_COMPRESSION, "9.*", *_CORE],
    "core": _CORE,
    "limits": ["9.*"],
    "deflate": _COMPRESSION,
    # Minutes instead of a quarter of an hour: of compression, one size series and two cases of each parameter.
    "quick": ["12.1.*", "9.*", *(f"13.{section}.{case}" for section in range(1, 8) for case in (1, 10)), *_CORE],
}


def select(words):
    """Globs for a list of sets, globs and case ids, each once."""
    globs = []
    for word in words:
        for glob in SETS.get(word, [word]):
            if glob not in globs:
                globs.append(glob)
    return globs


def size(glob):
    """How many cases a glob stands for."""
    numbers = glob.split(".")
    if numbers[-1] != "*":
        return 1
    if len(numbers) == 2:
        return CHAPTERS[int(numbers[0])][1]
    if len(numbers) == 3 and int(numbers[0]) in SECTIONS:
        return 18
    # A section of another chapter: nobody has counted those.
    return 1


def order(case):
    """Sorts 9.1.2 before 10.1.1."""
    return [int(number) for number in case.split(".")]
