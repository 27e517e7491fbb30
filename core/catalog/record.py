"""One record of an index, as far as the catalog has columns for it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from core.errors import WrongUse
from core.model.ident import PackageName, VersionText, dag_hash, package_name, version_text
from core.model.nodes import (
    Annotations,
    Architecture,
    EdgeParameters,
    WrittenBuildSpec,
    WrittenCompiler,
    WrittenExternal,
    compiler_label,
)
from core.model.spec import FLAG_NAMES, VariantValue


class _Edge(msgspec.Struct, gc=False):
    name: str
    hash: str
    # Few distinct values in millions of edges: decoded once each.
    parameters: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()


class _Node(msgspec.Struct, gc=False):
    name: str
    version: str
    # Few distinct values in a great many nodes: decoded once each.
    arch: msgspec.Raw
    namespace: str = ""
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    dependencies: tuple[_Edge, ...] = ()
    compiler: WrittenCompiler | None = None
    annotations: Annotations | None = None
    external: WrittenExternal | None = None
    build_spec: WrittenBuildSpec | None = None
    patches: tuple[str, ...] = ()
    propagate: tuple[str, ...] = ()
    hash: str | msgspec.UnsetType = msgspec.UNSET


class _Record(msgspec.Struct, gc=False):
    spec: _Node
    in_buildcache: bool = False


class EdgeKind(NamedTuple):
    """What edges have in common besides the specs that they join."""

    name: str
    """Package name of the child."""
    deptypes: tuple[str, ...]
    """Dependency types."""
    virtuals: tuple[str, ...]
    """Virtual packages that the child provides."""


class EdgeKinds(dict[tuple[str, bytes, bytes], int]):
    """Numbers of the kinds of edges, by name, `parameters` and `type` as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[EdgeKind] = []
        """The kinds; the number of each is its place."""

    def __missing__(self, written: tuple[str, bytes, bytes]) -> int:
        name, parameters, types = written
        old = _edge_types.decode(types) if types else ()
        new = _edge_parameters.decode(parameters) if parameters else None
        virtuals = new.virtuals if new else ()
        self.kinds.append(EdgeKind(_checked_name(name), new.deptypes if new else old, virtuals))
        number = self[written] = len(self.kinds) - 1
        return number


class IndexedSpec(NamedTuple):
    """What the catalog keeps of a record besides the record itself."""

    name: PackageName
    """Package name."""
    version: VersionText
    """Version."""
    namespace: str
    """Namespace of the recipe."""
    arch: tuple[str, str, str]
    """Platform, operating system, microarchitecture."""
    parameters: bytes
    """`parameters` as it is written."""
    compiler: str
    """`gcc@12.2.0` if the node itself names it (before Spack 1.0), else empty."""
    is_build: bool
    """True if the mirror has a binary of it, and it is no external."""
    external: bool
    """True if the system provides it."""
    children: list[str]
    """Hashes of its dependencies, edge by edge."""
    edges: list[int]
    """Numbers of the kinds of these edges."""


_records = msgspec.json.Decoder(_Record)
_arches = msgspec.json.Decoder(Architecture)
_parameters = msgspec.json.Decoder(dict[str, bool | str | tuple[str, ...]])
_edge_parameters = msgspec.json.Decoder(EdgeParameters)
_edge_types = msgspec.json.Decoder(tuple[str, ...])
_checked_name = lru_cache(maxsize=16384)(package_name)
_checked_version = lru_cache(maxsize=16384)(version_text)


def read_record(hash_: str, record: bytes, kinds: EdgeKinds) -> IndexedSpec:
    """Decode one record of an index.

    Hashes of dependencies are not looked at closely: there are millions of them.

    Args:
        hash_: the DAG hash under which it stands in the index.
        record: the record as JSON.
        kinds: the kinds of edges; new ones are added.

    Raises:
        msgspec.ValidationError: it is JSON, and a field is missing or of a wrong type.
        msgspec.DecodeError: it is not JSON.
        UnicodeDecodeError: it is not UTF-8.
        RecursionError: it is nested too deeply.
        WrongUse: a name or version has characters that none has, or the hash is another.
    """
    if not record.isascii():
        # The decoder does not look into what it passes over.
        record.decode()
    document = _records.decode(record)
    node = document.spec
    _check(hash_, node)
    edges = node.dependencies
    return IndexedSpec(
        name=_checked_name(node.name),
        version=_checked_version(node.version),
        namespace=node.namespace,
        arch=_arch(bytes(node.arch)),
        parameters=_checked_parameters(bytes(node.parameters)),
        compiler=compiler_label(node.compiler, node.annotations),
        is_build=document.in_buildcache and node.external is None,
        external=node.external is not None,
        children=[edge.hash for edge in edges],
        edges=[kinds[edge.name, bytes(edge.parameters), bytes(edge.type)] for edge in edges],
    )


def split_parameters(
    text: bytes,
) -> tuple[Mapping[str, VariantValue], Mapping[str, tuple[str, ...]]]:
    """The variants and the compiler flags among the `parameters` of a node.

    Raises:
        msgspec.DecodeError: the text is not what it should be.
        WrongUse: flags are no list.
    """
    variants: dict[str, VariantValue] = {}
    flags: dict[str, tuple[str, ...]] = {}
    for name, value in _parameters.decode(text).items():
        if name not in FLAG_NAMES:
            variants[name] = value
        elif isinstance(value, tuple):
            flags[name] = value
        elif value:
            raise WrongUse(f"{name} is not a list")
    return variants, flags


def _check(hash_: str, node: _Node) -> None:
    """Refuse the rare node of a good shape that `core.model.spec` would refuse later."""
    if node.hash not in (msgspec.UNSET, hash_):
        raise WrongUse(f"The record of {hash_} is for another hash")
    if node.external and node.external.module is True:
        raise WrongUse(f"The record of {hash_} has no list of modules")
    if node.build_spec:
        package_name(node.build_spec.name)
        dag_hash(node.build_spec.hash)


@lru_cache(maxsize=4096)
def _arch(text: bytes) -> tuple[str, str, str]:
    arch = _arches.decode(text)
    return arch.platform, arch.platform_os, arch.target_name


@lru_cache(maxsize=16384)
def _checked_parameters(text: bytes) -> bytes:
    split_parameters(text)
    return text
