"""One record of an index, as far as the catalog has columns for it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from core.errors import WrongUse
from core.model.ident import dag_hash, package_name, version_text
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

KIND_SHIFT = 32
"""An edge is the number of a spec, and that of the kind of edge so many bits higher."""
_ABSENT = msgspec.Raw()


class _Edge(msgspec.Struct, gc=False):
    name: str
    hash: str
    # Few distinct values in millions of edges: decoded once each.
    parameters: msgspec.Raw = _ABSENT
    type: msgspec.Raw = _ABSENT


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


class Setting(NamedTuple):
    """What a record says besides its release, its parameters and its edges."""

    arch: tuple[str, str, str]
    """Platform, operating system, microarchitecture."""
    compiler: str
    """`gcc@12.2.0` if the node itself names it (before Spack 1.0), else empty."""
    is_build: bool
    """True if the mirror has a binary of it, and it is no external."""
    external: bool
    """True if the system provides it."""


class _EdgeKinds(dict[tuple[str, bytes, bytes], int]):
    """By name, `parameters` and `type` as they are written; the numbers are those of edges."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: list[EdgeKind] = []

    def __missing__(self, written: tuple[str, bytes, bytes]) -> int:
        name, parameters, types = written
        kind = EdgeKind(package_name(name), *_edge_lists(parameters, types))
        number = self[written] = len(self.kinds) << KIND_SHIFT
        self.kinds.append(kind)
        return number


class _Settings(dict[tuple[bytes, str, bool, bool], int]):
    """By their fields, the architecture as it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.settings: list[Setting] = []

    def __missing__(self, written: tuple[bytes, str, bool, bool]) -> int:
        arch, compiler, is_build, external = written
        self.settings.append(Setting(_arch(arch), compiler, is_build, external))
        number = self[written] = len(self.settings) - 1
        return number


class _Releases(dict[tuple[str, str, str], int]):
    """By name, version and namespace."""

    def __missing__(self, key: tuple[str, str, str]) -> int:
        package_name(key[0])
        version_text(key[1])
        number = self[key] = len(self)
        return number


class _ParameterTexts(dict[bytes, int]):
    """By the text."""

    def __missing__(self, text: bytes) -> int:
        split_parameters(text)
        number = self[text] = len(self)
        return number


class _Specs(dict[str, int]):
    """By DAG hash."""

    def __missing__(self, key: str) -> int:
        number = self[dag_hash(key)] = len(self)
        return number


class Numbers:
    """Numbers of what records have in common, from 0 in the order in which it was met.

    New ones are checked, each once: `msgspec.ValidationError` or `WrongUse` if they cannot be.
    """

    def __init__(self) -> None:
        self.specs: dict[str, int] = _Specs()
        """Specs by DAG hash."""
        self.releases: dict[tuple[str, str, str], int] = _Releases()
        """Releases by name, version and namespace."""
        self.parameters: dict[bytes, int] = _ParameterTexts()
        """Parameters as they are written."""
        self._edge_kinds = _EdgeKinds()
        self._settings = _Settings()

    @property
    def settings(self) -> Sequence[Setting]:
        """The settings; the number of each is its place."""
        return self._settings.settings

    @property
    def edge_kinds(self) -> Sequence[EdgeKind]:
        """The kinds of edges; the number of each is its place."""
        return self._edge_kinds.kinds

    def setting(self, node: _Node, in_buildcache: bool) -> int:
        """The number of the setting of a node."""
        external = node.external is not None
        compiler = compiler_label(node.compiler, node.annotations)
        return self._settings[bytes(node.arch), compiler, in_buildcache and not external, external]

    def edges(self, node: _Node) -> list[int]:
        """The edges of a node: number of the child, and above `KIND_SHIFT` that of the kind."""
        specs, kinds = self.specs, self._edge_kinds
        return [
            specs[edge.hash]
            + kinds[
                edge.name,
                bytes(edge.parameters),
                b"" if edge.type is _ABSENT else bytes(edge.type),
            ]
            for edge in node.dependencies
        ]


class IndexedSpec(NamedTuple):
    """What the catalog keeps of a record besides the record itself, in numbers."""

    release: int
    """Its release."""
    setting: int
    """Its setting."""
    parameters: int
    """Its parameters."""
    edges: list[int]
    """Its edges, see `Numbers.edges`."""


_records = msgspec.json.Decoder(_Record)
_arches = msgspec.json.Decoder(Architecture)
_parameters = msgspec.json.Decoder(dict[str, bool | str | tuple[str, ...]])
_edge_parameters = msgspec.json.Decoder(EdgeParameters)
_edge_types = msgspec.json.Decoder(tuple[str, ...])


def read_record(hash_: str, record: bytes, numbers: Numbers) -> IndexedSpec:
    """Decode one record of an index.

    Args:
        hash_: the DAG hash under which it stands in the index.
        record: the record as JSON.
        numbers: what was met before; what is new is added, even if the record is refused.

    Raises:
        msgspec.ValidationError: it is JSON, and a field is missing or of a wrong type.
        msgspec.DecodeError: it is not JSON.
        UnicodeDecodeError: it is not UTF-8.
        RecursionError: it is nested too deeply.
        WrongUse: a name, version or hash has characters that none has, or the hash is another.
    """
    if not record.isascii():
        # The decoder does not look into what it passes over.
        record.decode()
    document = _records.decode(record)
    node = document.spec
    if node.hash != hash_ or node.external is not None or node.build_spec is not None:
        _check(hash_, node)
    return IndexedSpec(
        numbers.releases[node.name, node.version, node.namespace],
        numbers.setting(node, document.in_buildcache),
        numbers.parameters[bytes(node.parameters)],
        numbers.edges(node),
    )


@lru_cache(maxsize=4096)
def _edge_lists(parameters: bytes, types: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Dependency types and virtual packages; packages have the same few in common."""
    old = _edge_types.decode(types) if types else ()
    new = _edge_parameters.decode(parameters) if parameters else None
    return (new.deptypes, new.virtuals) if new else (old, ())


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


def _arch(text: bytes) -> tuple[str, str, str]:
    arch = _arches.decode(text)
    return arch.platform, arch.platform_os, arch.target_name
