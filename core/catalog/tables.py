"""The tables of a catalog, filled from what was gathered of an index."""

import sqlite3
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeVar

import msgspec

from core.catalog.gather import NONE, Gathered
from core.catalog.schema import BLOCK, EDGE_BYTES
from core.model.columns import BUILD, EXTERNAL

_Key = TypeVar("_Key")
_HIGH_HALVES = slice(sys.byteorder == "little", None, 2)
"""Of edges as numbers of 32 bits: the kinds."""


class _Numbers(dict[_Key, int]):
    """Numbers for what is met for the first time, counted from 0."""

    def __missing__(self, key: _Key) -> int:
        number = self[key] = len(self)
        return number


class _Machine(NamedTuple):
    platform: str
    os: str
    target: str
    compiler: str
    own_compiler: bool
    libc: str


class _Places(dict[tuple[int, int, int], int]):
    """Machines by setting, compiler and C library."""

    def __init__(self, gathered: Gathered) -> None:
        super().__init__()
        self._gathered = gathered
        self._releases = list(gathered.numbers.releases)
        self.machines = _Numbers[_Machine]()

    def __missing__(self, key: tuple[int, int, int]) -> int:
        number, compiler, libc = key
        setting = self._gathered.numbers.settings[number]
        label = setting.compiler or self._label(compiler)
        # One that no record describes has a name all the same.
        label = label or self._gathered.compiler_names.get(compiler, "")
        machine = _Machine(*setting.arch, label, bool(setting.compiler), self._label(libc))
        found = self[key] = self.machines[machine]
        return found

    def _label(self, spec: int) -> str:
        """`name@version`; empty if no record describes the spec."""
        number = self._gathered.release[spec] if spec != NONE else NONE
        if number == NONE:
            return ""
        name, version, _ = self._releases[number]
        return f"{name}@{version}"


class _Columns:
    """What the table of that name holds."""

    def __init__(self, gathered: Gathered) -> None:
        numbers, places = gathered.numbers, _Places(gathered)
        count = len(numbers.specs)
        self.hashes = "".join(numbers.specs)
        self.releases = gathered.release[:count]
        placed = zip(
            self.releases, gathered.setting, gathered.compiler, gathered.libcs(), strict=False
        )
        self.machines = array(
            "I",
            (
                0 if release == NONE else places[setting, compiler, libc]
                for release, setting, compiler, libc in placed
            ),
        )
        self.parameters = gathered.parameters[:count]
        states = [BUILD * one.is_build + EXTERNAL * one.external for one in numbers.settings]
        # What has no record counts as what came first.
        self.states = bytes(map((states or [0]).__getitem__, gathered.setting[:count]))
        described = [spec for spec in range(count) if self.releases[spec] != NONE]
        self.by_release = array("I", sorted(described, key=self.releases.__getitem__))
        self.by_machine = array("I", sorted(described, key=self.machines.__getitem__))
        self.machine_rows = places.machines

    def builds(self) -> Mapping[tuple[int, int], int]:
        """How many builds there are, by release and machine."""
        columns = zip(self.releases, self.machines, self.states, strict=True)
        return Counter(
            (release, machine)
            for release, machine, state in columns
            if release != NONE and state & BUILD
        )

    def row(self) -> Sequence[bytes]:
        """As the table has them."""
        texts, columns = self.hashes.encode(), (self.releases, self.machines, self.parameters)
        sorted_ = (self.by_release, self.by_machine)
        return (
            texts,
            *(column.tobytes() for column in columns),
            self.states,
            *(column.tobytes() for column in sorted_),
        )


def fill_tables(connection: sqlite3.Connection, gathered: Gathered) -> int:
    """Write everything but the summary; the number of builds.

    Raises:
        sqlite3.Error: the catalog cannot be written.
    """
    columns, numbers = _Columns(gathered), gathered.numbers
    builds = columns.builds()
    tables: Mapping[str, Iterable[Sequence[object]]] = {
        "releases": ((number, *found) for found, number in numbers.releases.items()),
        "machines": ((number, *found) for found, number in columns.machine_rows.items()),
        "parameters": ((number, text) for text, number in numbers.parameters.items()),
        "builds": [_build_row(builds)],
        "columns": [columns.row()],
        "specs": _spec_rows(gathered),
        "edge_kinds": _edge_kind_rows(gathered),
        "needs": _need_rows(gathered, columns.by_release),
        "children": _blocks(gathered.children),
        "parents": _blocks(gathered.parents),
    }
    for table, rows in tables.items():
        _insert(connection, table, rows)
    return sum(builds.values())


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Sequence[object]]) -> None:
    columns = connection.execute(f"SELECT * FROM {table} LIMIT 0").description  # noqa: S608
    places = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608


def _build_row(builds: Mapping[tuple[int, int], int]) -> Sequence[object]:
    counted = sorted(builds.items())
    machines_of = Counter(release for (release, _), _ in counted)
    columns = (
        machines_of,
        accumulate(machines_of.values()),
        (machine for (_, machine), _ in counted),
        (found for _, found in counted),
    )
    return [array("I", column).tobytes() for column in columns]


def _spec_rows(gathered: Gathered) -> Iterator[Sequence[object]]:
    specs, start, length = gathered.numbers.specs, gathered.start, gathered.length
    # In the order of the table, in which they are written a good deal faster.
    for hash_ in sorted(specs):
        spec = specs[hash_]
        yield hash_, spec, start[spec], length[spec]


def _edge_kind_rows(gathered: Gathered) -> Iterator[Sequence[object]]:
    for number, kind in enumerate(gathered.numbers.edge_kinds):
        lists = (msgspec.json.encode(names).decode() for names in kind[1:])
        yield number, kind.name, *lists


def _need_rows(gathered: Gathered, by_release: "array[int]") -> Iterator[Sequence[object]]:
    kinds: dict[str, set[int]] = {name: set() for name, _, _ in gathered.numbers.releases}
    names = [name for name, _, _ in gathered.numbers.releases]
    for start in range(0, len(by_release), BLOCK):
        edges: dict[str, list[bytes]] = {}
        for spec in by_release[start : start + BLOCK]:
            edges.setdefault(names[gathered.release[spec]], []).append(gathered.children[spec])
        for name, found in edges.items():
            kinds[name].update(array("I", b"".join(found))[_HIGH_HALVES])
    return ((name, array("I", sorted(found)).tobytes()) for name, found in kinds.items())


def _blocks(edges: "Sequence[bytes | array[int]]") -> Iterator[Sequence[object]]:
    """The edges of `BLOCK` specs a row: where those of each end, and all of them."""
    for start in range(0, len(edges), BLOCK):
        block = list(map(bytes, edges[start : start + BLOCK]))
        ends = array("I", accumulate(len(found) // EDGE_BYTES for found in block))
        yield start // BLOCK, ends.tobytes(), b"".join(block)
