"""Taking records out of the install database, as Spack does (Spack 1.x `database.py:_remove`)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.errors import StoreError
from core.store.document import Installs, Record

_TO_RUN = {"link", "run"}


def forget(installs: Installs, hashes: Sequence[str], implicit: Iterable[str] = ()) -> None:
    """Register packages as removed.

    A record to which others refer stays, as not installed; any other goes, and with it those of
    its dependencies that are not installed and to which nothing refers any more.

    Args:
        installs: is changed. What is registered nowhere is passed over.
        hashes: what is removed, dependents before what they need.
        implicit: what stays, and no longer counts as asked for by name.

    Raises:
        StoreError: an installed package needs one of them to run.
    """
    _refuse_needed(installs, frozenset(hashes))
    installs.count_references()
    # Spack cannot open a database in which a spliced package has lost its origin.
    origins = {
        spliced: origin.hash
        for spliced in installs
        if (origin := installs.glance(spliced).spec.build_spec)
    }
    for hash_ in implicit:
        if hash_ in installs:
            installs[hash_]["explicit"] = False
    for hash_ in hashes:
        if hash_ in installs:
            record = installs[hash_]
            deprecated_for: str | None = record.get("deprecated_for")
            # Spack leaves the second where the record stays: then the package that stood in for
            # it would count for ever as needed.
            record.update(installed=False, deprecated_for=None)
            _release(installs, [deprecated_for] if deprecated_for else [])
            _clear(installs, [hash_], origins)


def _clear(installs: Installs, waiting: list[str], origins: Mapping[str, str]) -> None:
    """Delete the records that stand for nothing any more, and go on with what they refer to."""
    while waiting:
        hash_ = waiting.pop()
        record = installs.get(hash_)
        kept = (origins[spliced] for spliced in origins if spliced in installs)
        if record is None or _stands_for_something(record) or hash_ in kept:
            continue
        del installs[hash_]
        edges: list[dict[str, Any]] = record["spec"].get("dependencies") or []
        waiting += _release(installs, dict.fromkeys(edge["hash"] for edge in edges))


def _release(installs: Installs, hashes: Iterable[str]) -> list[str]:
    """Take back one reference to each; those that have a record."""
    known = [hash_ for hash_ in hashes if hash_ in installs]
    for hash_ in known:
        installs[hash_]["ref_count"] -= 1
    return known


def _stands_for_something(record: Record) -> bool:
    return record.get("installed") or record.get("deprecated_for") or record["ref_count"] > 0


def _refuse_needed(installs: Installs, hashes: frozenset[str]) -> None:
    """Somebody may have installed something since the plan was made."""
    for hash_ in installs:
        record = installs.glance(hash_)
        if hash_ in hashes or not (record.installed or record.deprecated_for):
            continue
        is_needed = any(
            edge.hash in hashes and not _TO_RUN.isdisjoint(edge.deptypes)
            for edge in record.spec.dependencies or ()
        )
        if is_needed or record.deprecated_for in hashes:
            raise StoreError(
                f"{record.spec.name}/{hash_[:7]} was installed meanwhile and needs what is"
                " to be removed",
                "",
                "Nothing was removed. Do it again to see what there is to remove now",
                retry=True,
            )
