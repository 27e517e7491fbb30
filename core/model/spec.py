"""Concrete specs as values.

A `ConcreteSpec` is one node of a spec document (Spack 1.x `spec.py:Spec.to_node_dict`). The node
itself is kept as it was read, because the install database must get it back verbatim.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
from msgspec import field
from msgspec.structs import astuple

from core.errors import WrongUse
from core.model.documents import as_object
from core.model.ident import DagHash, PackageName, VersionText, dag_hash, package_name, version_text
from core.model.nodes import (
    Annotations,
    Architecture,
    WrittenBuildSpec,
    WrittenCompiler,
    WrittenEdge,
    WrittenExternal,
    compiler_label,
    with_dag_hashes,
)
from core.model.value import Value

VariantValue = bool | str | tuple[str, ...]

FLAG_NAMES = ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")
"""The compiler flags; they stand among the `parameters` of a node."""


class Edge(Value, frozen=True):
    """One dependency of a node."""

    name: PackageName
    """Package name of the child."""
    hash: DagHash
    """DAG hash of the child."""
    deptypes: frozenset[str]
    """Among `build`, `link`, `run`, `test`."""
    virtuals: tuple[str, ...] = ()
    """Virtual packages that the child provides on this edge, e.g. `mpi`, `libc`."""


class External(Value, frozen=True):
    """Where the system provides a package."""

    path: str | None
    """Prefix on the system, `None` if it comes from modules alone."""
    modules: tuple[str, ...] = ()
    """Environment modules to load."""


class BuildSpec(Value, frozen=True):
    """What a spliced package was built as, before other dependencies were put in."""

    name: PackageName
    """Package name."""
    hash: DagHash
    """DAG hash under which caches have its binary."""


class ConcreteSpec(Value, frozen=True, eq=False):
    """One node: a package with everything about it decided."""

    name: PackageName
    """Package name."""
    version: VersionText
    """Its version."""
    hash: DagHash
    """Its DAG hash."""
    platform: str
    """`linux`, `darwin`, ..."""
    os: str
    """Operating system as Spack spells it, e.g. `debian12`."""
    target: str
    """Name of the microarchitecture, e.g. `x86_64_v3`."""
    namespace: str
    """Namespace of the recipe, e.g. `builtin`."""
    variants: Mapping[str, VariantValue]
    """Variant name to value; multi-valued ones are tuples."""
    flags: Mapping[str, tuple[str, ...]]
    """Non-empty compiler flags by name."""
    compiler: str
    """`gcc@12.2.0` where the node itself says so (before Spack 1.0), else empty."""
    dependencies: tuple[Edge, ...]
    """All edges, build dependencies included."""
    external: External | None = None
    """Set if the system provides it."""
    build_spec: BuildSpec | None = None
    """Set if it is spliced."""
    patches: tuple[str, ...] = ()
    """SHA-256 of the patches, in the order in which they were applied."""
    propagated: tuple[str, ...] = ()
    """Names of variants that were passed on to dependencies (Spack 0.23 and newer)."""
    node: Mapping[str, object] = field(default_factory=dict[str, object])
    """The node as it was read, key order kept."""

    def __eq__(self, other: object) -> bool:
        """True for the same spec, however its node was written."""
        return isinstance(other, ConcreteSpec) and astuple(self)[:-1] == astuple(other)[:-1]

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def edges(self, *deptypes: str) -> tuple[Edge, ...]:
        """The edges that have at least one of `deptypes`."""
        wanted = frozenset(deptypes)
        return tuple(edge for edge in self.dependencies if edge.deptypes & wanted)

    def needs(self, *deptypes: str) -> list[DagHash]:
        """Where the edges lead that have at least one of `deptypes`."""
        return [edge.hash for edge in self.edges(*deptypes)]

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @property
    def is_external(self) -> bool:
        """True if the system provides it."""
        return self.external is not None


class _Node(msgspec.Struct, gc=False):
    version: str
    arch: Architecture
    name: str
    namespace: str = ""
    parameters: dict[str, bool | str | tuple[str, ...]] = {}
    dependencies: tuple[WrittenEdge, ...] = ()
    compiler: WrittenCompiler | None = None
    annotations: Annotations | None = None
    external: WrittenExternal | None = None
    build_spec: WrittenBuildSpec | None = None
    patches: tuple[str, ...] = ()
    propagate: tuple[str, ...] = ()
    hash: str | msgspec.UnsetType = msgspec.UNSET


_name = lru_cache(maxsize=16384)(package_name)
_version = lru_cache(maxsize=16384)(version_text)


def spec_from_node(node: Mapping[str, object], default_hash: str | None = None) -> ConcreteSpec:
    """The spec that a node of format 2 to 5 describes.

    Args:
        node: the node as parsed from JSON; one of format 2 as `with_dag_hashes` returns it.
        default_hash: the hash by which the node was found, if the node does not hold it.

    Raises:
        WrongUse: the node lacks a field or holds one of another type.
    """
    name = package_name(node.get("name"))
    try:
        read = msgspec.convert(node, _Node)
    except (msgspec.ValidationError, RecursionError) as error:
        problem, _, place = str(error).rstrip("`").partition(" - at `$.")
        raise WrongUse(": ".join(filter(None, (f"spec of {name}", place, problem)))) from error
    arch = read.arch
    variants, flags = _parameters(name, read.parameters)
    return ConcreteSpec(
        name=name,
        version=_version(read.version),
        hash=dag_hash(default_hash) if read.hash is msgspec.UNSET else dag_hash(read.hash),
        platform=arch.platform,
        os=arch.platform_os,
        target=arch.target_name,
        namespace=read.namespace,
        variants=variants,
        flags=flags,
        compiler=compiler_label(read.compiler, read.annotations),
        dependencies=tuple([_edge_of(edge) for edge in read.dependencies]),
        external=_external(name, read.external),
        build_spec=_build_spec(read.build_spec),
        patches=read.patches,
        propagated=read.propagate,
        node=node,
    )


def spec_from_nodes(nodes: Sequence[object]) -> ConcreteSpec:
    """The root of a spec document, which is the first of its nodes.

    Args:
        nodes: all nodes of the document, as parsed from JSON.

    Raises:
        WrongUse: there is none, or it cannot be read.
    """
    if not nodes:
        raise WrongUse("it has no nodes")
    as_object(nodes[0], "its first node")
    return spec_from_node(with_dag_hashes(nodes)[0])


def _parameters(
    name: str, parameters: Mapping[str, VariantValue]
) -> tuple[dict[str, VariantValue], dict[str, tuple[str, ...]]]:
    """The variants, and the compiler flags that are not empty."""
    variants = dict(parameters)
    flags: dict[str, tuple[str, ...]] = {}
    for key in FLAG_NAMES:
        if value := variants.pop(key, None):
            if not isinstance(value, tuple):
                raise WrongUse(f"spec of {name}: {key} is not a list")
            flags[key] = value
    return variants, flags


def _edge_of(edge: WrittenEdge) -> Edge:
    parameters = edge.parameters
    if parameters:
        return _edge(edge.name, edge.hash, parameters.deptypes, parameters.virtuals)
    return _edge(edge.name, edge.hash, edge.type, ())


@lru_cache(maxsize=65536)
def _edge(name: str, hash_: str, deptypes: tuple[str, ...], virtuals: tuple[str, ...]) -> Edge:
    # A graph has the same edges again and again: to the compiler, its runtime, the C library.
    return Edge(_name(name), dag_hash(hash_), frozenset(deptypes), virtuals)


def _external(name: str, external: WrittenExternal | None) -> External | None:
    if external is None:
        return None
    if external.module is True:
        raise WrongUse(f"spec of {name}: external module is not a list")
    return External(external.path, external.module or ())


def _build_spec(build_spec: WrittenBuildSpec | None) -> BuildSpec | None:
    return BuildSpec(_name(build_spec.name), dag_hash(build_spec.hash)) if build_spec else None
