"""Having Spack build one concrete spec, and nothing else."""

import json
import re
from pathlib import Path

from core.atomic import write_atomically
from core.model.ident import DagHash
from core.model.value import Value
from core.spack.instance import SpackInstance

SPEC = "./spec.json"
"""The concrete spec, named so from its own directory: Spack takes an argument for a file only if
its path has no spaces and few other characters (Spack 1.x `spec_parser.py`)."""
SCOPE = "scope"
"""Beside the spec: the configuration for this build."""

_PHASES = (
    # The first installer, up to 1.1 the only one that is used unless told otherwise.
    re.compile(r"==> (?:\[[^\]]*\] )?\S+: Executing phase: '([^']+)'"),
    # The second one, where its output is no terminal.
    re.compile(r"\[ \] [a-z2-7]{7,32} \S+@\S+ ([a-z_][\w ]*?)(?: \([\dhms. ]+\))?"),
)


class InstallCommands(Value, frozen=True):
    """The commands of one build, to be run in the directory of its `spec.json`."""

    find: tuple[str, ...]
    """Ends with 0 if it is installed: then nothing else is to be run."""
    install: tuple[str, ...]
    """Builds and registers it; ends with 0 if and only if that was done."""
    settle: tuple[str, ...]
    """After that: notes that nobody asked for it by name, which is for us to say."""


def install_commands(
    spack: SpackInstance, store: Path, directory: Path, hash_: DagHash, jobs: int = 0
) -> InstallCommands:
    """How Spack (0.23 to 1.3) builds the spec in `directory` into our store.

    The store comes to Spack by a configuration scope of its own, which is written to `directory`;
    all else is the user's configuration, but no environment is active. Dependencies must be
    installed, or Spack fails. No build cache gives the package; source mirrors do serve.

    Args:
        spack: who builds.
        store: root of the install tree.
        directory: where `spec.json` is.
        hash_: the DAG hash of its root.
        jobs: processes of one build; 0 leaves it to Spack's configuration.

    Raises:
        StoreError: the scope cannot be written.
    """
    # The root is that of the tree as it is: a padding that is configured is part of it already.
    tree = {"root": str(store), "padded_length": 0}
    configuration = {"config": {"install_tree": tree}}
    write_atomically(directory / SCOPE / "config.yaml", json.dumps(configuration).encode())
    program = str(spack.prefix / "bin" / "spack")
    base = (program, "--color", "never", "--no-env", "--config-scope", str(directory / SCOPE))
    only = ("--verbose", "--only", "package", "--no-cache")
    limit = ("--jobs", str(jobs)) if jobs else ()
    return InstallCommands(
        find=(*base, "find", f"/{hash_}"),
        install=(*base, "install", *only, *limit, SPEC),
        settle=(*base, "mark", "--implicit", f"/{hash_}"),
    )


def step_of(line: str) -> str | None:
    """The phase that a line of Spack's output says has begun, e.g. `configure`; else `None`.

    Those of a recipe come from both installers of Spack (0.23 to 1.3), `staging` from the second.
    """
    line = line.rstrip()
    found = next(filter(None, (phase.fullmatch(line) for phase in _PHASES)), None)
    return found[1] if found else None
