"""A session in memory, for what no real mirror would offer: hostile text, odd states, slow jobs."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.cancel import CancelToken
from core.errors import MirrorError, SpackbinError, WrongUse
from core.events import Event
from core.model.host import Host
from core.model.plan import Disposition, Plan
from core.model.views import BuildDetails, BuildView, KeyStatus, MirrorStatus, PackageView
from core.settings import Settings
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


class FakeRun:
    """A run to which a test appends events."""

    def __init__(self, events: Sequence[Event] = (), *, run_id: str = "run-1") -> None:
        self.id = run_id
        self._journal = list(events)
        self._read = 0
        self._alive = True
        self.is_asked_to_stop = False

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
        self.made_plan = ready_plan()
        self.run: FakeRun | None = None
        self.started: list[Plan] = []
        self.refreshed: list[str] = []
        self.failures: dict[str, SpackbinError] = {}
        self.gate = threading.Event()
        self.gate.set()
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

    def add_mirror(self, name: str, url: str, *, signed: bool = True) -> MirrorStatus:
        self._enter("add_mirror")
        if "nowhere" in url:
            raise MirrorError("There is no build cache here", url, "Check the URL")
        added = mirror(name, url=url, signed=signed, builds=0, refreshed=None, trusted_keys=0)
        self.all_mirrors.append(added)
        self.all_keys.setdefault(name, [key(mirror=name)])
        return added

    def remove_mirror(self, name: str) -> None:
        self._enter("remove_mirror")
        self.all_mirrors = [one for one in self.all_mirrors if one.name != name]

    def refresh(self, name: str, *, cancel: CancelToken, progress: object) -> MirrorStatus:
        self._enter("refresh")
        progress("fetching the index", 1, 2)  # type: ignore[operator]
        self.refreshed.append(name)
        self._change(name, refreshed=time.time(), builds=7)
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

    def trust(self, name: str, fingerprint: str) -> KeyStatus:
        self._enter("trust")
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

    def plan(self, hashes: Sequence[str], *, cancel: CancelToken) -> Plan:
        self._enter("plan")
        return self.made_plan

    def start_install(self, plan: Plan) -> FakeRun:
        self._enter("start_install")
        self.started.append(plan)
        self.run = FakeRun([started_event()])
        return self.run

    def current_run(self) -> FakeRun | None:
        self._enter("current_run")
        return self.run


def _view(builds: list[BuildView]) -> PackageView:
    best = builds[0]
    here = sum(one.disposition is not Disposition.OTHER_HOST for one in builds)
    return PackageView(best.name, best.version, best.disposition, len(builds), here)
