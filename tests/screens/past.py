"""A store with a history, for the pictures of it."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from core.model.history import Added, Operation, Touched
from core.model.plan import Disposition, Plan
from core.settings import Settings
from core.store.database import Database, Installation
from core.store.history import HistoryFile
from core.store.paths import StorePaths


def store_with_a_past(settings: Settings, plan: Plan, now: float) -> Settings:
    """Settings for a store into which two people installed, as its history tells."""
    settings = replace(
        settings, store=settings.store.parent / "lab", state_dir=settings.state_dir / "lab"
    )
    paths = StorePaths(settings.store)
    added: list[Added] = []
    for node in plan.having(Disposition.CACHED):
        spec, source = node.spec, node.source
        assert source
        prefix = paths.root / "linux-x86_64_v3" / f"{spec.name}-{spec.version}-{spec.hash}"
        prefix.mkdir(parents=True)
        added.append(
            Added(
                spec.hash, spec.name, spec.version, str(prefix),
                source.mirror, source.archive_sha256, source.signer, source.signer_name,
            )
        )  # fmt: skip
    installations = [
        Installation(plan.graph[item.hash], Path(item.prefix), item.name in ("beacon", "reef"))
        for item in added
    ]
    Database(paths).register_many(installations, plan.graph)
    first = tuple(item for item in added if item.name not in ("kelp", "reef"))
    second = tuple(item for item in added if item not in first)
    log = HistoryFile(paths)
    log.append(operation(now - 86_400 * 3, first, user="ada"))
    failed = operation(now - 86_400 * 2, (), user="grace", exit_status=3)
    log.append(msgspec.structs.replace(failed, roots=(second[-1].hash,)))
    log.append(operation(now, second, user="grace"))
    return settings


def operation(
    ended: float, added: tuple[Added, ...], *, user: str, exit_status: int = 0
) -> Operation:
    """An install."""
    roots = tuple(item for item in added if item.name in ("beacon", "reef"))
    return Operation(
        kind="install",
        id=f"install-{ended:.0f}",
        started=ended - 3,
        ended=ended,
        user=user,
        uid=1000,
        host="login1",
        spackbin="1.0.0",
        roots=tuple(item.hash for item in roots),
        added=added,
        explicit=tuple(Touched(one.hash, one.name, one.version, one.prefix) for one in roots),
        exit_status=exit_status,
    )
