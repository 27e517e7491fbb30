"""One file for each screen. Screens post requests and learn facts; they start no jobs."""


def load_all() -> None:
    """Load the screens that a key may open; to be called once nobody waits."""
    import importlib
    import pkgutil

    for found in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(found.name)
