"""Spack environments."""

from tui.jobs.job import Job, perform
from tui.jobs.paths import typed_path
from tui.messages import facts, requests


@perform.register
def _read_environment(request: requests.ReadEnvironment, job: Job) -> None:
    environment = job.session.environment(typed_path(request.path))
    job.tell(facts.EnvironmentRead(request, environment))
