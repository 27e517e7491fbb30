"""What an index repeats for a great many specs, each kept once and numbered."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, cast

from core.model.ident import DagHash
from core.model.spec import VariantValue

HASH_LENGTH = 32
"""Characters of a DAG hash."""
BUILD = 1
"""The mirror has a binary of the spec, and it is no external."""
EXTERNAL = 2
"""The system provides the spec."""
BuildsByRelease = Mapping[int, tuple[Sequence[int], Sequence[int]]]
"""By number of the release: numbers of machines, and how many builds there are for each of them."""

Edges = tuple[Sequence[int], bytes]
"""Edges of one spec: the numbers of the specs at their other ends, and their kinds as `kinds_of`
reads them. These are not numbers, so that specs with edges of the same kinds are quickly found."""


def kinds_of(kinds: bytes) -> Sequence[int]:
    """The numbers of the kinds of edges, 32 bits each."""
    return array("I", kinds)


class Sought(NamedTuple):
    """Numbers of the kinds of edges that somebody looks for."""

    named: frozenset[int]
    """Those that fit if they lead to a spec that does."""
    providing: frozenset[int]
    """Those that fit whatever they lead to."""


class Way(NamedTuple):
    """Where the edges of a spec lead, for those who look for certain edges."""

    provides: bool
    """True if one of the edges fits whatever it leads to."""
    named: tuple[int, ...]
    """Where the edges lead that fit if that is a spec that does."""
    provides_linked: bool
    """The same as `provides`, of the link and run edges."""
    named_linked: tuple[int, ...]
    """The same as `named`, of the link and run edges."""
    onward: tuple[int, ...]
    """Where the link and run edges lead behind which there may be one that fits."""


class Release(NamedTuple):
    """A version of a package."""

    name: str
    """Package name."""
    version: str
    """Version."""
    namespace: str
    """Namespace of the recipe."""


class Machine(NamedTuple):
    """What decides where a build runs."""

    platform: str
    """Platform."""
    os: str
    """Operating system."""
    target: str
    """Microarchitecture."""
    compiler: str
    """`name@version`, or the name alone; empty if nothing was compiled."""
    own_compiler: int
    """1 if the node itself names the compiler (before Spack 1.0)."""
    libc: str
    """`name@version` of the C library; may be empty."""


class Columns:
    """All specs of a catalog in columns; the number of a spec is its place in each of them.

    Args:
        hashes: DAG hashes in ASCII, one behind the other.
        releases: numbers of the releases.
        machines: numbers of the machines.
        parameters: numbers of the parameters.
        states: what each spec is.
    """

    def __init__(
        self,
        hashes: bytes,
        releases: Sequence[int],
        machines: Sequence[int],
        parameters: Sequence[int],
        states: bytes,
    ) -> None:
        self.hashes = hashes
        """DAG hashes in ASCII, one behind the other."""
        self.releases = releases
        """Numbers of the releases; -1 for a spec that others need and no record describes."""
        self.machines = machines
        """Numbers of the machines."""
        self.parameters = parameters
        """Numbers of the parameters."""
        self.states = states
        """`BUILD` and `EXTERNAL`, or 0."""

    def with_states(self, states: bytes) -> "Columns":
        """The same specs, but what each of them is."""
        return Columns(self.hashes, self.releases, self.machines, self.parameters, states)

    @cached_property
    def _text(self) -> str:
        # Made when many are asked for; to read a few of 200,000 takes less time.
        return self.hashes.decode("ascii")

    def hash_of(self, number: int) -> DagHash:
        """The DAG hash of a spec."""
        start = HASH_LENGTH * number
        return DagHash(self.hashes[start : start + HASH_LENGTH].decode("ascii"))

    def hashes_of(self, numbers: Iterable[int]) -> list[DagHash]:
        """The DAG hashes of specs."""
        text, length = self._text, HASH_LENGTH
        found = [text[length * number : length * (number + 1)] for number in numbers]
        return cast("list[DagHash]", found)


class Parameters(NamedTuple):
    """The parameters of a node."""

    variants: Mapping[str, VariantValue]
    """Variant name to value."""
    flags: Mapping[str, tuple[str, ...]]
    """Compiler flags by name."""
    shown: tuple[tuple[str, str], ...]
    """Variants sorted by name; booleans as `+` and `~`, several values joined by commas."""


class EdgeColumns(NamedTuple):
    """What edges have in common besides the specs that they join."""

    id: int
    """Number of the kind of edge."""
    name: str
    """Package name of the child."""
    deptypes: frozenset[str]
    """Dependency types."""
    virtuals: frozenset[str]
    """Virtual packages that the child provides."""
