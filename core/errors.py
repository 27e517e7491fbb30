"""The one tree of errors.

Every error says what happened (title), where (detail), what to do next (hint), and whether
trying again can help. The families carry the exit status of the command line.
"""

from typing import ClassVar


class SpackbinError(Exception):
    """A broken promise, said plainly."""

    exit_status: ClassVar[int] = 1
    """Exit status of a command that ends with this error."""

    def __init__(self, title: str, detail: str = "", hint: str = "", *, retry: bool = False):
        super().__init__(title)
        self.title = title
        """What happened, one sentence without a final full stop."""
        self.detail = detail
        """Where: mirror, package, file; may be empty."""
        self.hint = hint
        """What to do next; may be empty."""
        self.retry = retry
        """True if doing the same again can succeed."""

    def sentences(self) -> tuple[str, ...]:
        """The error as one to three sentences, each with a final full stop."""
        parts = (self.title, self.detail, self.hint)
        return tuple(part if part.endswith((".", "?")) else part + "." for part in parts if part)

    def __str__(self) -> str:
        return " ".join(self.sentences())


class WrongUse(SpackbinError):
    """The request itself cannot be understood: a bad name, query or option."""

    exit_status = 2


class Refused(SpackbinError):
    """Trust says no: unsigned, unknown key, bad signature, checksum, unsafe archive."""

    exit_status = 3


class NotAvailable(SpackbinError):
    """No mirror has it, this host cannot run it, or it would need a source build."""

    exit_status = 4


class MirrorError(SpackbinError):
    """A mirror cannot be reached, or what it serves cannot be read."""


class StoreError(SpackbinError):
    """The store cannot be read or written: permissions, space, locks, database."""


class RelocationError(SpackbinError):
    """A package cannot be moved to this store."""


class Interrupted(SpackbinError):
    """The user, or a signal, ended the work."""

    exit_status = 130


class NotFound(MirrorError):
    """A mirror answers, and has no such thing."""


class TooLong(MirrorError):
    """A mirror sends more than it announced, or more than may ever come."""
