"""Whether what no mirror has can be built here, found out before anything is done."""

import tempfile
from pathlib import Path

from msgspec.structs import replace

from core.engine.builders import choice
from core.engine.builders.protocol import BuildTask
from core.errors import NotAvailable, SpackbinError
from core.model.plan import Disposition, Obstacle, Plan
from core.settings import Settings
from core.spack.instance import find_spack

NO_SPACK = Obstacle(
    "There is no Spack here to build it with",
    "None is configured, and none was found by SPACK_ROOT or PATH",
    "Install Spack (https://spack.io), or name the one to use with SPACK_ROOT",
    NotAvailable.exit_status,
)
"""What to say if packages are to be built and nothing builds."""


def with_builder(plan: Plan, settings: Settings) -> Plan:
    """`plan`, which has packages to build, with the Spack that builds them, or what is lacking."""
    spack = find_spack(given=settings.spack) if settings.use_spack else None
    if spack is None:
        return _obstructed(plan, NO_SPACK)
    found = replace(plan, spack=str(spack.prefix))
    place = replace(settings, store=Path(plan.store))
    # Nothing is made there: the builder is only asked.
    nowhere = Path(tempfile.gettempdir()) / "spackbin-no-task"
    tasks = [
        BuildTask(node.spec.hash, node.spec.label, node.spec.target, nowhere / node.spec.hash)
        for node in plan.having(Disposition.BUILD)
    ]
    try:
        notes = choice.choose_builder(place, plan.builder, spack.prefix).check(tasks)
    except SpackbinError as error:
        obstacle = Obstacle(error.title, error.detail, error.hint, error.exit_status)
        return _obstructed(found, obstacle)
    warnings = (*plan.preflight.warnings, *(note.removesuffix(".") for note in notes))
    return replace(found, preflight=replace(plan.preflight, warnings=warnings))


def _obstructed(plan: Plan, obstacle: Obstacle) -> Plan:
    preflight = plan.preflight
    return replace(plan, preflight=replace(preflight, obstacles=(*preflight.obstacles, obstacle)))
