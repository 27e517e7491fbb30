"""What was done to the store, and what can be taken back or removed."""

import secrets
import time
from collections.abc import Sequence

import msgspec

from core.engine.history import catch_up
from core.errors import NotAvailable, WrongUse
from core.model.graph import SpecGraph
from core.model.history import History, Operation
from core.model.ident import DagHash
from core.model.installed import InstalledRecord, InstalledSpecs
from core.model.plan import Plan
from core.model.removal import RemovalPlan
from core.planning.removal import is_there, plan_undo, plan_uninstall, touched
from core.query.parse import parse_query
from core.session.browse import TO_LIST
from core.settings import Settings
from core.store.database import Database
from core.store.history import HistoryFile, new_operation
from core.store.paths import StorePaths
from core.store.removal import disk_usage


class HistoryDesk:
    """Answers what a session is asked about the past of its store."""

    def __init__(self, settings: Settings, paths: StorePaths, database: Database) -> None:
        self._settings = settings
        self._paths = paths
        self._database = database

    def history(self) -> History:
        """All operations; those that died before they could say so are put in first."""
        catch_up(self._settings, self._paths)
        return HistoryFile(self._paths).read()

    def installed(self, specs: Sequence[str], *, every: bool) -> tuple[DagHash, ...]:
        """The hashes of the installed or deprecated packages that `specs` mean.

        Raises:
            NotAvailable: nothing installed matches one of them.
            WrongUse: several match one of them, and not `every` one is meant.
        """
        records = self._database.read().records
        graph = SpecGraph((), InstalledSpecs(records))
        chosen: dict[DagHash, None] = {}
        for text in specs:
            query = parse_query(text)
            found = [
                record
                for record in records.values()
                if is_there(record)
                and query.admits_named(record.name, record.hash)
                and query.matches(record.spec, graph)
            ]
            _check_choice(text, found, self._paths, every=every)
            chosen.update(dict.fromkeys(record.hash for record in found))
        return tuple(chosen)

    def removal_plan(
        self, hashes: Sequence[DagHash], *, dependents: bool, unused: bool
    ) -> RemovalPlan:
        """What an uninstall would do; nothing is changed."""
        return plan_uninstall(
            str(self._paths.root),
            self._database.read().records,
            hashes,
            size_of=disk_usage,
            dependents=dependents,
            unused=unused,
        )

    def operation(self, number: int | None) -> Operation:
        """The operation of a number, or the last that can be taken back.

        Raises:
            NotAvailable: there is none.
        """
        history = self.history()
        operation = history.last_to_undo() if number is None else history.find(number)
        if operation is None:
            what = f"There is no operation {number}" if number else "There is nothing to undo"
            raise NotAvailable(what, f"Store: {self._paths.root}", "See spackbin history")
        return operation

    def undo_plan(self, operation: Operation) -> RemovalPlan:
        """What taking back an operation would remove; nothing is changed.

        Raises:
            WrongUse: it was taken back already.
        """
        history = self.history()
        if operation.number in history.undone():
            raise WrongUse(f"Operation {operation.number} was taken back already")
        records = self._database.read().records
        root = str(self._paths.root)
        return plan_undo(root, records, operation, history, size_of=disk_usage)


def mark_explicit(database: Database, plan: Plan) -> None:
    """Note that the user asked for the installed roots of a plan by name.

    Raises:
        StoreError: the store cannot be written.
    """
    marked = tuple(map(touched, database.mark_explicit(plan.roots)))
    if marked:
        operation = new_operation("mark", f"mark-{secrets.token_hex(8)}", time.time())
        roots = tuple(item.hash for item in marked)
        HistoryFile(database.paths).append(
            msgspec.structs.replace(operation, roots=roots, explicit=marked)
        )


def to_install_again(operation: Operation, graph: SpecGraph) -> list[DagHash]:
    """Of what an operation removed, what to ask for so that all of it is there again.

    That is what a user had asked for by name, and what nothing else of it needs.
    """
    removed = {item.hash for item in operation.removed}
    needed: set[DagHash] = set()
    for hash_ in removed & graph.nodes.keys():
        needed |= graph.closure(hash_) - {hash_}
    return [item.hash for item in operation.removed if item.explicit or item.hash not in needed]


def _check_choice(
    text: str, found: Sequence[InstalledRecord], paths: StorePaths, *, every: bool
) -> None:
    if not found:
        raise NotAvailable(f"Nothing installed matches {text!a}", str(paths.root), TO_LIST)
    if len(found) > 1 and not every:
        labels = ", ".join(touched(record).label for record in found[:5])
        raise WrongUse(
            f"{text!a} matches {len(found)} installed packages",
            labels,
            "Name one by its hash, or say --all to mean every one",
        )
