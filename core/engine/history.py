"""Puts runs into the history of their store, from what their journals say."""

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec

from core.engine.journal import BUILDS, Run, runs
from core.errors import StoreError
from core.events import (
    BuildQueued,
    Event,
    MarkedExplicit,
    NodeFailed,
    NodeFinished,
    NodeSkipped,
    NodeVerified,
    PhaseStarted,
    RunFinished,
    RunNode,
    RunStarted,
)
from core.model.history import Added, History, Operation, Touched
from core.model.ident import DagHash
from core.settings import Settings
from core.store.announced import complete_announced
from core.store.database import Database
from core.store.history import HistoryFile, new_operation, user_name
from core.store.paths import StorePaths
from core.store.records import DatabaseState

RECORDED = "recorded"
"""In the directory of a run: present once all that it did is in the history."""


@dataclass(slots=True)
class _Journal:
    """What a journal says, as far as the history needs it."""

    started: RunStarted | None = None
    """The first event."""
    ended: float = 0.0
    """When the last event happened."""
    exit_status: int = 1
    """Exit status; 1 if the run never came to an end."""
    verified: dict[DagHash, NodeVerified] = field(default_factory=dict[DagHash, NodeVerified])
    """On whose word."""
    placed: dict[DagHash, float] = field(default_factory=dict[DagHash, float])
    """What was about to be registered, and since when."""
    ordered: dict[DagHash, float] = field(default_factory=dict[DagHash, float])
    """What was given to a builder, and when."""
    over: set[DagHash] = field(default_factory=set[DagHash])
    """Whose end the journal tells."""
    prefixes: dict[DagHash, str] = field(default_factory=dict[DagHash, str])
    """What the run installed, and where."""
    marked: dict[DagHash, Touched] = field(default_factory=dict[DagHash, Touched])
    """What was installed before, and counts as asked for by name since."""
    owed: set[DagHash] = field(default_factory=set[DagHash])
    """What it may have put in place without saying that it is installed."""

    def take(self, event: Event) -> None:
        """Take in the next event."""
        self.ended = event.time
        match event:
            case RunStarted():
                self.started = event
            case RunFinished():
                self.exit_status = event.exit_status
            case NodeVerified():
                self.verified[event.node] = event
            case PhaseStarted() if event.phase == "register":
                self.placed[event.node] = event.time
                self.owed.add(event.node)
            case BuildQueued():
                self.ordered[event.node] = event.time
            case NodeFailed(is_left=False) | NodeSkipped():
                self.over.add(event.node)
            case NodeFinished():
                self.over.add(event.node)
                self.owed.discard(event.node)
                if not event.already:
                    self.prefixes[event.node] = event.prefix
            case MarkedExplicit():
                found = Touched(event.node, event.name, event.version, event.prefix)
                self.marked[event.node] = found
            case _:
                pass


def record_run(
    run: Run,
    paths: StorePaths,
    exit_status: int | None = None,
    is_building: Callable[[Run, Collection[DagHash]], bool] = lambda _run, _hashes: False,
) -> Operation | None:
    """Put a run into the history; `None` if it changed nothing, or its last word is not said yet.

    One that is there already stays as it is. What a killed run had registered, or Spack has built
    on its order, and what it could not say any more, is found out from the database.

    Args:
        run: it installs nothing any more.
        paths: the store.
        exit_status: how it ends; by what its journal says if not given.
        is_building: whether something of what a run has ordered may still be built.

    Raises:
        StoreError: the database cannot be read, or the history cannot be read or written.
    """
    journal = _Journal()
    for event in run.history():
        journal.take(event)
    if journal.started is None or (journal.owed and not run.is_settled()):
        return None
    open_builds = _open_builds(run, journal, journal.started)
    if open_builds and is_building(run, open_builds):
        return None
    file = HistoryFile(paths)
    placed = {**journal.placed, **open_builds}
    unsaid = {hash_: since for hash_, since in placed.items() if hash_ not in journal.prefixes}
    if unsaid:
        _find_unsaid(journal, unsaid, Database(paths).read(), file.read())
    done = None
    if journal.prefixes or journal.marked:
        operation = _operation(run, journal, journal.started)
        if exit_status is not None:
            operation = msgspec.structs.replace(operation, exit_status=exit_status)
        done = file.append(operation)
    _mark(run)
    return done


def catch_up(settings: Settings, paths: StorePaths) -> None:
    """Put into the history what those had done who died before they could, as far as we may.

    What a dead run still owes the store is for `recovery.recover`, which comes before.
    """
    # Somebody else's store may be readable and no more.
    with contextlib.suppress(StoreError):
        complete_announced(paths)
        for run in reversed(runs(settings)):
            if not (run.directory / RECORDED).exists() and not run.is_alive():
                record_run(run, paths, is_building=partial(_is_building, settings))


def _is_building(settings: Settings, run: Run, hashes: Collection[DagHash]) -> bool:
    from core.engine.buildtasks import is_building

    return is_building(settings, run, hashes)


def _mark(run: Run) -> None:
    """Nobody need read its journal again for the history."""
    with contextlib.suppress(OSError):
        (run.directory / RECORDED).touch()


def _open_builds(run: Run, journal: _Journal, started: RunStarted) -> dict[DagHash, float]:
    """The builds that a run ordered and whose end its journal does not tell, and since when.

    An engine may have died before it could say that it had ordered one.
    """
    found = {
        node.hash: started.time
        for node in started.nodes
        if node.from_source and (run.directory / BUILDS / node.hash).is_dir()
    }
    found.update(journal.ordered)
    return {hash_: since for hash_, since in found.items() if hash_ not in journal.over}


def _find_unsaid(
    journal: _Journal, unsaid: Mapping[DagHash, float], state: DatabaseState, history: History
) -> None:
    """What is registered although the journal ends before it says so."""
    elsewhere = {item.hash for operation in history.operations for item in operation.added}
    for hash_, since in unsaid.items():
        record = None if hash_ in elsewhere else state.records.get(hash_)
        if record and record.installed and record.installation_time >= since:
            journal.prefixes[hash_] = record.prefix or ""
            journal.ended = max(journal.ended, record.installation_time)


def _operation(run: Run, journal: _Journal, started: RunStarted) -> Operation:
    uid = run.directory.stat().st_uid
    added = tuple(
        _added(node, journal.prefixes[node.hash], journal.verified.get(node.hash))
        for node in started.nodes
        if node.hash in journal.prefixes
    )
    return msgspec.structs.replace(
        new_operation("install", run.id, started.time),
        ended=journal.ended,
        user=user_name(uid),
        uid=uid,
        host=started.host,
        roots=started.roots,
        added=added,
        explicit=(
            *(
                Touched(item.hash, item.name, item.version, item.prefix)
                for item in added
                if item.hash in started.roots
            ),
            *(found for hash_, found in journal.marked.items() if hash_ not in journal.prefixes),
        ),
        exit_status=journal.exit_status,
    )


def _added(node: RunNode, prefix: str, verified: NodeVerified | None) -> Added:
    plain = Added(node.hash, node.name, node.version, prefix)
    if verified is None:
        return plain
    return msgspec.structs.replace(
        plain,
        mirror=verified.mirror,
        archive_sha256=verified.archive_sha256,
        signer=verified.signer,
        signer_name=verified.signer_name,
        exception=verified.exception,
    )
