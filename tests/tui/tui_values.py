"""Values for the tests of the screens: builds, plans, keys, mirrors, and the events of a run."""

import time
from collections.abc import Sequence

from core.events import (
    PHASES,
    Event,
    LogWritten,
    NodeFailed,
    NodeFinished,
    NodeSkipped,
    PhaseFinished,
    PhaseProgressed,
    PhaseStarted,
    RunFinished,
    RunNode,
    RunStarted,
)
from core.model.graph import SpecGraph
from core.model.host import Host, Libc
from core.model.plan import Blocker, Disposition, Plan, PlanNode, Source
from core.model.spec import ConcreteSpec, Edge, External
from core.model.views import BuildView, KeyStatus, MirrorStatus

NOW = 1_700_000_000.0
KEY = "2C8DD3224EF3573A42BD221FA8E0CA3C1C2ADA2F"
WEAK_KEY = "AAAA1111BBBB2222CCCC3333DDDD4444EEEE5555"
HOST = Host(
    platform="linux",
    os="debian12",
    target="icelake",
    targets=("icelake", "x86_64_v4", "x86_64_v3", "x86_64_v2", "x86_64"),
    libc=Libc("glibc", "2.36", "/usr"),
)


def hash_of(text: str) -> str:
    """A well-formed DAG hash that starts with the letters of `text`."""
    letters = [letter for letter in text.lower() if letter in "abcdefghijklmnopqrstuvwxyz234567"]
    return ("".join(letters) + "q" * 32)[:32]


def build(name: str, version: str = "1.0", **changes: object) -> BuildView:
    """A build; `changes` are fields of `BuildView`."""
    values = {
        "hash": hash_of(f"{name}{version}{changes.get('target', '')}"),
        "name": name,
        "version": version,
        "os": "debian12",
        "target": "x86_64_v3",
        "compiler": "gcc@12.2.0",
        "variants": (("cxx", "+"), ("mpi", "~")),
        "mirrors": ("harbor",),
        "disposition": Disposition.CACHED,
    }
    return BuildView(**{**values, **changes})  # type: ignore[arg-type]


def hdf5_builds() -> list[BuildView]:
    """Builds that differ in target, a variant, version and mirror."""
    return [
        build("hdf5", "1.14.6", disposition=Disposition.INSTALLED),
        build("hdf5", "1.14.6", target="x86_64_v4", hash=hash_of("hdfb")),
        build(
            "hdf5",
            "1.14.6",
            variants=(("cxx", "+"), ("mpi", "+")),
            hash=hash_of("hdfc"),
        ),
        build(
            "hdf5",
            "1.12.3",
            target="icelake",
            variants=(("cxx", "~"), ("mpi", "~")),
            mirrors=("prbot",),
            disposition=Disposition.BLOCKED,
            reason="No key is trusted for mirror prbot",
            hash=hash_of("hdfd"),
        ),
        build(
            "hdf5",
            "1.14.6",
            target="neoverse_v1",
            disposition=Disposition.OTHER_HOST,
            reason="neoverse_v1 is no ancestor of icelake",
            hash=hash_of("hdfe"),
        ),
    ]


def default_builds() -> list[BuildView]:
    """What the session offers if a test does not say otherwise."""
    return [
        *hdf5_builds(),
        build("hdf5-blosc", "1.0.0"),
        build("netcdf-c", "4.9.2", disposition=Disposition.BLOCKED, reason="Signed by nobody"),
        build("py-h5py", "3.11.0"),
        build("zlib", "1.3.1", disposition=Disposition.INSTALLED),
        *(build(f"package-{number:02}", f"{number}.0") for number in range(40)),
    ]


def spec(name: str, version: str, *children: str, external: str | None = None) -> ConcreteSpec:
    """A concrete spec with link edges to `children`, by name."""
    return ConcreteSpec(
        name=name,
        version=version,
        hash=hash_of(name),
        platform="linux",
        os="debian12",
        target="x86_64_v3",
        namespace="builtin",
        variants={"shared": True, "build_system": "cmake"},
        flags={},
        compiler="",
        dependencies=tuple(
            Edge(child, hash_of(child), frozenset({"link"}))  # type: ignore[arg-type]
            for child in children
        ),
        external=External(external) if external else None,
    )  # type: ignore[arg-type]


def node(of: ConcreteSpec, disposition: Disposition, **changes: object) -> PlanNode:
    """A node of a plan; cached ones get a source."""
    source = None
    if disposition is Disposition.CACHED:
        source = Source("harbor", "0" * 64, 3_300_000, KEY, "Harbor Release <r@harbor.example>")
    return PlanNode(of, disposition, source=changes.pop("source", source), **changes)  # type: ignore[arg-type]


def plan_of(nodes: Sequence[PlanNode], *roots: str) -> Plan:
    """A plan over nodes, given dependencies first."""
    graph = SpecGraph(
        tuple(hash_of(root) for root in roots),
        {one.spec.hash: one.spec for one in nodes},
    )
    return Plan("/home/ada/spackbin", graph, tuple(nodes))


def ready_plan() -> Plan:
    """hdf5 over ncurses, zlib and an external glibc; can be installed."""
    return plan_of(
        (
            node(spec("glibc", "2.36", external="/usr"), Disposition.EXTERNAL),
            node(spec("zlib", "1.3.1", "glibc"), Disposition.INSTALLED),
            node(spec("ncurses", "6.5", "glibc"), Disposition.CACHED),
            node(spec("hdf5", "1.14.6", "zlib", "ncurses", "glibc"), Disposition.CACHED),
        ),
        "hdf5",
    )


def blocked_plan() -> Plan:
    """One node to build, one without a trusted key, one node that no mirror describes."""
    return plan_of(
        (
            node(
                spec("openblas", "0.3.28"),
                Disposition.BUILD,
                reason="No mirror has it; the nearest is 0.3.27",
            ),
            node(
                spec("fftw", "3.3.10", "ghost"),
                Disposition.BLOCKED,
                reason="No key is trusted for mirror harbor yet",
                blocker=Blocker.TRUST,
            ),
            node(spec("gromacs", "2022.5", "fftw", "openblas"), Disposition.CACHED),
        ),
        "gromacs",
    )


def key(**changes: object) -> KeyStatus:
    """A key on offer; `changes` are fields of `KeyStatus`."""
    values = {
        "mirror": "harbor",
        "fingerprint": KEY,
        "user_id": "Harbor Release <release@harbor.example>",
        "algorithm": "RSA 4096",
        "created": 1_653_480_000.0,
        "expires": None,
        "trusted": False,
        "offered": True,
    }
    return KeyStatus(**{**values, **changes})  # type: ignore[arg-type]


def mirror(name: str = "harbor", **changes: object) -> MirrorStatus:
    """A signed mirror with one trusted key; `changes` are fields of `MirrorStatus`."""
    values = {
        "name": name,
        "url": f"https://{name}.example/cache",
        "signed": True,
        "layout": "v3",
        "builds": 1204,
        "refreshed": time.time() - 7300,
        "trusted_keys": 1,
        "badge": "" if changes.get("signed", True) else "UNSIGNED",
    }
    return MirrorStatus(**{**values, **changes})  # type: ignore[arg-type]


RUN_NODES = (
    RunNode(hash_of("zlib"), "zlib", "1.3.1", 1_000_000, ()),
    RunNode(hash_of("ncurses"), "ncurses", "6.5", 3_000_000, ()),
    RunNode(hash_of("hdf5"), "hdf5", "1.14.6", 6_000_000, (hash_of("zlib"),)),
)


def started_event() -> RunStarted:
    """The first event of a run of three packages."""
    return RunStarted(
        time=NOW,
        run="run-1",
        store="/home/ada/spackbin",
        roots=(hash_of("hdf5"),),
        nodes=RUN_NODES,
        pid=42,
        host="login1",
    )


def install_events(of: RunNode, at: float) -> list[Event]:
    """What happens to a node that gets installed, from `at` on."""
    events: list[Event] = []
    for step, phase in enumerate(PHASES):
        when, total = at + step, of.size if phase == "fetch" else 100
        events += [
            PhaseStarted(time=when, node=of.hash, phase=phase, total=total),
            PhaseProgressed(time=when + 0.3, node=of.hash, phase=phase, done=total // 2),
            PhaseFinished(time=when + 0.6, node=of.hash, phase=phase, seconds=0.6, done=total),
        ]
    log = LogWritten(time=at + 5, node=of.hash, text=f"{of.name}@{of.version}: signature good")
    return [*events, log, NodeFinished(time=at + 5.5, node=of.hash, prefix=f"/s/{of.name}")]


def failed_events(of: RunNode, at: float) -> list[Event]:
    """What happens to a node whose signature is bad."""
    return [
        PhaseStarted(time=at, node=of.hash, phase="fetch", total=of.size),
        NodeFailed(
            time=at + 1,
            node=of.hash,
            title="The signature is bad",
            detail="harbor: zlib-1.3.1.spec.manifest.json",
            hint="Tell the operator of the mirror",
            exit_status=3,
        ),
    ]


def skipped_event(of: RunNode, at: float) -> NodeSkipped:
    """A node that was not tried."""
    return NodeSkipped(time=at, node=of.hash, reason="zlib failed")


def finished_event(at: float, installed: int = 3, failed: int = 0, skipped: int = 0) -> RunFinished:
    """The last event."""
    return RunFinished(
        time=at,
        installed=installed,
        failed=failed,
        skipped=skipped,
        seconds=at - NOW,
        exit_status=0 if not failed else 1,
    )
