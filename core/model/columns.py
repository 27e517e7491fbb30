"""What an index repeats for a great many specs, each kept once and numbered."""

from collections.abc import Mapping
from typing import NamedTuple

from core.model.ident import DagHash
from core.model.spec import VariantValue


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


class SpecColumns(NamedTuple):
    """One row of the table of specs, with its kind."""

    id: int
    """Number of the spec, within its catalog."""
    hash: DagHash
    """DAG hash."""
    release: int
    """Number of the release."""
    machine: int
    """Number of the machine."""
    parameters: int
    """Number of the parameters."""
    is_build: int
    """1 if the mirror has a binary of it, and it is no external."""
    external: int
    """1 if the system provides it."""


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
