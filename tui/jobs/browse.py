"""What is there: the machine, packages, builds, plans."""

import os
from pathlib import Path

from tui.jobs.job import Job, perform
from tui.messages import facts, requests


@perform.register
def _read_host(_: requests.ReadHost, job: Job) -> None:
    job.tell(facts.HostRead(job.session.host(), str(job.session.settings.store)))


@perform.register
def _find_packages(request: requests.FindPackages, job: Job) -> None:
    found = job.session.packages(request.query, all_targets=request.all_targets)
    job.tell(facts.PackagesFound(request, tuple(found)))


@perform.register
def _find_builds(request: requests.FindBuilds, job: Job) -> None:
    found = job.session.builds(request.name, request.query, all_targets=request.all_targets)
    job.tell(facts.BuildsFound(request, tuple(found)))


@perform.register
def _read_details(request: requests.ReadDetails, job: Job) -> None:
    job.tell(facts.DetailsRead(job.session.details(request.hash)))


@perform.register
def _make_plan(request: requests.MakePlan, job: Job) -> None:
    plan = job.session.plan(
        request.hashes,
        cancel=job.token,
        environment=request.environment,
        builder=request.builder,
    )
    job.tell(facts.PlanMade(request, plan, _room(Path(plan.store))))


def _room(store: Path) -> facts.Room | None:
    """What is left where the store is, or will be."""
    while not os.path.exists(store) and store != store.parent:
        store = store.parent
    try:
        found = os.statvfs(store)
    except OSError:
        return None
    return facts.Room(found.f_bavail * found.f_frsize, found.f_favail)
