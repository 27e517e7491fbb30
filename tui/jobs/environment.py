"""Spack environments."""

from pathlib import Path

from core.errors import WrongUse
from tui.jobs.job import Job, perform
from tui.messages import facts, requests


@perform.register
def _read_environment(request: requests.ReadEnvironment, job: Job) -> None:
    try:
        path = Path(request.path).expanduser()
    except RuntimeError as error:
        raise WrongUse("There is no user of this name", request.path) from error
    job.tell(facts.EnvironmentRead(request, job.session.environment(path)))
