"""What an uninstall or an undo would remove: pure functions of the records of a store."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from core.model.graph import ALL_DEPTYPES, LINK_RUN, SpecGraph
from core.model.history import History, Operation, Touched
from core.model.ident import DagHash
from core.model.installed import InstalledRecord, InstalledSpecs
from core.model.removal import Leaving, RemovalPlan, Staying

Records = Mapping[DagHash, InstalledRecord]
"""All records of a store, by hash."""
SizeOf = Callable[[InstalledRecord], int]
"""Bytes on disk of an installed package."""

_NAMED = 3


def is_there(record: InstalledRecord | None) -> bool:
    """True if a package is installed, or deprecated: a Spack then left a link in its place."""
    return record is not None and (record.installed or record.deprecated_for is not None)


def plan_uninstall(
    store: str,
    records: Records,
    asked: Sequence[DagHash],
    *,
    size_of: SizeOf,
    dependents: bool = False,
    unused: bool = False,
) -> RemovalPlan:
    """What an uninstall would do.

    Where something else needs what is asked for, nothing is removed, unless `dependents`.

    Args:
        store: root of the install tree.
        records: what is in the store.
        asked: what to remove; what is not there is passed over.
        size_of: bytes of a package.
        dependents: remove as well what needs them.
        unused: remove as well what nobody asked for and nothing else needs.
    """
    wanted = [hash_ for hash_ in dict.fromkeys(asked) if is_there(records.get(hash_))]
    relations = _Relations(records)
    above = {hash_: relations.above(hash_, wanted) for hash_ in wanted}
    if any(above.values()) and not dependents:
        kept = tuple(
            Staying(touched(records[hash_]), _needed_by(records, found))
            for hash_, found in above.items()
            if found
        )
        return RemovalPlan("uninstall", store, tuple(wanted), removed=(), kept=kept)
    reasons = dict.fromkeys(wanted, "You asked for it")
    for hash_, found in above.items():
        for dependent in found:
            reasons.setdefault(dependent, f"It needs {touched(records[hash_]).label}")
    idle = relations.idle_without(reasons)
    if unused:
        reasons.update(dict.fromkeys(idle, "Nothing else needs it"))
    return RemovalPlan(
        kind="uninstall",
        store=store,
        roots=tuple(wanted),
        removed=_leaving(records, reasons, size_of),
        unused=() if unused else tuple(touched(records[hash_]) for hash_ in idle),
    )


def plan_undo(
    store: str, records: Records, operation: Operation, history: History, *, size_of: SizeOf
) -> RemovalPlan:
    """What taking back an operation would remove.

    That is what the operation installed, unless it was installed again or asked for by name
    since, or something else needs it. What it marked as asked for loses that mark.

    Args:
        store: root of the install tree.
        records: what is in the store now, whoever put it there.
        operation: the operation to take back.
        history: all operations.
        size_of: bytes of a package.
    """
    since = _asked_since(history, operation)
    marked = {item.hash for item in operation.explicit}
    kept = {
        item.hash: Staying(item, reason)
        for item in operation.added
        if (reason := _claim(records.get(item.hash), item, operation, since, marked))
    }
    goes = [item.hash for item in operation.added if item.hash not in kept]
    relations = _Relations(records)
    while needed := {hash_: found for hash_ in goes if (found := relations.above(hash_, goes))}:
        goes = [hash_ for hash_ in goes if hash_ not in needed]
        for hash_, found in needed.items():
            kept[hash_] = Staying(touched(records[hash_]), _needed_by(records, found))
    unmarked = [hash_ for hash_ in marked if hash_ not in since and hash_ not in goes]
    reasons = dict.fromkeys(goes, f"Operation {operation.number} installed it")
    return RemovalPlan(
        kind="undo",
        store=store,
        roots=operation.roots,
        removed=_leaving(records, reasons, size_of),
        kept=tuple(kept.values()),
        implicit=tuple(
            touched(records[hash_])
            for hash_ in sorted(unmarked)
            if hash_ in records and is_there(records[hash_]) and records[hash_].explicit
        ),
        undoes=operation.number,
    )


def touched(record: InstalledRecord) -> Touched:
    """A package as the history names it."""
    spec = record.spec
    return Touched(spec.hash, spec.name, spec.version, record.prefix or "")


class _Relations:
    """Who needs whom, to run, among the records of a store."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._above: dict[DagHash, list[DagHash]] = {}
        for hash_, record in records.items():
            for below in self._below(record):
                self._above.setdefault(below, []).append(hash_)

    @staticmethod
    def _below(record: InstalledRecord) -> list[DagHash]:
        below = record.needs(*LINK_RUN)
        # What stands in the place of a deprecated package is a link to the one it is for.
        return [*below, record.deprecated_for] if record.deprecated_for else below

    def above(self, hash_: DagHash, without: Collection[DagHash]) -> list[DagHash]:
        """What is there and needs a package, however indirectly; `without` do not count."""
        found: dict[DagHash, None] = {}
        waiting = [hash_]
        while waiting:
            for above in self._above.get(waiting.pop(), ()):
                if above not in found:
                    found[above] = None
                    waiting.append(above)
        return [
            above
            for above in found
            if above != hash_ and above not in without and is_there(self._records[above])
        ]

    def idle_without(self, gone: Iterable[DagHash]) -> list[DagHash]:
        """What nobody asked for and nothing needs any more if `gone` were gone."""
        absent = dict.fromkeys(gone)
        idle: dict[DagHash, None] = {}
        waiting = list(absent)
        while waiting:
            for below in self._below(self._records[waiting.pop()]):
                record = self._records.get(below)
                if record is None or not record.installed or record.explicit:
                    continue
                if record.is_external or below in absent or below in idle:
                    continue
                if not self.above(below, {*absent, *idle}):
                    idle[below] = None
                    waiting.append(below)
        return list(idle)


def _asked_since(history: History, operation: Operation) -> dict[DagHash, int]:
    """By hash, the number of the first later operation that was asked for it by name."""
    since: dict[DagHash, int] = {}
    undone = history.undone()
    for later in history.operations:
        is_later = later.number > operation.number and later.number not in undone
        if is_later and later.kind in ("install", "mark"):
            for hash_ in later.roots:
                since.setdefault(hash_, later.number)
    return since


def _claim(
    record: InstalledRecord | None,
    item: Touched,
    operation: Operation,
    since: Mapping[DagHash, int],
    marked: Collection[DagHash],
) -> str:
    """Why a package is no longer this operation's to remove; empty if it is."""
    if record is None or not record.installed:
        return "It is not installed any more"
    if record.prefix != item.prefix or record.installation_time > operation.ended:
        return "It was installed again later"
    if item.hash in since:
        return f"Operation {since[item.hash]} was asked for it by name"
    if record.explicit and item.hash not in marked:
        return "It was asked for by name since"
    return ""


def _needed_by(records: Records, above: Sequence[DagHash]) -> str:
    labels = [touched(records[hash_]).label for hash_ in above]
    if len(labels) > _NAMED:
        labels[_NAMED - 1 :] = [f"{len(labels) - _NAMED + 1} others"]
    *first, last = labels
    named = f"{', '.join(first)} and {last}" if first else last
    return f"{named} {'need' if first else 'needs'} it"


def _leaving(
    records: Records, reasons: Mapping[DagHash, str], size_of: SizeOf
) -> tuple[Leaving, ...]:
    """What goes, dependents before what they need."""
    graph = SpecGraph((), InstalledSpecs(records))
    below_first = [spec.hash for spec in graph.order(reasons, ALL_DEPTYPES) if spec.hash in reasons]
    below_first.reverse()
    # A deprecated package is a link to the one that stands in for it: it goes before that.
    dependents_first = sorted(below_first, key=lambda hash_: records[hash_].deprecated_for is None)
    return tuple(
        Leaving(
            package=touched(records[hash_]),
            reason=reasons[hash_],
            bytes=0 if records[hash_].is_external else size_of(records[hash_]),
            explicit=records[hash_].explicit,
            is_external=records[hash_].is_external,
        )
        for hash_ in dependents_first
    )
