"""A mirror of many small packages, signed by a throw-away key; every time the same but for the key.

`python -m bench.make_mirror DIRECTORY` makes it and prints the fingerprint of the key.

`cairn` needs 59 other packages, and `range` 199: each with a few files, of which an ELF program,
two texts and a script are to be relocated. Real Spack can install them as well.
"""

import random
import sys
from contextlib import ExitStack
from pathlib import Path

from bench.archives import donor
from bench.contestants import LARGE, LARGE_CLOSURE, SMALL, SMALL_CLOSURE
from tests.simulator.keys import KeyRing
from tests.simulator.mirror import SimulatedMirror, simulated_mirror
from tests.simulator.packages import Package

_WORDS = b"static const struct buffer return include define while offset length value".split()


def make_mirror(directory: Path) -> SimulatedMirror:
    """Write the mirror into `directory`."""
    stones = [_stone(number) for number in range(LARGE_CLOSURE - 1)]
    names = [stone.name for stone in stones]
    cairn = Package(SMALL, "1.0", tuple(names[: SMALL_CLOSURE - 1]), _files(-1))
    highlands = Package(LARGE, "1.0", tuple(names), _files(-2))
    with ExitStack() as stack:
        ring = KeyRing()
        stack.callback(ring.close)
        key = ring.generate("Bench <bench@example.org>")
        return simulated_mirror(directory, [*stones, cairn, highlands], key)


def _stone(number: int) -> Package:
    below = {number // 2, number // 3, number - 7} if number else set[int]()
    needs = tuple(_name(other) for other in sorted(below) if 0 <= other < number)
    return Package(_name(number), f"1.{number}", needs, _files(number))


def _name(number: int) -> str:
    return f"stone-{number:03}"


def _files(number: int) -> dict[str, bytes]:
    """About 100 KB in a dozen files."""
    source = random.Random(number)
    text = b" ".join(source.choice(_WORDS) for _ in range(2_000))
    headers = {f"include/part{part}.h": text[part * 100 :] for part in range(5)}
    return headers | {
        "bin/program": donor().program,
        "bin/script": b'#!/bin/sh\nexec @PREFIX@/bin/program "$@"\n',
        "lib/pkgconfig/stone.pc": b"prefix=@PREFIX@\nlibdir=@PREFIX@/lib\n",
        "share/settings.txt": b"data = @PREFIX@/share/noise\n" + text,
        "share/noise": source.randbytes(20_000),
    }


if __name__ == "__main__":
    print(make_mirror(Path(sys.argv[1])).fingerprint)
