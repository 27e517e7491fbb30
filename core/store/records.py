"""The document of the install database: JSON to values and back.

Format: Spack 1.x `database.py:Database._read_from_stream`, `InstallRecord.to_dict`. A record may
hold no other keys than Spack's, or Spack takes the whole database for corrupt.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from core.errors import StoreError, WrongUse
from core.model.artifact import InstalledRecord
from core.model.ident import DagHash, dag_hash
from core.model.spec import ConcreteSpec, spec_from_node
from core.model.value import Value
from core.store.disk import is_directory
from core.store.paths import StorePaths

WRITTEN_VERSION = 8
"""The database version that Spack 1.x writes, and we in a new store."""
BEFORE_1_0 = 7
"""That of Spack 0.19 to 0.23; where we find it we keep it, or those could not read it any more."""
OLDEST_VERSION = 6
"""The oldest that can be read: Spack 0.17."""

_OTHER_STORE = "Choose another store with --store"
_REPAIR = "Restore the file from a backup, or let a Spack write it anew with 'spack reindex'"


class _Record(msgspec.Struct):
    spec: dict[str, Any]
    ref_count: int = 0
    path: str | None = None
    installed: bool = False
    explicit: bool = False
    installation_time: float | None = None
    deprecated_for: str | None = None


class _Versioned(msgspec.Struct):
    version: str


class _VersionedIndex(msgspec.Struct):
    database: _Versioned


class _Database(msgspec.Struct):
    version: str
    installs: dict[str, _Record]


class _Index(msgspec.Struct):
    database: _Database


class DatabaseState(Value, frozen=True):
    """What the database says at one moment."""

    version: int
    """Version of its format."""
    records: Mapping[DagHash, InstalledRecord]
    """All records, those of packages that are only referred to included."""

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
                _OTHER_STORE,
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
            if record.installed and not record.spec.external and record.prefix:
                other = Path(record.prefix) if record.prefix.endswith(prefix.name) else None
                if other and (other == prefix or is_same_place(other, prefix)):
                    return record
        return None


def is_same_place(one: Path, other: Path) -> bool:
    """True if two paths, of which neither need be there, are names of one."""
    return one.name == other.name and os.path.realpath(one.parent) == os.path.realpath(other.parent)


def is_present(record: InstalledRecord) -> bool:
    """True if it is registered as installed, and its prefix is really there.

    Somebody may have removed the directory and not told the database.
    """
    return record.installed and (record.prefix is None or is_directory(record.prefix))


def new_document() -> dict[str, Any]:
    """The document of an empty database."""
    return {"database": {"version": str(WRITTEN_VERSION), "installs": {}}}


def parse_document(data: bytes, path: Path) -> dict[str, Any]:
    """The document as it is, nothing taken away; what follows the first JSON value is ignored.

    Only the version is looked at; the records are checked by `state_of`.

    Raises:
        StoreError: it is not a database, or one that is too new or too old.
    """
    try:
        document, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(data.decode())
        version = int(msgspec.convert(document, _VersionedIndex).database.version)
        _check_version(version, path)
    except (ValueError, RecursionError) as error:
        raise _corrupt(path, str(error)) from error
    return document


def state_of(
    document: Mapping[str, Any], path: Path, before: DatabaseState | None = None
) -> DatabaseState:
    """The values that a document holds.

    Args:
        document: what `parse_document` gave.
        path: where it was, for messages.
        before: an earlier state; what has not changed since is not made anew.

    Raises:
        StoreError: a record cannot be understood.
    """
    try:
        index = msgspec.convert(document, _Index).database
    except (ValueError, RecursionError) as error:
        raise _corrupt(path, str(error)) from error
    records: dict[DagHash, InstalledRecord] = {}
    for key, record in index.installs.items():
        try:
            hash_ = dag_hash(key)
            known = before.records.get(hash_) if before else None
            records[hash_] = _value(hash_, record, known)
        except WrongUse as error:
            raise _corrupt(path, f"record {key!a}: {error.title}") from error
    return DatabaseState(int(index.version), records)


def _value(hash_: DagHash, record: _Record, known: InstalledRecord | None) -> InstalledRecord:
    if known and known.spec.node == record.spec:
        spec = known.spec
    else:
        is_other = record.spec.get("hash", hash_) != hash_
        spec = spec_from_node({**record.spec, "hash": hash_} if is_other else record.spec, hash_)
    prefix = None if record.path == "None" else record.path
    if record.installed and not spec.external and not prefix:
        raise WrongUse("it is installed and has no path")
    return InstalledRecord(
        spec=spec,
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


def count_references(installs: Mapping[str, dict[str, Any]]) -> None:
    """Set every `ref_count`: how many records depend on it, or are deprecated in its favour."""
    for record in installs.values():
        record["ref_count"] = 0
    for record in installs.values():
        named: set[str] = {edge["hash"] for edge in record["spec"].get("dependencies") or ()}
        for hash_ in (*named, record.get("deprecated_for") or ""):
            if hash_ in installs:
                installs[hash_]["ref_count"] += 1


def _check_readable_by_0_23(spec: ConcreteSpec) -> None:
    """Refuse a node of format 5: its compiler is a dependency, which Spack 0.23 cannot read."""
    if "compiler" not in spec.node:
        raise StoreError(
            f"{spec.label} was made for Spack 1.0 or newer, and this tree belongs to an older one,"
            " which could not read its database any more",
            f"Its database has version {BEFORE_1_0}",
            _OTHER_STORE,
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


def _check_version(version: int, path: Path) -> None:
    if version > WRITTEN_VERSION:
        raise StoreError(
            f"The database of the store has version {version}, newer than spackbin knows"
            f" ({WRITTEN_VERSION})",
            str(path),
            "Update spackbin, or choose another store with --store",
        )
    if version < OLDEST_VERSION:
        raise StoreError(
            f"The database of the store has version {version}, of Spack 0.16 or older",
            str(path),
            "Choose another store with --store",
        )


def _corrupt(path: Path, reason: str) -> StoreError:
    return StoreError(f"The database of the store is damaged: {reason}", str(path), _REPAIR)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")
