"""Paths as users type them."""

from pathlib import Path

from core.errors import WrongUse


def typed_path(text: str) -> Path:
    """The path that is meant: `~` is the home directory.

    Raises:
        WrongUse: there is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise WrongUse("There is no user of this name", text) from error
