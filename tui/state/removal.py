"""A removal in words: what goes, what stays, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.events import Event, LockAwaited, NodeRemoved, RemovalDecided
from core.model.history import Touched
from core.model.removal import Removal, RemovalPlan
from tui.commands import key_of
from tui.text import counted, listed, size


@dataclass(frozen=True, slots=True)
class RemovalRow:
    """One package that a removal is about."""

    package: Touched
    """Which one."""
    word: str
    """What happens with it: `goes`, `forgotten` (the system provides it: its files stay), `stays`,
    `unused`, `unmarked`."""
    reason: str
    """Why, as a sentence without a final full stop."""
    bytes: int | None = None
    """Bytes that become free; `None` if it stays."""


def rows_of(plan: RemovalPlan) -> list[RemovalRow]:
    """First what stays against the wish of the user, then what goes, then the rest."""
    rows = [RemovalRow(item.package, "stays", item.reason) for item in plan.kept]
    for item in plan.removed:
        word = "forgotten" if item.is_external else "goes"
        rows.append(RemovalRow(item.package, word, item.reason, item.bytes))
    rows += [
        RemovalRow(package, "unmarked", "It stays, no longer as asked for by name")
        for package in plan.implicit
    ]
    rows += [
        RemovalRow(package, "unused", "Not needed any more, and stays") for package in plan.unused
    ]
    return rows


def title_of(plan: RemovalPlan) -> str:
    """What is being decided."""
    if plan.undoes:
        return f"Undo operation {plan.undoes}"
    about = {item.package.hash: item.package.label for item in (*plan.removed, *plan.kept)}
    return f"Remove {listed([about[hash_] for hash_ in plan.roots if hash_ in about])}"


def command_of(plan: RemovalPlan, options: Sequence[str]) -> str:
    """The command that does the same."""
    if plan.undoes:
        return f"spackbin undo {plan.undoes} --yes"
    hashes = [f"/{hash_[:7]}" for hash_ in plan.roots]
    return " ".join(["spackbin uninstall", *hashes, *options, "--yes"])


def why_not_removable(plan: RemovalPlan) -> str:
    """Why a removal cannot be carried out, as a sentence; empty if it can."""
    if plan.refused:
        key = key_of("uninstall", "dependents")
        needed = _first(plan.refused[0].package, len(plan.refused))
        return f"{needed}: {key} removes what needs it, too"
    return "" if plan.has_work else "There is nothing to remove"


class RemovalProgress:
    """How far a removal is."""

    def __init__(self, plan: RemovalPlan, back: str) -> None:
        """Of a plan that is being carried out; `back` is the key that gives it up."""
        self._back = back
        self._labels = {item.package.hash: item.package.label for item in plan.removed}
        self._gone = 0
        self._waits_for = ""
        self._name = ""
        self.is_decided = False
        """True once it cannot be given up any more."""

    def take(self, events: Sequence[Event]) -> None:
        """Take in what happened."""
        for event in events:
            match event:
                case LockAwaited():
                    self._waits_for = event.holder.words
                case RemovalDecided():
                    self.is_decided = True
                case NodeRemoved():
                    self._gone += 1
                    self._name = self._labels.get(event.node, "")
                case _:
                    pass

    @property
    def words(self) -> str:
        """How far it is, as a sentence without a final full stop."""
        if not self.is_decided:
            waits = f": waits for {self._waits_for}" if self._waits_for else ""
            return f"Removing{waits}; {self._back} gives it up as long as nothing is gone"
        if not self._gone:
            return (
                f"Removed; the files of {counted(len(self._labels), 'package')} are being deleted"
            )
        return f"Deleted {self._gone} of {len(self._labels)}: {self._name}"


def _first(package: Touched, number: int) -> str:
    return f"{package.label} is needed" if number == 1 else f"{package.label} and others are needed"


def done_words(plan: RemovalPlan, removal: Removal) -> str:
    """What was done, as a sentence without a final full stop."""
    number = f" (operation {removal.number})" if removal.number else ""
    freed = f", {size(plan.bytes_freed)} freed" if removal.removed else ""
    return f"{counted(len(removal.removed), 'package')} removed{freed}{number}"


def left_words(removal: Removal) -> tuple[str, ...]:
    """What did not quite work, as sentences; often nothing."""
    left = [f"{path} could not be deleted yet: {why}." for path, why in removal.left.items()]
    if left:
        left.append("The next install or removal tries again.")
    if removal.problem:
        left.append(f"It is not in the history yet. {removal.problem}")
    return tuple(left)
