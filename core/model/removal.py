"""What a removal would do: pure data, shown before anything is removed."""

from collections.abc import Mapping
from typing import Literal

from core.model.history import Touched
from core.model.ident import DagHash
from core.model.value import Value

RemovalKind = Literal["uninstall", "undo"]
"""Why something is removed."""


class Leaving(Value, frozen=True):
    """A package that would be removed."""

    package: Touched
    """Which one."""
    reason: str
    """Why, as a sentence."""
    bytes: int
    """Bytes on disk that become free; 0 for what the system provides, which is only forgotten."""
    explicit: bool
    """True if a user asked for it by name."""
    is_external: bool = False
    """True if the system provides it: its files stay."""


class Staying(Value, frozen=True):
    """A package that was meant and stays."""

    package: Touched
    """Which one."""
    reason: str
    """Why, as a sentence."""


class RemovalPlan(Value, frozen=True):
    """What a removal would do to a store."""

    kind: RemovalKind
    """Why something is removed."""
    store: str
    """Root of the install tree."""
    roots: tuple[DagHash, ...]
    """What the user asked to remove; of an undo, what the operation had been asked for."""
    removed: tuple[Leaving, ...]
    """What goes, dependents before what they need."""
    kept: tuple[Staying, ...] = ()
    """What was meant and stays."""
    unused: tuple[Touched, ...] = ()
    """What nothing would need any more afterwards, and stays all the same."""
    implicit: tuple[Touched, ...] = ()
    """What stays, and no longer counts as asked for by name."""
    undoes: int = 0
    """Number of the operation that this takes back; 0 if it is no undo."""

    @property
    def bytes_freed(self) -> int:
        """Bytes on disk that become free."""
        return sum(item.bytes for item in self.removed)

    @property
    def has_work(self) -> bool:
        """True if it would change anything."""
        return bool(self.removed or self.implicit)

    @property
    def refused(self) -> tuple[Staying, ...]:
        """Of an uninstall, what it cannot remove: then nothing is removed."""
        return self.kept if self.kind == "uninstall" else ()


class Removal(Value, frozen=True):
    """What a removal did."""

    number: int
    """Number of the operation in the history; 0 if the history cannot be written."""
    removed: tuple[Touched, ...]
    """What was removed."""
    left: Mapping[str, str]
    """What is out of sight and could not be deleted yet, and why: tried again by the next."""
    problem: str = ""
    """Why it is not in the history, as sentences; empty if it is."""
