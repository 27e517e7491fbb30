"""What the catalog needs to know of an index, gathered from its records in numbers."""

from array import array
from collections.abc import Iterator, Sequence

import msgspec

from core.catalog.record import KIND_SHIFT, IndexedSpec, Numbers, read_record
from core.catalog.split import IndexDocument, broken
from core.errors import WrongUse
from core.model.graph import COMPILER_VIRTUALS, LINK_RUN

LINKED = frozenset(LINK_RUN)
NONE = -1
"""In place of a number: there is none."""
_TELLING = frozenset(("libc", *COMPILER_VIRTUALS))
_ROOM = 1024
_SPEC_MASK = (1 << KIND_SHIFT) - 1


class Gathered:
    """A few numbers of every record; a spec has its number from its first mention.

    The arrays and lists have an item for each spec, in order of the numbers, and some more at the
    end that mean nothing.
    """

    def __init__(self) -> None:
        self.numbers = Numbers()
        """What the numbers stand for."""
        self.records = 0
        """Records that were understood."""
        self.skipped = 0
        """Records that were not."""
        self.release = array("i")
        """Numbers of the releases; `NONE` for a spec that others need and no record describes."""
        self.setting = array("I")
        """Numbers of the settings."""
        self.parameters = array("I")
        """Numbers of the parameters."""
        self.start = array("Q")
        """Where in the index the records begin, in bytes."""
        self.length = array("I")
        """Bytes of the records."""
        self.compiler = array("i")
        """Specs that are the compilers; `NONE` if nothing was compiled."""
        self.own_libc = array("i")
        """Specs that are the C libraries, where there is an edge to one; else `NONE`."""
        self.children: list[bytes] = []
        """Edges to dependencies, see `Numbers.edges`; 64 bits each."""
        self.parents: list[array[int]] = []
        """The same edges from the other end."""
        self.compiler_names: dict[int, str] = {}
        """Names of the compilers, by number of the spec."""
        self._told: dict[int, Sequence[str]] = {}
        self._known_kinds = 0

    @property
    def is_closed(self) -> bool:
        """True if every spec that another one needs has a record."""
        return self.records == len(self.numbers.specs)

    def add_all(self, document: IndexDocument) -> Iterator[None]:
        """Take note of every record; yields after each of them.

        Raises:
            MirrorError: the document is no index, or two of its records have the same hash.
        """
        numbers, specs = self.numbers, self.numbers.specs
        for hash_, text in document.records():
            try:
                found = read_record(hash_, text, numbers)
            except (msgspec.ValidationError, WrongUse):
                self.skipped += 1
                continue
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise broken(f"the record of {hash_} is not valid JSON") from error
            # It looks like a hash, or it would not have been found as one.
            spec = specs.setdefault(hash_, len(specs))
            while len(self.release) < len(specs):
                self._make_room()
            if self.release[spec] != NONE:
                raise broken(f"it has two records of {hash_}")
            self.start[spec] = document.start
            self.length[spec] = len(text)
            self._add(spec, found)
            yield

    def _make_room(self) -> None:
        more = range(_ROOM)
        for numbers in (self.release, self.compiler, self.own_libc):
            numbers.extend(NONE for _ in more)
        for numbers in (self.setting, self.parameters, self.start, self.length):
            numbers.extend(0 for _ in more)
        self.children.extend(b"" for _ in more)
        self.parents.extend(array("Q") for _ in more)

    def _add(self, spec: int, found: IndexedSpec) -> None:
        self.records += 1
        self.release[spec] = found.release
        self.setting[spec] = found.setting
        self.parameters[spec] = found.parameters
        if self._known_kinds < len(self.numbers.edge_kinds):
            self._look_at_kinds()
        self.children[spec] = array("Q", found.edges).tobytes()
        parents, told = self.parents, self._told
        providers: dict[str, tuple[int, int]] = {}
        for edge in found.edges:
            child = edge & _SPEC_MASK
            kind = edge - child
            parents[child].append(kind + spec)
            if kind in told:
                for virtual in told[kind]:
                    providers.setdefault(virtual, (child, kind))
        if providers:
            self._add_providers(spec, providers)

    def _look_at_kinds(self) -> None:
        """See which kinds of edges tell the compiler or the C library."""
        kinds = self.numbers.edge_kinds
        for number in range(self._known_kinds, len(kinds)):
            virtuals = [name for name in kinds[number].virtuals if name in _TELLING]
            if virtuals:
                self._told[number << KIND_SHIFT] = virtuals
        self._known_kinds = len(kinds)

    def _add_providers(self, spec: int, providers: dict[str, tuple[int, int]]) -> None:
        """Note the compiler and the C library among the children."""
        if libc := providers.get("libc"):
            self.own_libc[spec] = libc[0]
        for virtual in COMPILER_VIRTUALS:
            if provider := providers.get(virtual):
                child, kind = provider
                self.compiler[spec] = child
                if child not in self.compiler_names:
                    name = self.numbers.edge_kinds[kind >> KIND_SHIFT].name
                    self.compiler_names[child] = name
                break

    def libcs(self) -> "array[int]":
        """The C library of every spec: its own, or that of something it links to or runs.

        The nearest one counts, over link and run edges.
        """
        found = self.own_libc[:]
        needed = {
            number << KIND_SHIFT
            for number, kind in enumerate(self.numbers.edge_kinds)
            if not LINKED.isdisjoint(kind.deptypes)
        }
        without = [spec for spec, libc in enumerate(found) if libc == NONE]
        while without:
            nearest: list[tuple[int, int]] = []
            for spec in without:
                for child in _ends(array("Q", self.children[spec]), needed):
                    if found[child] != NONE:
                        nearest.append((spec, found[child]))
                        break
            for spec, libc in nearest:
                found[spec] = libc
            above = {parent for spec, _ in nearest for parent in _ends(self.parents[spec], needed)}
            without = [spec for spec in above if found[spec] == NONE]
        return found


def _ends(edges: "array[int]", kinds: set[int]) -> Iterator[int]:
    """The other ends of the edges of these kinds."""
    for edge in edges:
        end = edge & _SPEC_MASK
        if edge - end in kinds:
            yield end
