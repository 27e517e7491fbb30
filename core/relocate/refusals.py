"""Why a binary cannot be relocated."""

from core.errors import RelocationError


class MustGrow(RelocationError):
    """Interpreter or RPATH of an ELF file do not fit into their places: `grow.grown` helps."""

    def __init__(self, refusal: RelocationError, rpath: bytes | None, interpreter: bytes | None):
        super().__init__(refusal.title, refusal.detail, refusal.hint)
        self.rpath = rpath
        """The RPATH that is to be there; `None` to leave it."""
        self.interpreter = interpreter
        """The interpreter that is to be there; `None` to leave it."""


def cannot_grow(old: bytes, new: bytes) -> RelocationError:
    """The error for a path in a binary whose new form is longer than its place."""
    by = len(new) - len(old)
    return RelocationError(
        "A path in a binary would have to grow",
        f"{shown(old)} would become {shown(new)}",
        f"Use a store whose path is shorter, by {by} or more characters",
    )


def cannot_shrink(old: bytes, new: bytes, by: int) -> RelocationError:
    """The error for a path in a binary that is a little too short for its place."""
    return RelocationError(
        "A path in a binary can neither be filled up nor cut short",
        f"{shown(old)} would become {shown(new)}",
        f"Use a store whose path is shorter, by {by} or more characters",
    )


def shown(path: bytes) -> str:
    """`path` for a message: quoted, in ASCII."""
    return ascii(path.decode("utf-8", "surrogateescape"))
