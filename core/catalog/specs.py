"""The specs of a catalog as columns of numbers, in memory, where they are found without SQL."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from core.model.columns import BUILD, HASH_LENGTH, BuildsByRelease, Columns

SELECT_COLUMNS = """
SELECT hashes, releases, machines, parameters, states, by_release, by_machine FROM columns
"""
"""For what a `SpecNumbers` is made from, in that order."""


class SpecNumbers:
    """Finds the numbers of specs; 53 bytes of memory for each, 85 once many hashes were read."""

    def __init__(
        self,
        hashes: bytes = b"",
        releases: bytes = b"",
        machines: bytes = b"",
        parameters: bytes = b"",
        states: bytes = b"",
        by_release: bytes = b"",
        by_machine: bytes = b"",
    ) -> None:
        """Take the columns as they are in the table.

        Raises:
            ValueError: they do not go together.
        """
        self.columns = Columns(
            hashes,
            _numbers("i", releases),
            _numbers("I", machines),
            _numbers("I", parameters),
            states,
        )
        """All specs, by number."""
        self._by_release = _numbers("I", by_release)
        self._by_machine = _numbers("I", by_machine)
        self._check()

    def _check(self) -> None:
        columns, count = self.columns, len(self.columns.states)
        lengths = {len(columns.releases), len(columns.machines), len(columns.parameters)}
        size = len(columns.hashes)
        if lengths != {count} or size != HASH_LENGTH * count or not columns.hashes.isascii():
            raise ValueError("columns")

    def hide(self, numbers: Iterable[int]) -> None:
        """Take the builds among some specs for specs without a binary."""
        states = bytearray(self.columns.states)
        for number in self.described(numbers):
            states[number] &= ~BUILD
        self.columns = self.columns.with_states(bytes(states))

    def described(self, numbers: Iterable[int]) -> list[int]:
        """Those of the numbers that are of specs with a record."""
        releases, count = self.columns.releases, len(self.columns.releases)
        return [number for number in numbers if number < count and releases[number] >= 0]

    def builds_among(self, numbers: Iterable[int]) -> list[int]:
        """Those of the numbers that are of builds."""
        states = self.columns.states
        return [number for number in numbers if states[number] & BUILD]

    def where(
        self,
        releases: Collection[int] | None,
        machines: Collection[int] | None,
        *,
        only_builds: bool,
    ) -> list[int]:
        """The specs of these releases and machines; `None` for any.

        Raises:
            IndexError: a sorted column has a number that no spec has.
        """
        if releases is not None:
            found = _with(self._by_release, self.columns.releases, releases)
            if machines is not None:
                of_spec = self.columns.machines
                found = [number for number in found if of_spec[number] in machines]
        elif machines is not None:
            found = _with(self._by_machine, self.columns.machines, machines)
        else:
            found = self._by_release.tolist()
        return self.builds_among(found) if only_builds else found


def _numbers(kind: Literal["i", "I"], column: bytes) -> "memoryview[int]":
    """The numbers in a column, where they are: to copy 200,000 takes longer than most answers.

    Raises:
        ValueError: something is left over.
    """
    try:
        return memoryview(column).cast(kind)
    except TypeError as error:
        raise ValueError("columns") from error


def _with(by_column: "memoryview[int]", column: Sequence[int], wanted: Iterable[int]) -> list[int]:
    """The specs that have one of the numbers that are wanted in a column."""
    found: list[int] = []
    for number in wanted:
        start = bisect_left(by_column, number, key=column.__getitem__)
        end = bisect_right(by_column, number, lo=start, key=column.__getitem__)
        found += by_column[start:end]
    return found


def by_release(builds: Iterable[tuple[int, int]]) -> BuildsByRelease:
    """Builds, each by its release and its machine, counted."""
    found: dict[int, tuple[list[int], list[int]]] = {}
    for (release, machine), count in Counter(builds).items():
        machines, counts = found.setdefault(release, ([], []))
        machines.append(machine)
        counts.append(count)
    return found
