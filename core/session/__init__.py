"""The front door: what the screen, the command line and scripts may ask of the core."""

from core.engine.journal import Run
from core.session.session import Session

__all__ = ["Run", "Session"]
