"""Sessions in a world of their own, for tests of trust."""

from pathlib import Path

from core.cancel import CancelToken
from core.model.host import Host
from core.model.plan import Plan
from core.model.views import MirrorStatus
from core.session import Session
from core.settings import Settings
from tests.simulator.mirror import SimulatedMirror


def opened(tmp_path: Path, *, store: Path | None = None, host: Host | None = None) -> Session:
    """A session with all its files below `tmp_path / "own"`."""
    own = tmp_path / "own"
    return Session(
        Settings(
            store or own / "store",
            own / "config",
            own / "cache",
            own / "state",
            use_spack=False,
        ),
        host=host,
    )


def refresh(session: Session, name: str, **options: bool) -> MirrorStatus:
    return session.refresh(name, cancel=CancelToken(), progress=lambda *_: None, **options)


def use(session: Session, name: str, mirror: SimulatedMirror, **options: object) -> None:
    """Add a mirror, read its index, and trust its key if it has one."""
    session.add_mirror(
        name,
        mirror.url,
        signed=mirror.key is not None,
        confirmed=name,
        **options,  # type: ignore[arg-type]
    )
    refresh(session, name)
    if mirror.key:
        session.trust(name, mirror.fingerprint)


def plan(session: Session, mirror: SimulatedMirror, package: str = "boat") -> Plan:
    return session.plan([mirror.wanted(package).hash], cancel=CancelToken())


def sources(plan_: Plan) -> dict[str, str]:
    """Package name to the mirror that it comes from."""
    return {node.spec.name: node.source.mirror for node in plan_.nodes if node.source}
