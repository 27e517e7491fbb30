"""The tables of a catalog, filled from what was gathered of an index."""

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, count
from typing import NamedTuple, TypeVar

import msgspec

from core.catalog.gather import NONE, Gathered
from core.catalog.schema import BLOCK, EDGE_BYTES, INDEXES

_Key = TypeVar("_Key")


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


class _Places(dict[tuple[int, int, int], tuple[int, bool, bool]]):
    """Machine, and whether it is a build or external, by setting, compiler and C library."""

    def __init__(self, gathered: Gathered) -> None:
        super().__init__()
        self._gathered = gathered
        self._releases = list(gathered.numbers.releases)
        self.machines = _Numbers[_Machine]()

    def __missing__(self, key: tuple[int, int, int]) -> tuple[int, bool, bool]:
        number, compiler, libc = key
        setting = self._gathered.numbers.settings[number]
        label = setting.compiler or self._label(compiler)
        # One that no record describes has a name all the same.
        label = label or self._gathered.compiler_names.get(compiler, "")
        machine = _Machine(*setting.arch, label, bool(setting.compiler), self._label(libc))
        found = self[key] = (self.machines[machine], setting.is_build, setting.external)
        return found

    def _label(self, spec: int) -> str:
        """`name@version`; empty if no record describes the spec."""
        number = self._gathered.release[spec] if spec != NONE else NONE
        if number == NONE:
            return ""
        name, version, _ = self._releases[number]
        return f"{name}@{version}"


def fill_tables(connection: sqlite3.Connection, gathered: Gathered) -> int:
    """Write everything but the summary; the number of builds.

    Raises:
        sqlite3.Error: the catalog cannot be written.
    """
    places, kinds = _Places(gathered), _Numbers[tuple[int, int, bool, bool]]()
    all_specs = zip(
        gathered.release, gathered.setting, gathered.compiler, gathered.libcs(), strict=True
    )
    kind_of = array(
        "i",
        (
            NONE if release == NONE else kinds[release, *places[setting, compiler, libc]]
            for release, setting, compiler, libc in all_specs
        ),
    )
    counts = Counter(kind_of)
    builds = [(*kind[:2], counts[number]) for kind, number in kinds.items() if kind[2]]
    specs = (gathered.parameters, gathered.start, gathered.length)
    numbers = gathered.numbers
    tables: Mapping[str, Iterable[Sequence[object]]] = {
        "releases": ((number, *found) for found, number in numbers.releases.items()),
        "machines": ((number, *found) for found, number in places.machines.items()),
        "parameters": ((number, text) for text, number in numbers.parameters.items()),
        "kinds": ((number, *found, counts[number]) for found, number in kinds.items()),
        "builds": [[array("I", (row[at] for row in builds)).tobytes() for at in range(3)]],
        "specs": zip(count(), numbers.specs, kind_of, *specs, strict=False),
        "edge_kinds": _edge_kind_rows(gathered),
        "children": _blocks(gathered.children),
        "parents": _blocks(gathered.parents),
    }
    for table, rows in tables.items():
        _insert(connection, table, rows)
    for statement in INDEXES:
        connection.execute(statement)
    return sum(specs for *_, specs in builds)


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Sequence[object]]) -> None:
    columns = connection.execute(f"SELECT * FROM {table} LIMIT 0").description  # noqa: S608
    places = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608


def _edge_kind_rows(gathered: Gathered) -> Iterator[Sequence[object]]:
    for number, kind in enumerate(gathered.numbers.edge_kinds):
        lists = (msgspec.json.encode(names).decode() for names in kind[1:])
        yield number, kind.name, *lists


def _blocks(edges: "Sequence[bytes | array[int]]") -> Iterator[Sequence[object]]:
    """The edges of `BLOCK` specs a row: where those of each end, and all of them."""
    for start in range(0, len(edges), BLOCK):
        block = list(map(bytes, edges[start : start + BLOCK]))
        ends = array("I", accumulate(len(found) // EDGE_BYTES for found in block))
        yield start // BLOCK, ends.tobytes(), b"".join(block)
