"""Runs whose engine is a job of Slurm: submitting one, and how it is seen from here.

The run is made here, with the very plan that the user has seen; the job is the engine of that run.
"""

import os
import shlex
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

from core.atomic import write_atomically
from core.engine.builders.environment import build_environment
from core.engine.builders.protocol import JobState
from core.engine.builders.record import read_job, write_job
from core.engine.builders.site import SlurmSettings, read_site
from core.engine.builders.slurm_client import OURS, SlurmClient
from core.engine.builders.slurm_job import job_options
from core.engine.builders.slurm_queue import QueuedJob
from core.engine.journal import JOURNAL, LOCK, LOG, Run
from core.engine.liveness import is_at_rest, rest
from core.errors import NotAvailable, SpackbinError
from core.model.mirror import Mirror
from core.session.standby import PACKAGES
from core.settings import Settings

SCRIPT = "install.sh"
"""In the directory of the run: what the job runs."""
SLURM = "slurm"
"""Whose job it is."""
PAUSE = 2.0
"""Seconds between two questions to Slurm."""
LAG = 10.0
"""Seconds that the files of a job may take to arrive here after its end."""
_TEXT = """\
#!/bin/bash
# Installs what a run was asked for. Written by spackbin.
{setup}
cd -- {packages} || exit 1
exec {python} -m core.engine {run}
"""


def send(run: Run, settings: Settings, mirrors: tuple[Mirror, ...]) -> Run:
    """Have a run, which nobody has begun, carried out by a node of the cluster.

    Its mirrors' logins go along: Slurm keeps the environment of a job that waits.

    Raises:
        WrongUse: the config file is not right.
        NotAvailable: there is no Slurm here.
        SpackbinError: Slurm does not take the job.
        StoreError: the run cannot be recorded. Nothing of it is left, whatever happens.
    """
    try:
        site = read_site(settings.config_dir).slurm
        script = _write_script(run.directory, site)
        passed = (*site.environment, *OURS, "NETRC", *_logins(mirrors))
        client = SlurmClient(build_environment(os.environ, passed))
        job = client.submit([*_options(run, site), str(script)])
        write_job(run.directory, SLURM, job)
    except BaseException:
        shutil.rmtree(run.directory, ignore_errors=True)
        raise
    return SentRun(run.directory)


class SentRun(Run):
    """One whose engine is a job: it lives as long as that waits or runs.

    Args:
        directory: of the run, with the id of the job in it.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.job = read_job(directory, SLURM) or ""
        """Its id."""
        self._client = SlurmClient(build_environment(os.environ, OURS))
        self._asked: float | None = None
        self._active: float | None = None
        self._is_queued = False
        self._reason = ""
        self._standing = ""

    def is_alive(self) -> bool:
        """True while the job waits or its engine lives."""
        return super().is_alive() or self._is_in_queue()

    def standing(self) -> str:
        """Why it has not begun."""
        if (self.directory / JOURNAL).exists():
            return ""
        return self._standing

    def cancel(self) -> None:
        """Ask the engine to stop; a job that still waits is taken out of the queue."""
        super().cancel()
        # If it begins nevertheless it finds itself cancelled.
        with suppress(SpackbinError):
            self._client.withdraw(self.job)
        self._asked = None

    def pause(self) -> None:
        """Ask the engine to begin nothing new; a job that still waits is not begun."""
        super().pause()
        if not (self.directory / JOURNAL).exists():
            # If it begins nevertheless it finds itself paused.
            with suppress(SpackbinError):
                self._client.hold([self.job])

    def resume(self) -> None:
        """Ask the engine to go on, and let its job begin.

        Raises:
            StoreError: the directory of the run cannot be written.
            SpackbinError: Slurm does not answer; it stays paused.
        """
        if not (self.directory / JOURNAL).exists():
            self._client.release([self.job])
        super().resume()

    def last_words(self) -> str:
        """The last line of the engine process, else what Slurm says of its job."""
        return super().last_words() or (f"Job {self.job}: {self._reason}" if self._reason else "")

    def _is_in_queue(self) -> bool:
        now = time.monotonic()
        if is_at_rest(self.directory / LOCK):
            self._is_queued = False
        elif self._asked is None or now - self._asked >= PAUSE:
            self._asked = now
            self._is_queued = self._ask(now)
        return self._is_queued

    def _ask(self, now: float) -> bool:
        try:
            seen = self._client.queue([self.job]).get(self.job)
        except SpackbinError as error:
            self._standing = self._reason = error.title
            # If Slurm does not answer it may wait; where there is none nobody can wait for it.
            return not isinstance(error, NotAvailable)
        self._reason = seen.reason if seen else "it is not in Slurm's queue"
        if seen and seen.state in (JobState.WAITING, JobState.RUNNING):
            self._active = now
            self._standing = _standing(self.job, seen)
            return True
        has_begun = seen is None or bool(seen.host)
        if has_begun and self._active and now - self._active < LAG:
            return True
        rest(self.directory / LOCK)
        return False


def _standing(job: str, seen: QueuedJob) -> str:
    if seen.state is JobState.RUNNING:
        return f"Job {job} begins on {seen.host}" if seen.host else f"Job {job} begins"
    waits = f"Job {job} waits in Slurm's queue"
    return f"{waits}: {seen.reason}" if seen.reason else waits


def _write_script(directory: Path, site: SlurmSettings) -> Path:
    text = _TEXT.format(
        setup="\n".join(site.setup),
        packages=shlex.quote(PACKAGES),
        python=shlex.quote(sys.executable),
        run=shlex.quote(str(directory)),
    )
    path = directory / SCRIPT
    write_atomically(path, text.encode())
    path.chmod(0o700)
    return path


def _options(run: Run, site: SlurmSettings) -> list[str]:
    options = job_options(
        site,
        site.install_needs(),
        name="spackbin",
        comment=f"spackbin {run.directory}",
        output=str(run.directory / LOG),
    )
    # What an engine that died has left is for the next one to find out, not for the same again.
    return [*options, "--no-requeue", *site.options]


def _logins(mirrors: tuple[Mirror, ...]) -> list[str]:
    """The variables in which the mirrors' logins are, by the user's own word."""
    return [
        name
        for mirror in mirrors
        for name in (
            mirror.connection.user_variable,
            mirror.connection.secret_variable,
            mirror.connection.token_variable,
        )
        if name
    ]
