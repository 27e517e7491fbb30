"""The front door: what the screen, the command line and scripts may ask of the core.

Both are loaded when they are first looked at: to start an engine early needs neither.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.engine.journal import Run
    from core.query.names import rank_names
    from core.session.session import Session

__all__ = ["Run", "Session", "rank_names"]


def __getattr__(name: str) -> object:
    if name == "Session":
        from core.session.session import Session

        return Session
    if name == "Run":
        from core.engine.journal import Run

        return Run
    if name == "rank_names":
        from core.query.names import rank_names

        return rank_names
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
