"""Configuration that goes before that of Spack's user for what we ask; theirs is never written."""

import hashlib
import json
from pathlib import Path

from core.atomic import write_atomically

INDEX = ".spack-db/index.json"
"""What makes a directory an install tree with something in it (Spack 1.x `database.py`)."""


def scope_for(store: Path, directory: Path) -> Path:
    """A directory to be given to Spack with `-C`, by which `store` is its install tree.

    Padding and projections of its user's own tree do not hold there. A store with nothing in it
    is replaced by an empty directory that does not exist: Spack would leave locks in it.

    Args:
        store: root of the install tree.
        directory: where such directories are kept.

    Raises:
        StoreError: it cannot be written.
    """
    root = store if (store / INDEX).exists() else directory / "nothing-installed"
    text = json.dumps({"config": {"install_tree:": {"root": str(root)}}}, indent=1)
    scope = directory / hashlib.sha256(text.encode()).hexdigest()[:16]
    file = scope / "config.yaml"
    if not file.exists():
        write_atomically(file, text.encode())
    return scope
