"""The document of the install database: JSON to values and back.

Format: Spack 1.x `database.py:Database._read_from_stream`, `InstallRecord.to_dict`. A record may
hold no other keys than Spack's, or Spack takes the whole database for corrupt.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.errors import StoreError, WrongUse
from core.model.artifact import InstalledRecord
from core.model.ident import DagHash, dag_hash
from core.model.spec import ConcreteSpec, spec_from_node

WRITTEN_VERSION = 8
"""The database version that Spack 1.x writes, and we."""
OLDEST_VERSION = 6
"""The oldest that can be read: Spack 0.17."""

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


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What the database says at one moment."""

    version: int
    """Version of its format."""
    records: Mapping[DagHash, InstalledRecord]
    """All records, those of packages that are only referred to included."""

    def check_writable(self) -> None:
        """Refuse to write a database that an older Spack owns.

        Raises:
            StoreError: the version is another than the one we write.
        """
        if self.version != WRITTEN_VERSION:
            raise StoreError(
                "This tree belongs to Spack before 1.0; spackbin can read it but not write it",
                f"Its database has version {self.version}",
                "Choose another store with --store",
            )

    def installed_at(self, prefix: Path) -> InstalledRecord | None:
        """The package that is registered as installed in `prefix`."""
        for record in self.records.values():
            if record.installed and not record.spec.external and record.prefix == str(prefix):
                return record
        return None


def is_present(record: InstalledRecord) -> bool:
    """True if it is registered as installed, and its prefix is really there.

    Somebody may have removed the directory and not told the database.
    """
    return record.installed and (record.prefix is None or Path(record.prefix).is_dir())


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
    spec: ConcreteSpec, path: str | None, *, installed: bool, explicit: bool, time: float
) -> dict[str, Any]:
    """A record with exactly the fields that Spack writes, in its order."""
    return {
        "spec": _written_node(spec),
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


def _written_node(spec: ConcreteSpec) -> dict[str, Any]:
    """The node verbatim, unless a Spack before 1.0 made it: that one is brought to format 5.

    A node of format 5 has no `compiler`; Spack notes it down as annotation instead.
    """
    node: dict[str, Any] = dict(spec.node)
    if not node:
        raise StoreError(f"The spec document of {spec.label} is not known, so it cannot be stored")
    hash_ = node.pop("hash", spec.hash)
    edges: list[dict[str, Any]] = node.get("dependencies") or []
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
