"""spackbin beside a Spack that builds, run as a user would."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.program import Program

PATIENCE = 60


@dataclass
class BuildingProgram(Program):
    """spackbin beside a Spack."""

    spack: Path | None = None
    path: str = "/usr/bin:/bin"
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further variables."""

    @property
    def environment(self) -> dict[str, str]:
        environment = {**super().environment, "SPACKBIN_USE_SPACK": "true", "PATH": self.path}
        spack = {"SPACK_ROOT": str(self.spack)} if self.spack else {}
        return {**environment, **spack, **self.more}

    def order(self, **packages: object) -> None:
        """What the Spack is to do with packages, see `tests.builders`."""
        (self.store.parent / "orders.json").write_text(json.dumps(packages))

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command whose standard error is to be read."""
        return subprocess.Popen(
            self.arguments(*arguments),
            env=self.environment,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def read_until(running: subprocess.Popen[str], words: str) -> str:
    """What a command says up to the line with these words."""
    assert running.stderr
    said = ""
    for line in running.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(said)


def rest_of(running: subprocess.Popen[str]) -> str:
    """What else a command says until its end."""
    assert running.stderr
    with running.stderr as stream:
        said = stream.read()
    running.wait(timeout=PATIENCE)
    return said


def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
