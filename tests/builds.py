"""Builds whose Spack is a line of shell, run by the real builders."""

import time
from collections.abc import Callable
from pathlib import Path

from core.engine.builders.protocol import Builder, BuildTask, JobReport, JobState
from core.model.ident import DagHash
from core.spack.install import InstallCommands

PATIENCE = 60
ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


def a_task(root: Path, name: str, target: str = "x86_64") -> BuildTask:
    """A task with a directory of its own, whose name asks for quoting."""
    directory = root / "builds of 'ours' & 100%$HOME" / name
    directory.mkdir(parents=True, exist_ok=True)
    return BuildTask(DagHash(name.ljust(32, "a")), f"{name}@1.0", target, directory)


def running(install: str, find: str = "false", settle: str = "true") -> InstallCommands:
    """The commands of a build that are lines of shell."""
    return InstallCommands(*(("/bin/bash", "-c", line) for line in (find, install, settle)))


def wait_for(
    builder: Builder, job: str, wanted: Callable[[JobReport], bool], patience: float = PATIENCE
) -> JobReport:
    """Poll until a job stands as wanted."""
    end = time.monotonic() + patience
    while True:
        report = builder.poll([job])[job]
        if wanted(report):
            return report
        assert time.monotonic() < end, report
        time.sleep(0.05)


def ended(report: JobReport) -> bool:
    return report.state in ENDED


def runs(report: JobReport) -> bool:
    return report.state is JobState.RUNNING


def wait_until(is_so: Callable[[], bool], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
