"""The front door: what the screen, the command line and scripts may ask of the core.

Both are loaded when they are first looked at: to start an engine early needs neither.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.engine.journal import Run
    from core.session.session import Session

__all__ = ["Run", "Session"]


def __getattr__(name: str) -> object:
    if name == "Session":
        from core.session.session import Session

        return Session
    if name == "Run":
        from core.engine.journal import Run

        return Run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
