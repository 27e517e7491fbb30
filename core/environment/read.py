"""Reading an environment from its directory."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import yaml

from core.errors import NotAvailable, WrongUse
from core.model.environment import Environment
from core.model.lockfile import environment_of

LOCK, MANIFEST = "spack.lock", "spack.yaml"
MAX_LOCK = 128 << 20
"""Bytes that a lock file may have; those of large stacks have some ten million."""
MAX_MANIFEST = 4 << 20
"""Bytes that a `spack.yaml` may have."""


def read_environment(path: Path) -> Environment:
    """The environment at `path`.

    Args:
        path: its directory, its `spack.lock`, or its `spack.yaml` with a `spack.lock` beside it.

    Raises:
        WrongUse: there is no environment, or it cannot be read or understood.
        NotAvailable: it was never concretized, so that nothing is decided yet.
    """
    directory = path if os.path.isdir(path) else path.parent
    lock = path if os.path.isfile(path) and path.name != MANIFEST else directory / LOCK
    if not os.path.isfile(lock):
        raise _not_there(path, directory / MANIFEST)
    try:
        return environment_of(_bytes(lock, MAX_LOCK))
    except WrongUse as error:
        raise WrongUse(
            f"The lock file of this environment cannot be used: {error.title}", str(lock)
        ) from error


def _bytes(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            is_too_large = os.fstat(stream.fileno()).st_size > limit
            data = b"" if is_too_large else stream.read(limit)
    except OSError as error:
        raise WrongUse(error.strerror or "it cannot be read") from error
    if is_too_large:
        raise WrongUse(f"it has more than {limit >> 20} MiB")
    return data


def _not_there(path: Path, manifest: Path) -> WrongUse | NotAvailable:
    if not os.path.isfile(manifest):
        hint = f"Name a directory with a {LOCK}"
        return WrongUse("There is no Spack environment here", str(path), hint)
    wanted = ", ".join(_asked_for(manifest))
    return NotAvailable(
        f"This environment has no {LOCK}, so what it needs is not decided yet",
        f"{manifest} asks for {wanted}" if wanted else str(manifest),
        f"Run: spack -e {manifest.parent} concretize",
    )


def _asked_for(manifest: Path) -> list[str]:
    """The specs that a `spack.yaml` lists plainly; none if it cannot be read."""
    try:
        document: object = yaml.safe_load(_bytes(manifest, MAX_MANIFEST))
    except (WrongUse, yaml.YAMLError, ValueError, RecursionError):
        return []
    top = _fields(document)
    return list(_specs(_fields(top.get("spack", top.get("env"))).get("specs")))


def _specs(items: object) -> Iterator[str]:
    if not isinstance(items, list):
        return
    for item in cast("list[object]", items):
        if isinstance(item, str):
            yield item
        else:
            # A group of specs, since Spack 1.2.
            inner = _fields(item).get("specs")
            texts = cast("list[object]", inner) if isinstance(inner, list) else []
            yield from (text for text in texts if isinstance(text, str))


def _fields(value: object) -> Mapping[object, object]:
    return cast("Mapping[object, object]", value) if isinstance(value, dict) else {}
