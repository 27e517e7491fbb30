"""One file for each screen. Screens post requests and learn facts; they start no jobs."""

import importlib
import pkgutil


def load_all() -> None:
    """Load the screens that a key may open; to be called once nobody waits."""
    for found in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(found.name)
