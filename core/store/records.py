"""The document of the install database: JSON to values and back.

Format: Spack 1.x `database.py:Database._read_from_stream`, `InstallRecord.to_dict`. A record may
hold no other keys than Spack's, or Spack takes the whole database for corrupt.
"""

import os
from collections.abc import Container, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from core.errors import StoreError, WrongUse
from core.model.ident import DagHash, PackageName, dag_hash, package_name
from core.model.installed import InstalledRecord
from core.model.spec import ConcreteSpec, spec_from_node
from core.model.value import Value
from core.store.disk import is_directory
from core.store.document import OTHER_STORE, WRITTEN_VERSION, Document, GlancedNode, damaged
from core.store.paths import StorePaths

BEFORE_1_0 = 7
"""The database version of Spack 0.19 to 0.23; where we find it we keep it, or those could not read
it any more."""

_NULL = msgspec.Raw(b"null")


class _Record(msgspec.Struct, gc=False):
    spec: msgspec.Raw
    ref_count: int = 0
    path: str | None = None
    installed: bool = False
    explicit: bool = False
    installation_time: float | None = None
    deprecated_for: str | None = None


class _Head(msgspec.Struct, gc=False):
    """What every node has, and what is asked of each."""

    name: str
    version: str
    arch: msgspec.Raw
    hash: str | None = None
    external: msgspec.Raw = _NULL


_record = msgspec.json.Decoder(_Record)
_edges = msgspec.json.Decoder(GlancedNode)
_head = msgspec.json.Decoder(_Head)


class WrittenSpec(Value, frozen=True, dict=True):
    """The node of a record, read when somebody wants to know all about it."""

    name: PackageName
    """Package name."""
    hash: DagHash
    """DAG hash."""
    is_external: bool
    """True if the system provides it."""
    text: msgspec.Raw
    """The node as it is written."""
    place: Path
    """The database."""

    @property
    def spec(self) -> ConcreteSpec:
        """All about it.

        Raises:
            StoreError: it cannot be understood.
        """
        return self._spec

    def needs(self, *deptypes: str) -> list[DagHash]:
        """Where the edges lead that have at least one of `deptypes`. Raises as `spec`."""
        wanted = frozenset(deptypes)
        try:
            edges = _edges.decode(self.text).dependencies or ()
            return [dag_hash(edge.hash) for edge in edges if not wanted.isdisjoint(edge.deptypes)]
        except (WrongUse, ValueError, RecursionError) as error:
            raise _damaged_record(self.place, self.hash, error) from error

    @cached_property
    def _spec(self) -> ConcreteSpec:
        try:
            node: dict[str, Any] = msgspec.json.decode(self.text)
            if node.get("hash", self.hash) != self.hash:
                node["hash"] = self.hash
            return spec_from_node(node, self.hash)
        except (WrongUse, ValueError, RecursionError) as error:
            raise _damaged_record(self.place, self.hash, error) from error


class DatabaseState(Value, frozen=True):
    """What the database says at one moment."""

    version: int
    """Version of its format."""
    records: Mapping[DagHash, InstalledRecord]
    """All records, those of packages that are only referred to included."""
    texts: Mapping[str, msgspec.Raw] = {}
    """Each record as it is written."""

    def check_writable(self, specs: Iterable[ConcreteSpec] = ()) -> None:
        """Refuse to write what the Spack that owns the database could not read.

        Args:
            specs: what is to be added.

        Raises:
            StoreError: the database is too old, or one of `specs` too new for it.
        """
        if self.version < BEFORE_1_0:
            raise StoreError(
                "This tree belongs to Spack before 0.19; spackbin can read it but not write it",
                f"Its database has version {self.version}",
                OTHER_STORE,
            )
        if self.version == BEFORE_1_0:
            for spec in specs:
                _check_readable_by_0_23(spec)

    def placing(self, paths: StorePaths) -> StorePaths:
        """The store with the projection of the Spack that owns the database."""
        return replace(paths, is_before_1_0=self.version == BEFORE_1_0)

    def installed_at(self, prefix: Path) -> InstalledRecord | None:
        """The package that is registered as installed in `prefix`.

        The store may have another name than when it was registered: a home directory often has two.
        """
        for record in self.records.values():
            if record.installed and not record.is_external and record.prefix:
                other = Path(record.prefix) if record.prefix.endswith(prefix.name) else None
                if other and (other == prefix or is_same_place(other, prefix)):
                    return record
        return None


class Present(Container[DagHash]):
    """The hashes of what `is_present`: each prefix is looked for when it is asked for, and once.

    To look for thousands takes long, and a plan asks for few.
    """

    def __init__(self, records: Mapping[DagHash, InstalledRecord]) -> None:
        self._records = records
        self._known: dict[DagHash, bool] = {}

    def __contains__(self, hash_: object) -> bool:
        record = self._records.get(cast("DagHash", hash_))
        if record is None:
            return False
        if record.hash not in self._known:
            self._known[record.hash] = is_present(record)
        return self._known[record.hash]


def is_same_place(one: Path, other: Path) -> bool:
    """True if two paths, of which neither need be there, are names of one."""
    return one.name == other.name and os.path.realpath(one.parent) == os.path.realpath(other.parent)


def is_present(record: InstalledRecord) -> bool:
    """True if it is registered as installed, and its prefix is really there.

    Somebody may have removed the directory and not told the database.
    """
    return record.installed and (record.prefix is None or is_directory(record.prefix))


def state_of(document: Document, path: Path, before: DatabaseState | None = None) -> DatabaseState:
    """The values that a document holds.

    Of each record it is read who it is and how it stands; its node when somebody asks for it.

    Args:
        document: the document.
        path: where it was, for messages.
        before: an earlier state; what has not changed since is not read anew.

    Raises:
        StoreError: a record cannot be understood.
    """
    records: dict[DagHash, InstalledRecord] = {}
    # A copy: the document may still be changed.
    texts = dict(document.installs.texts())
    for key, text in texts.items():
        try:
            hash_ = dag_hash(key)
            known = before.records.get(hash_) if before else None
            if before and known and before.texts.get(key) == text:
                records[hash_] = known
            else:
                records[hash_] = _value(hash_, _record.decode(text), known, path)
        except (WrongUse, ValueError, RecursionError) as error:
            raise _damaged_record(path, key, error) from error
    return DatabaseState(document.version, records, texts)


def _value(
    hash_: DagHash, record: _Record, known: InstalledRecord | None, path: Path
) -> InstalledRecord:
    if known and isinstance(known.node, WrittenSpec) and known.node.text == record.spec:
        node = known.node
    else:
        head = _head.decode(record.spec)
        is_external = head.external != _NULL
        node = WrittenSpec(package_name(head.name), hash_, is_external, record.spec, path)
    prefix = None if record.path == "None" else record.path
    if record.installed and not node.is_external and not prefix:
        raise WrongUse("it is installed and has no path")
    return InstalledRecord(
        node=node,
        prefix=prefix,
        installed=record.installed,
        explicit=record.explicit,
        ref_count=record.ref_count,
        installation_time=record.installation_time or 0.0,
        deprecated_for=dag_hash(record.deprecated_for) if record.deprecated_for else None,
    )


def new_record(
    spec: ConcreteSpec,
    path: str | None,
    *,
    installed: bool,
    explicit: bool,
    time: float,
    version: int = WRITTEN_VERSION,
) -> dict[str, Any]:
    """A record with exactly the fields that Spack writes, in its order.

    Args:
        spec: of which package.
        path: where it is.
        installed: whether it is there.
        explicit: whether a user asked for it by name.
        time: when it was registered, seconds since the epoch.
        version: that of the database.

    Raises:
        StoreError: the spec cannot be written, or not in that version.
    """
    return {
        "spec": _written_node(spec, version),
        "ref_count": 0,
        "path": path,
        "installed": installed,
        "explicit": explicit,
        "installation_time": time,
        "deprecated_for": None,
    }


def _check_readable_by_0_23(spec: ConcreteSpec) -> None:
    """Refuse a node of format 5: its compiler is a dependency, which Spack 0.23 cannot read."""
    if "compiler" not in spec.node:
        raise StoreError(
            f"{spec.label} was made for Spack 1.0 or newer, and this tree belongs to an older one,"
            " which could not read its database any more",
            f"Its database has version {BEFORE_1_0}",
            OTHER_STORE,
        )


def _written_node(spec: ConcreteSpec, version: int) -> dict[str, Any]:
    """The node verbatim, unless an older Spack than that of the database made it.

    For version 8 it is brought to format 5, which has no `compiler`; Spack notes it down as
    annotation instead. For version 7 it is brought to format 4.
    """
    node: dict[str, Any] = dict(spec.node)
    if not node:
        raise StoreError(f"The spec document of {spec.label} is not known, so it cannot be stored")
    hash_ = node.pop("hash", spec.hash)
    edges: list[dict[str, Any]] = node.get("dependencies") or []
    if version == BEFORE_1_0:
        _check_readable_by_0_23(spec)
        compiler = None
    else:
        compiler: dict[str, Any] | None = node.pop("compiler", None)
    is_old_edge = any("parameters" not in edge for edge in edges)
    if is_old_edge:
        node["dependencies"] = [_written_edge(edge) for edge in edges]
    if compiler:
        node["annotations"] = {
            "original_specfile_version": 3 if is_old_edge else 4,
            "compiler": f"{compiler['name']}@={compiler['version']}",
        }
    return {**node, "hash": hash_}


def _written_edge(edge: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": edge["name"],
        "hash": edge["hash"],
        "parameters": {"deptypes": edge["type"], "virtuals": []},
    }


def _damaged_record(path: Path, key: str, error: Exception) -> StoreError:
    reason = error.title if isinstance(error, WrongUse) else str(error)
    return damaged(path, f"record {key!a}: {reason}")
