"""What was done to a store: one value per operation, as the history of the store keeps it.

The history is read by other users and by other versions of spackbin: a field is never taken away,
a new one has a default.
"""

from typing import Literal

import msgspec

from core.model.ident import DagHash, MirrorName, Sha256

OperationKind = Literal["install", "uninstall", "undo", "mark"]
"""What kind of operation: `mark` notes that the user asked by name for what was there already."""


class Touched(msgspec.Struct, frozen=True):
    """A package that an operation was about."""

    hash: DagHash
    """DAG hash."""
    name: str
    """Package name."""
    version: str
    """Version."""
    prefix: str = ""
    """Where it is, or was; empty if it has no place."""

    @property
    def label(self) -> str:
        """`name@version/hash7`."""
        return f"{self.name}@{self.version}/{self.hash[:7]}"


class Added(Touched, frozen=True):
    """A package that an operation installed, and on whose word."""

    mirror: MirrorName = MirrorName("")
    """The mirror that it came from; empty if nobody noted it."""
    archive_sha256: Sha256 = Sha256("")
    """Digest of the archive as stored on the mirror; empty if nobody noted it."""
    signer: str = ""
    """Fingerprint of the primary key that signed; empty if there was no good signature."""
    signer_name: str = ""
    """Its user id. Foreign text."""
    exception: str = ""
    """The exceptions from the rules of trust that let it in, as a sentence; empty if none did."""


class Removed(Touched, frozen=True):
    """A package that an operation removed."""

    explicit: bool = False
    """True if a user had asked for it by name."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation on a store."""

    number: int = 0
    """Which one, counted from 1; 0 before the history has given it a number."""
    kind: OperationKind
    """What kind of operation."""
    id: str
    """Unique among all operations; of an install, the id of its run."""
    started: float
    """Seconds since the epoch."""
    ended: float
    """Seconds since the epoch; of one that was completed after a crash, the last that is known."""
    user: str
    """Login name of who did it."""
    uid: int
    """Number of that user."""
    host: str
    """Machine on which it was done."""
    spackbin: str
    """Version of the program."""
    roots: tuple[DagHash, ...] = ()
    """What the user asked for."""
    added: tuple[Added, ...] = ()
    """What was installed."""
    explicit: tuple[Touched, ...] = ()
    """What a user had not asked for by name before, and has since."""
    implicit: tuple[Touched, ...] = ()
    """What no longer counts as asked for by name."""
    removed: tuple[Removed, ...] = ()
    """What was removed."""
    undoes: int = 0
    """Number of the operation that it took back; 0 if it is no undo."""
    exit_status: int = 0
    """Exit status of the command."""

    @property
    def has_effect(self) -> bool:
        """True if it changed anything."""
        return bool(self.added or self.explicit or self.implicit or self.removed)


class History(msgspec.Struct, frozen=True):
    """What was done to one store."""

    operations: tuple[Operation, ...] = ()
    """All operations, oldest first."""
    damaged: int = 0
    """Lines that cannot be read."""

    def find(self, number: int) -> Operation | None:
        """The operation of this number."""
        return next((item for item in self.operations if item.number == number), None)

    def undone(self) -> frozenset[int]:
        """Numbers of the operations that were taken back."""
        return frozenset(item.undoes for item in self.operations if item.undoes)

    def last_to_undo(self) -> Operation | None:
        """The newest operation that did something, is not an undo, and was not taken back yet."""
        undone = self.undone()
        for operation in reversed(self.operations):
            if operation.kind != "undo" and operation.has_effect and operation.number not in undone:
                return operation
        return None
