"""A session in memory, for what no real mirror would offer: hostile text, odd states, slow jobs."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from core.cancel import CancelToken
from core.errors import MirrorError, NotAvailable, Refused, SpackbinError, WrongUse
from core.events import Event, NodeRemoved, RemovalDecided, RemovalStarted, Tell
from core.model.environment import Environment
from core.model.history import History
from core.model.host import Host
from core.model.ident import mirror_name
from core.model.keycards import KeyCard, KeyReport, Opinion, SecondSource
from core.model.mirror import Channel, KnownMirror, Mirror
from core.model.plan import Disposition, Plan
from core.model.removal import Removal, RemovalPlan
from core.model.views import BuildDetails, BuildView, KeyStatus, MirrorStatus, PackageView
from core.session.quarantine import warnings_of
from core.settings import Settings
from tests.tui.tui_builds import FakeSpack
from tests.tui.tui_judging import FakeJudge
from tests.tui.tui_values import (
    HOST,
    build,
    default_builds,
    hash_of,
    key,
    mirror,
    ready_plan,
    started_event,
)

NOT_CHECKED = tuple(
    SecondSource(name, Opinion.NOT_CHECKED, detail)
    for name, detail in (
        ("known to spackbin", "no key of this mirror is known"),
        ("keys page", "none is configured"),
        ("other mirrors", "it is trusted for no other mirror"),
    )
)
"""Second sources that know nothing."""


class FakeRun:
    """A run to which a test appends events."""

    def __init__(self, events: Sequence[Event] = (), *, run_id: str = "run-1") -> None:
        self.id = run_id
        self._journal = list(events)
        self._read = 0
        self._alive = True
        self.is_asked_to_stop = False
        self.is_asked_to_wait = False

    def append(self, *events: Event) -> None:
        self._journal += events

    def events(self) -> list[Event]:
        fresh = self._journal[self._read :]
        self._read += len(fresh)
        return fresh

    def is_alive(self) -> bool:
        return self._alive

    def die(self) -> None:
        self._alive = False

    def cancel(self) -> None:
        self.is_asked_to_stop = True

    def pause(self) -> None:
        self.is_asked_to_wait = True

    def resume(self) -> None:
        self.is_asked_to_wait = False

    def is_paused(self) -> bool:
        return self.is_asked_to_wait

    def last_words(self) -> str:
        return "Traceback: \x1b[31mout of memory"


class FakeSession:
    """What the screens ask, answered from lists."""

    def __init__(self) -> None:
        place = Path("/home/ada")
        self.settings = Settings(place / "spackbin", place / "c", place / "k", place / "s")
        self.all_mirrors: list[MirrorStatus] = [mirror()]
        self.all_builds = default_builds()
        self.all_keys = {"harbor": [key()]}
        self.added: list[Mirror] = []
        self.made_plan = ready_plan()
        self.built_plan: Plan | None = None
        self.run: FakeRun | None = None
        self.started: list[Plan] = []
        self.planned_environments: list[Environment | None] = []
        self.past = History()
        self.known: tuple[KnownMirror, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.undo: RemovalPlan | Plan | None = None
        self.uninstall: Callable[[bool, bool], RemovalPlan] | None = None
        self.asked_removals: list[tuple[str, ...]] = []
        self.removed: list[RemovalPlan] = []
        self.removal = Removal(number=4, removed=(), left={})
        self.deleting = threading.Event()
        self.deleting.set()
        self.environments: dict[str, Environment] = {}
        self.refreshed: list[str] = []
        self.before: dict[str, tuple[KeyStatus, ...]] = {}
        self.user_ids: dict[str, tuple[str, ...]] = {}
        self.said: dict[str, tuple[SecondSource, ...]] = {}
        self.spacks_keys: list[KeyStatus] = []
        self.asked_trust: list[tuple[str, str, bool, bool]] = []
        self.report_gate = threading.Event()
        self.report_gate.set()
        self.failures: dict[str, SpackbinError] = {}
        self.judge = FakeJudge(self._enter)
        self.spack = FakeSpack(self._enter)
        self.gate = threading.Event()
        self.gate.set()
        self.reading = threading.Event()
        self.reading.set()
        self.main_thread = threading.get_ident()

    def _enter(self, call: str) -> None:
        assert threading.get_ident() != self.main_thread, f"{call} was called from the screen"
        self.gate.wait(10)
        if call in self.failures:
            raise self.failures[call]

    def host(self) -> Host:
        self._enter("host")
        return HOST

    def mirrors(self) -> tuple[MirrorStatus, ...]:
        self._enter("mirrors")
        return tuple(self.all_mirrors)

    def mirror_notes(self) -> tuple[str, ...]:
        self._enter("mirror_notes")
        return self.notes

    def known_mirrors(self) -> tuple[KnownMirror, ...]:
        self._enter("known_mirrors")
        return self.known

    def mirror_warnings(
        self, name: str, url: str, *, signed: bool = True, channel: Channel | None = None
    ) -> tuple[str, ...]:
        self._enter("mirror_warnings")
        return warnings_of(Mirror(mirror_name(name), url, signed, stated_channel=channel))

    def add_mirror(
        self,
        name: str,
        url: str,
        *,
        signed: bool = True,
        channel: Channel | None = None,
        keys_page: str = "",
        confirmed: str = "",
    ) -> MirrorStatus:
        self._enter("add_mirror")
        wanted = Mirror(mirror_name(name), url, signed, stated_channel=channel, keys_page=keys_page)
        badge = wanted.badge
        if badge and confirmed != name:
            raise Refused(f"Mirror {name} ({badge}) is not added without its name typed once more")
        if "nowhere" in url:
            raise MirrorError("There is no build cache here", url, "Check the URL")
        added = mirror(
            name, url=url, signed=signed, badge=badge, builds=0, refreshed=None, trusted_keys=0
        )
        self.all_mirrors.append(added)
        self.added.append(wanted)
        self.all_keys.setdefault(name, [key(mirror=name)])
        return added

    def remove_mirror(self, name: str) -> None:
        self._enter("remove_mirror")
        self.all_mirrors = [one for one in self.all_mirrors if one.name != name]

    def refresh(
        self, name: str, *, cancel: CancelToken, progress: object, accept_older: bool = False
    ) -> MirrorStatus:
        if not accept_older:
            self._enter("refresh")
        progress("fetching the index", 1, 2)  # type: ignore[operator]
        self.reading.wait(10)
        self.refreshed.append(name)
        self._change(name, refreshed=time.time(), builds=7, read=0, expected=0)
        return self._mirror(name)

    def _mirror(self, name: str) -> MirrorStatus:
        return next(one for one in self.all_mirrors if one.name == name)

    def _change(self, name: str, **changes: object) -> None:
        self.all_mirrors = [
            replace(one, **changes) if one.name == name else one for one in self.all_mirrors
        ]

    def keys(self, name: str) -> tuple[KeyStatus, ...]:
        self._enter("keys")
        return tuple(self.all_keys.get(name, ()))

    def _set_trust(self, name: str, fingerprint: str, trusted: bool) -> None:
        self.all_keys[name] = [
            replace(one, trusted=trusted) if one.fingerprint == fingerprint else one
            for one in self.all_keys[name]
        ]
        self._change(name, trusted_keys=sum(one.trusted for one in self.all_keys[name]))

    def key_report(self, name: str) -> KeyReport:
        """Cards of the keys; who is in `said` has something to say of them."""
        self._enter("key_report")
        self.report_gate.wait(10)
        before = self.before.get(name, ())
        old = {key.fingerprint for key in before}
        cards = tuple(
            KeyCard(
                key,
                self.user_ids.get(key.fingerprint, (key.user_id,)),
                self.said.get(key.fingerprint, NOT_CHECKED),
                is_new=bool(old) and key.fingerprint not in old,
            )
            for key in self.keys(name)
        )
        return KeyReport(mirror_name(name), True, cards, before)

    def keys_of_spack(self, name: str) -> tuple[KeyCard, ...]:
        self._enter("keys_of_spack")
        if not self.spacks_keys:
            raise NotAvailable("There is no Spack beside spackbin", hint="Set SPACK_ROOT")
        return tuple(
            KeyCard(key, (key.user_id,), self.said.get(key.fingerprint, NOT_CHECKED))
            for key in self.spacks_keys
        )

    def trust(
        self,
        name: str,
        fingerprint: str,
        *,
        from_spack: bool = False,
        despite_disagreement: bool = False,
    ) -> KeyStatus:
        self._enter("trust")
        sources = self.said.get(fingerprint, ())
        if any(one.opinion is Opinion.DISAGREES for one in sources) and not despite_disagreement:
            raise Refused("The key is not trusted: second sources name another one")
        self.asked_trust.append((name, fingerprint, from_spack, despite_disagreement))
        if from_spack:
            self.spacks_keys = [replace(one, trusted=True) for one in self.spacks_keys]
            return next(one for one in self.spacks_keys if one.fingerprint == fingerprint)
        self.before.pop(name, None)
        self._set_trust(name, fingerprint, True)
        return next(one for one in self.all_keys[name] if one.fingerprint == fingerprint)

    def distrust(self, name: str, fingerprint: str) -> None:
        self._enter("distrust")
        self._set_trust(name, fingerprint, False)

    def packages(self, query: str = "", *, all_targets: bool = False) -> list[PackageView]:
        self._enter("packages")
        if "%%" in query:
            raise WrongUse("The query cannot be understood: %% is no compiler", query)
        found: dict[str, list[BuildView]] = {}
        for one in self._matching(query):
            found.setdefault(one.name, []).append(one)
        views = [_view(builds) for _, builds in sorted(found.items())]
        return [view for view in views if all_targets or view.runs_here]

    def _matching(self, query: str) -> list[BuildView]:
        name = query.partition("@")[0].split("+")[0]
        return [one for one in self.all_builds if name in one.name]

    def builds(self, name: str, query: str = "", *, all_targets: bool = False) -> list[BuildView]:
        self._enter("builds")
        return [
            one
            for one in self.all_builds
            if one.name == name and (all_targets or one.disposition is not Disposition.OTHER_HOST)
        ]

    def details(self, hash_: str) -> BuildDetails:
        self._enter("details")
        found = next(
            (one for one in self.all_builds if one.hash == hash_), build("zlib", hash=hash_)
        )
        return BuildDetails(
            build=found,
            flags=(("cflags", "-O2"),),
            dependencies=((hash_of("zlib"), "zlib@1.3.1", "link"),),
            needs=((Disposition.INSTALLED, 3), (Disposition.CACHED, 5)),
            prefix="/home/ada/spackbin/linux-x86_64_v3/hdf5-1.14.6-abc",
        )

    def plan(
        self,
        hashes: Sequence[str],
        *,
        cancel: CancelToken,
        environment: Environment | None = None,
        builder: str = "",
    ) -> Plan:
        self._enter("plan")
        self.planned_environments.append(environment)
        if builder:
            assert self.built_plan is not None
            return replace(self.built_plan, from_source=True, builder=builder)
        return self.made_plan

    def environment(self, path: Path) -> Environment:
        self._enter("environment")
        if str(path) not in self.environments:
            raise WrongUse("There is no Spack environment here", str(path), "Name a directory")
        return self.environments[str(path)]

    def history(self) -> History:
        self._enter("history")
        return self.past

    def undo_plan(self, number: int | None = None) -> RemovalPlan | Plan:
        self._enter("undo_plan")
        self.asked_removals.append(("undo", str(number)))
        if self.undo is None:
            raise NotAvailable("There is nothing to undo", "Store: /s", "See spackbin history")
        return self.undo

    def removal_plan(
        self, hashes: Sequence[str], *, dependents: bool = False, unused: bool = False
    ) -> RemovalPlan:
        self._enter("removal_plan")
        self.asked_removals.append(("uninstall", *hashes))
        assert self.uninstall is not None
        return self.uninstall(dependents, unused)

    @property
    def install_tree(self) -> "FakeInstallTree":
        return FakeInstallTree(self)

    def start_install(self, plan: Plan) -> FakeRun:
        self._enter("start_install")
        self.started.append(plan)
        self.run = FakeRun([started_event()])
        return self.run

    def current_run(self) -> FakeRun | None:
        self._enter("current_run")
        return self.run


class FakeInstallTree:
    """What of a session removes packages."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session

    def remove(self, plan: RemovalPlan, cancel: CancelToken, tell: Tell) -> Removal:
        """Like the real one, it can be given up while it waits for a lock."""
        session = self._session
        if "remove" in session.failures:
            raise session.failures["remove"]
        packages = tuple(item.package for item in plan.removed)
        tell(RemovalStarted(time=0, store=plan.store, packages=packages))
        while not session.gate.wait(0.02):
            cancel.check()
        session.removed.append(plan)
        tell(RemovalDecided(time=0))
        for package in packages:
            tell(NodeRemoved(time=0, node=package.hash, prefix=package.prefix))
            session.deleting.wait(10)
        return session.removal


def _view(builds: list[BuildView]) -> PackageView:
    best = builds[0]
    here = sum(one.disposition is not Disposition.OTHER_HOST for one in builds)
    is_signed = "prbot" not in best.mirrors if best.mirrors else None
    return PackageView(best.name, best.version, best.disposition, len(builds), here, is_signed)
