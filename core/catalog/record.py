"""One record of an index, as far as the catalog has columns for it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from core.errors import WrongUse
from core.model.graph import COMPILER_VIRTUALS, LINK_RUN
from core.model.ident import PackageName, VersionText, dag_hash, package_name, version_text
from core.model.nodes import (
    Annotations,
    Architecture,
    WrittenBuildSpec,
    WrittenCompiler,
    WrittenEdge,
    WrittenExternal,
    compiler_label,
)
from core.model.spec import FLAG_NAMES


class _Node(msgspec.Struct, gc=False):
    name: str
    version: str
    # Few distinct values in a great many nodes: decoded once each.
    arch: msgspec.Raw
    namespace: str = ""
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    dependencies: tuple[WrittenEdge, ...] = ()
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


class IndexedSpec(NamedTuple):
    """What the catalog keeps of a record besides the record itself."""

    name: PackageName
    """Package name."""
    version: VersionText
    """Version."""
    platform: str
    """Platform."""
    os: str
    """Operating system."""
    target: str
    """Microarchitecture."""
    namespace: str
    """Namespace of the recipe."""
    variants: str
    """JSON list of [name, value], sorted; booleans as `+` and `~`, lists joined by commas."""
    compiler: str
    """`gcc@12.2.0` before Spack 1.0, else the package name of the compiler; may be empty."""
    compiler_hash: str | None
    """DAG hash of the compiler, if it is a dependency."""
    libc_hash: str | None
    """DAG hash of the C library that the package itself is linked to."""
    is_build: bool
    """True if the mirror has a binary of it, and it is no external."""
    external: bool
    """True if the system provides it."""
    needs: tuple[str, ...]
    """Hashes of the link and run dependencies, if there is no `libc_hash`."""
    providers: tuple[tuple[str, str], ...]
    """(virtual package, package that provides it) of its dependencies."""


_records = msgspec.json.Decoder(_Record)
_arches = msgspec.json.Decoder(Architecture)
_parameters = msgspec.json.Decoder(dict[str, bool | str | tuple[str, ...]])
_checked_name = lru_cache(maxsize=16384)(package_name)
_checked_version = lru_cache(maxsize=16384)(version_text)


def read_record(hash_: str, record: bytes) -> IndexedSpec:
    """Decode one record of an index.

    Names and hashes of dependencies are not looked at closely: there are millions of them, and
    whoever reads the record later does it.

    Args:
        hash_: the DAG hash under which it stands in the index.
        record: the record as JSON.

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
    platform, os, target = _arch(bytes(node.arch))
    providers: dict[str, WrittenEdge] = {}
    for item in node.dependencies:
        for virtual in item.virtuals:
            providers.setdefault(virtual, item)
    libc = providers.get("libc")
    compiler, compiler_hash = _compiler(node, providers)
    return IndexedSpec(
        name=_checked_name(node.name),
        version=_checked_version(node.version),
        platform=platform,
        os=os,
        target=target,
        namespace=node.namespace,
        variants=_variants(bytes(node.parameters)),
        compiler=compiler,
        compiler_hash=compiler_hash,
        libc_hash=libc.hash if libc else None,
        is_build=document.in_buildcache and node.external is None,
        external=node.external is not None,
        needs=() if libc else _needs(node),
        providers=tuple([(virtual, item.name) for virtual, item in providers.items()]),
    )


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
def _variants(text: bytes) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in _parameters.decode(text).items():
        if name in FLAG_NAMES:
            if value and not isinstance(value, tuple):
                raise WrongUse(f"{name} is not a list")
        elif isinstance(value, bool):
            pairs.append((name, "+" if value else "~"))
        else:
            pairs.append((name, value if isinstance(value, str) else ",".join(value)))
    return msgspec.json.encode(sorted(pairs)).decode()


def _needs(node: _Node) -> tuple[str, ...]:
    return tuple(
        [
            item.hash
            for item in node.dependencies
            if any(deptype in LINK_RUN for deptype in item.deptypes)
        ]
    )


def _compiler(node: _Node, providers: Mapping[str, WrittenEdge]) -> tuple[str, str | None]:
    if label := compiler_label(node.compiler, node.annotations):
        return label, None
    for virtual in COMPILER_VIRTUALS:
        if item := providers.get(virtual):
            return item.name, item.hash
    return "", None
