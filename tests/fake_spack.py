"""A program that stands for `spack`: it builds by `tests.builders`, into the store it is told."""

import json
import os
import stat
import sys
from pathlib import Path

from core.store.database import Database
from core.store.paths import StorePaths
from tests.builders import build

ROOT = Path(__file__).parents[1]


def fake_spack(prefix: Path) -> Path:
    """Lay it where a Spack would be; returns its prefix."""
    for directory in ("lib/spack/spack", "etc/spack", "bin"):
        (prefix / directory).mkdir(parents=True)
    program = prefix / "bin" / "spack"
    environment = f"PYTHONPATH={ROOT}"
    program.write_text(f'#!/bin/sh\n{environment} exec {sys.executable} -m tests.fake_spack "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return prefix


def main(arguments: list[str]) -> int:
    scope = Path(arguments[arguments.index("--config-scope") + 1])
    tree = json.loads((scope / "config.yaml").read_text())["config"]["install_tree"]
    store = Path(tree["root"])
    records = Database(StorePaths(store)).read().records
    match arguments[-2], arguments[-1]:
        case "find", hash_:
            is_there = any(
                hash_ == f"/{one}" for one, record in records.items() if record.installed
            )
            return 0 if is_there else 1
        case _, "./spec.json":
            return build(Path.cwd(), store)
        case _:
            assert "mark" in arguments
            return 0


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)
