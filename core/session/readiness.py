"""Whether a store can take what a plan would bring, found out before anything is fetched for it."""

from collections.abc import Iterable
from pathlib import Path

from core.cancel import CancelToken
from core.errors import SpackbinError
from core.model.ident import MirrorName
from core.model.plan import Disposition, Obstacle, Plan
from core.planning.preflight import prefixes_of, preflight
from core.session.mirrors import MirrorDesk
from core.session.samples import Samples
from core.settings import Settings
from core.store.database import Database
from core.store.paths import StorePaths, check_writable
from core.store.records import DatabaseState, is_present
from core.store.space import look_at_space
from core.trust.pins import PinStore


class Readiness:
    """The pre-flight of a session."""

    def __init__(self, settings: Settings, mirrors: MirrorDesk, pins: PinStore) -> None:
        self._samples = Samples(settings, mirrors, pins)

    def load(self, names: Iterable[MirrorName]) -> None:
        """Have loaded what `check` needs of a plan that takes builds from these mirrors."""
        self._samples.load(names)

    def check(self, plan: Plan, cancel: CancelToken) -> Plan:
        """`plan` with what was found about its store; what cannot be moved there is blocked.

        Raises:
            Interrupted: `cancel` was cancelled.
            StoreError: the install database cannot be read.
        """
        if not plan.has_work:
            return plan
        store = StorePaths(Path(plan.store))
        state = Database(store).read()
        store, records = state.placing(store), state.records
        installed = {
            node.spec.hash: Path(record.prefix)
            for node in plan.nodes
            if (record := records.get(node.spec.hash)) and record.prefix and is_present(record)
        }
        from core.relocate.codesign import find_codesign

        known = self._samples.known(plan, store, prefixes_of(plan, store, installed), cancel)
        return preflight(
            plan,
            store,
            known,
            installed=installed,
            space=look_at_space(store.root),
            obstacles=_obstacles(store.root, state, plan),
            can_sign=find_codesign() is not None,
        )


def _obstacles(root: Path, state: DatabaseState, plan: Plan) -> tuple[Obstacle, ...]:
    """What is wrong with the store itself: rights, locks, no programs allowed there, its age."""
    try:
        check_writable(root)
        state.check_writable(node.spec for node in plan.having(Disposition.CACHED))
    except SpackbinError as error:
        return (Obstacle(error.title, error.detail, error.hint),)
    return ()
