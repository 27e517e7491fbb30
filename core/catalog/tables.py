"""The tables of a catalog, filled from the records of an index."""

import sqlite3
from array import array
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import msgspec

from core.catalog.record import EdgeKinds, IndexedSpec, read_record
from core.catalog.schema import INDEXES
from core.catalog.split import IndexDocument, broken
from core.errors import WrongUse
from core.model.graph import COMPILER_VIRTUALS, LINK_RUN
from core.model.ident import dag_hash

LINKED = frozenset(LINK_RUN)
_NONE = -1
"""In place of the number of a spec or a record."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written."""

    database_version: int
    """Version of the index document."""
    records: int
    """Records, externals and those without a binary included."""
    builds: int
    """Records with a binary."""
    skipped: int
    """Records that could not be understood and were left out."""
    is_closed: bool
    """True if every spec that another one needs has a record."""


_Key = TypeVar("_Key")


class _Numbers(dict[_Key, int]):
    """Numbers for what is met for the first time, counted from 0."""

    def __missing__(self, key: _Key) -> int:
        number = self[key] = len(self)
        return number


class _SpecNumbers(_Numbers[str]):
    """Numbers for specs by DAG hash; `WrongUse` for what is no DAG hash."""

    def __missing__(self, key: str) -> int:
        return super().__missing__(dag_hash(key))


class _Base(NamedTuple):
    """What a record itself says that many others say, too."""

    release: int
    arch: tuple[str, str, str]
    compiler: str
    is_build: bool
    external: bool


class _Machine(NamedTuple):
    platform: str
    os: str
    target: str
    compiler: str
    own_compiler: bool
    libc: str


def fill_tables(connection: sqlite3.Connection, document: IndexDocument) -> Filled:
    """Write everything but the summary.

    Raises:
        MirrorError: the document is no index, or two of its records have the same hash.
        sqlite3.Error: the catalog cannot be written.
    """
    return _Filler(connection).fill(document)


class _Filler:
    """Remembers a few numbers of every record; a spec has its number from its first mention."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._specs = _SpecNumbers()
        self._releases = _Numbers[tuple[str, str, str]]()
        self._bases = _Numbers[_Base]()
        self._parameters = _Numbers[bytes]()
        self._edge_kinds = EdgeKinds()
        # An item per spec: the number of its record, and its edges to dependents.
        self._record_of = array("i")
        self._parents: list[array[int]] = []
        # An item per record.
        self._spec_of = array("I")
        self._base = array("I")
        self._parameter = array("I")
        self._start = array("Q")
        self._length = array("I")
        self._compiler = array("i")
        self._libc = array("i")
        self._compiler_names: dict[int, str] = {}
        self._skipped = 0

    def fill(self, document: IndexDocument) -> Filled:
        """Write all tables."""
        self._insert("children", 2, self._read(document))
        releases, bases = list(self._releases), list(self._bases)
        machines = _Numbers[_Machine]()
        kinds = _Numbers[tuple[int, int, bool, bool]]()
        kind_of = array("I")
        for record, libc in enumerate(self._inherited_libcs()):
            base = bases[self._base[record]]
            compiler = base.compiler or self._compiler_label(record, bases, releases)
            label = self._label(libc, bases, releases)
            machine = _Machine(*base.arch, compiler, bool(base.compiler), label)
            kind_of.append(kinds[base.release, machines[machine], base.is_build, base.external])
        counts = Counter(kind_of)
        builds = sum(counts[number] for kind, number in kinds.items() if kind[2])
        self._insert("releases", 4, ((number, *found) for found, number in self._releases.items()))
        self._insert("machines", 7, ((number, *found) for found, number in machines.items()))
        self._insert("parameters", 2, ((number, text) for text, number in self._parameters.items()))
        self._insert("kinds", 6, ((at, *kind, counts[at]) for kind, at in kinds.items()))
        self._insert("specs", 6, self._spec_rows(kind_of))
        self._insert("edge_kinds", 4, self._edge_kind_rows())
        self._insert("parents", 2, self._parent_rows())
        for statement in INDEXES:
            self._connection.execute(statement)
        return Filled(
            database_version=document.version,
            records=len(self._spec_of),
            builds=builds,
            skipped=self._skipped,
            is_closed=len(self._spec_of) == len(self._specs),
        )

    def _insert(self, table: str, columns: int, rows: Iterable[Sequence[object]]) -> None:
        places = ", ".join("?" * columns)
        self._connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608

    def _read(self, document: IndexDocument) -> Iterator[tuple[int, bytes]]:
        """Take note of every record that can be understood; yields its spec and its edges."""
        for hash_, text in document.records():
            try:
                found = read_record(hash_, text, self._edge_kinds)
                children = [self._specs[child] for child in found.children]
            except (msgspec.ValidationError, WrongUse):
                self._skipped += 1
                continue
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise broken(f"the record of {hash_} is not valid JSON") from error
            spec = self._specs[hash_]
            while len(self._parents) < len(self._specs):
                self._parents.append(array("I"))
                self._record_of.append(_NONE)
            if self._record_of[spec] != _NONE:
                raise broken(f"it has two records of {hash_}")
            self._record_of[spec] = len(self._spec_of)
            self._spec_of.append(spec)
            self._start.append(document.start)
            self._length.append(len(text))
            self._note(found)
            if children:
                yield spec, self._note_edges(spec, children, found.edges)

    def _note(self, found: IndexedSpec) -> None:
        release = self._releases[found.name, found.version, found.namespace]
        base = _Base(release, found.arch, found.compiler, found.is_build, found.external)
        self._base.append(self._bases[base])
        self._parameter.append(self._parameters[found.parameters])
        self._libc.append(_NONE)
        self._compiler.append(_NONE)

    def _note_edges(self, spec: int, children: list[int], edges: list[int]) -> bytes:
        """Note both ends of the edges, and the compiler and C library among the children."""
        kinds, parents = self._edge_kinds.kinds, self._parents
        providers: dict[str, tuple[int, str]] = {}
        for child, edge in zip(children, edges, strict=True):
            parents[child].extend((spec, edge))
            kind = kinds[edge]
            if kind.virtuals:
                for virtual in kind.virtuals:
                    providers.setdefault(virtual, (child, kind.name))
        if libc := providers.get("libc"):
            self._libc[-1] = libc[0]
        for virtual in COMPILER_VIRTUALS:
            if provider := providers.get(virtual):
                self._compiler[-1] = provider[0]
                self._compiler_names.setdefault(*provider)
                break
        pairs = array("I", bytes(8 * len(edges)))
        pairs[::2], pairs[1::2] = array("I", children), array("I", edges)
        return pairs.tobytes()

    def _inherited_libcs(self) -> "array[int]":
        """The C library of every record: its own, or that of something it links to or runs."""
        is_needed = [not LINKED.isdisjoint(kind.deptypes) for kind in self._edge_kinds.kinds]
        found = self._libc[:]
        queue = deque(record for record, libc in enumerate(found) if libc != _NONE)
        while queue:
            child = queue.popleft()
            edges = iter(self._parents[self._spec_of[child]])
            for spec, kind in zip(edges, edges, strict=True):
                record = self._record_of[spec]
                if is_needed[kind] and found[record] == _NONE:
                    found[record] = found[child]
                    queue.append(record)
        return found

    def _compiler_label(
        self, record: int, bases: Sequence[_Base], releases: Sequence[tuple[str, str, str]]
    ) -> str:
        compiler = self._compiler[record]
        label = self._label(compiler, bases, releases)
        # One that no record describes has a name all the same.
        return label or self._compiler_names.get(compiler, "")

    def _label(
        self, spec: int, bases: Sequence[_Base], releases: Sequence[tuple[str, str, str]]
    ) -> str:
        """`name@version`; empty if no record describes the spec."""
        record = self._record_of[spec] if spec != _NONE else _NONE
        if record == _NONE:
            return ""
        name, version, _ = releases[bases[self._base[record]].release]
        return f"{name}@{version}"

    def _spec_rows(self, kind_of: Sequence[int]) -> Iterator[Sequence[object]]:
        for spec, hash_ in enumerate(self._specs):
            record = self._record_of[spec]
            if record == _NONE:
                yield spec, hash_, None, None, None, None
            else:
                place = (self._start[record], self._length[record])
                yield spec, hash_, kind_of[record], self._parameter[record], *place

    def _edge_kind_rows(self) -> Iterator[Sequence[object]]:
        for number, kind in enumerate(self._edge_kinds.kinds):
            lists = (msgspec.json.encode(names).decode() for names in kind[1:])
            yield number, kind.name, *lists

    def _parent_rows(self) -> Iterator[Sequence[object]]:
        return ((spec, edges.tobytes()) for spec, edges in enumerate(self._parents) if edges)
