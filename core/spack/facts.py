"""What the files of a Spack say about it. Nothing is run.

Source: Spack 0.18 to 1.x `__init__.py` (version), `bin/spack` (choice of Python), `config.py` and
`schema/config.py` (install tree).
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from core.model.spackfacts import SpackFacts
from core.spack.instance import SpackInstance
from core.spack.sections import Sections, fields_of

DEFAULT_TREE = "$spack/opt/spack"
"""Where Spack installs if nothing is configured."""
BELOW_ROOT = 300
"""Characters that Spack keeps for paths below a root that it pads as far as the system allows."""

_VERSION = re.compile(r"""^__version__ = ["']([^"']{1,40})["']""", re.MULTILINE)
_PYTHONS = ("python3", "python")


def read_facts(spack: SpackInstance) -> SpackFacts:
    """What the files of a Spack say about it; what they do not say is empty."""
    sections = Sections(spack)
    tree = sections.read("config").get("install_tree")
    # Before 0.16 the root stood alone, and Spack still reads it so.
    placing = {"root": tree} if isinstance(tree, str) else fields_of(tree)
    projections = placing.get("projections")
    return SpackFacts(
        prefix=str(spack.prefix),
        version=version_of(spack),
        python=_python(spack),
        scopes=tuple(str(path) for path in sections.scopes.paths if os.path.exists(path)),
        install_tree=_place(spack, placing.get("root") or DEFAULT_TREE),
        padding=_padding(placing),
        projections=tuple((key, str(value)) for key, value in fields_of(projections).items()),
        upstreams=tuple(
            (name, _place(spack, fields_of(entry).get("install_tree")))
            for name, entry in sections.read("upstreams").items()
        ),
        notes=tuple(dict.fromkeys(sections.notes)),
    )


def version_of(spack: SpackInstance) -> str:
    """The version of a Spack; empty if it does not say."""
    try:
        text = (spack.prefix / "lib/spack/spack/__init__.py").read_text(errors="replace")
    except OSError:
        return ""
    found = _VERSION.search(text)
    return found[1] if found else ""


def configuration_stamp(spack: SpackInstance) -> tuple[tuple[str, int], ...]:
    """What changes whenever a file of the configuration does: paths and times of change."""
    files: list[Path] = []
    for path in Sections(spack).scopes.paths:
        files += (
            path.glob("*.yaml") if os.path.isdir(path) else [path] if os.path.exists(path) else []
        )
    return tuple((str(file), _changed(file)) for file in sorted(files))


def _place(spack: SpackInstance, text: object) -> str:
    """The path that a text of the configuration means (Spack 1.x `canonicalize_path`)."""
    path = spack.substituted(str(text or "")).removeprefix("file://")
    return os.path.normpath(path) if path else ""


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _padding(placing: Mapping[str, object]) -> int:
    length = placing.get("padded_length")
    if length is True:
        return os.pathconf("/", "PC_PATH_MAX") - BELOW_ROOT
    return length if type(length) is int and length > 0 else 0


def _python(spack: SpackInstance) -> str:
    path = spack.environ.get("PATH", "")
    candidates = filter(None, (spack.environ.get("SPACK_PYTHON"), *_PYTHONS))
    return next(filter(None, (shutil.which(name, path=path) for name in candidates)), "")
