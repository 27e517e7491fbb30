"""Packages for macOS, installed here for another machine: the whole way, by the engine."""

from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.engine.journal import Run
from core.events import LogWritten, NodeFailed, NodeFinished, NodeRelocated, RunFinished
from core.model.host import HostChoice
from core.model.plan import Disposition, Fit
from core.session import Session
from core.settings import Settings
from tests.core.relocate.macho_maker import (
    ARM64,
    ID_DYLIB,
    LOAD_DYLIB,
    RPATH,
    MachO,
    make_fat,
    make_macho,
    paths_in,
    slices_of,
)
from tests.core.relocate.signature_maker import wrong_pages
from tests.program import Program
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.packages import Package, build

MAC = Path(__file__).parents[1] / "core" / "host" / "recorded" / "m1.json"


@pytest.fixture
def mirror(tmp_path: Path, signing_key: SigningKey) -> SimulatedMirror:
    made = SimulatedMirror(tmp_path / "mirror", signing_key)
    made.offer({signing_key.fingerprint: signing_key.public})
    return made


@contextmanager
def session_of(program: Program) -> Generator[Session]:
    """For a Mac, in the same world as `program`."""
    world = program.directory
    settings = Settings(
        program.store, world / "config", world / "cache", world / "state", use_spack=False
    )
    with closing(Session(settings, host=HostChoice(profile=MAC))) as opened:
        yield opened


def of_apple(
    name: str, needs: tuple[str, ...] = (), files: Mapping[str, bytes] | None = None
) -> Package:
    """A package for a Mac."""
    return Package(name, "1.0", needs, files or {}, platform="darwin", os="sonoma", target="m1")


def push(mirror: SimulatedMirror, *, gap: int = 256, text: bytes = b"/share\0") -> None:
    """A library that its linker signed, two that nobody did, and a program that somebody did."""
    lake = build(of_apple("lake"), {})
    library = ((ID_DYLIB, f"{lake.prefix}/lib/liblake.dylib".encode()),)
    text = (lake.prefix.encode() + text if text else b"") + b"code" * 3000
    liblake = make_fat(
        MachO(library, text=text, gap=gap),
        MachO(library, text=text, cpu=ARM64, signed="liblake.dylib", gap=gap),
    )
    pond = make_macho(MachO(library, cpu=ARM64))
    others = {"lib/libpond.dylib": pond, "lib/libpuddle.dylib": pond}
    mirror.push(of_apple("lake", (), {"lib/liblake.dylib": liblake, **others}))
    swan = build(of_apple("swan", ("lake",)), mirror.builds)
    loads = (
        (LOAD_DYLIB, library[0][1]),
        (RPATH, f"{swan.prefix}/lib".encode()),
        (RPATH, f"{lake.prefix}/lib".encode()),
    )
    program = MachO(loads, cpu=ARM64, kind=2, signed="swan", by_somebody=b"a certificate")
    mirror.push(of_apple("swan", ("lake",), {"bin/swan": make_macho(program)}))
    mirror.write_index()


def installed(session: Session, mirror: SimulatedMirror) -> Run:
    session.add_mirror("harbor", mirror.url)
    session.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
    session.trust("harbor", mirror.fingerprint)
    plan = session.plan([session.resolve("swan").build.hash], cancel=CancelToken())
    assert {node.disposition for node in plan.nodes} == {Disposition.CACHED}
    assert set(plan.preflight.fits.values()) == {Fit.FITS}
    (warning,) = plan.preflight.warnings
    assert warning.startswith("2 packages are for macOS, and codesign is not here")
    return session.start_install(plan)


def finish(program: Program, run: Run) -> str:
    """Wait until it has ended; what the command line says of it."""
    said = program.run("attach", run.id).stderr
    assert isinstance(run.history()[-1], RunFinished)
    return said


def test_what_the_tree_holds_and_what_is_said(program: Program, mirror: SimulatedMirror) -> None:
    push(mirror)
    with session_of(program) as session:
        said = finish(program, run := installed(session, mirror))
    events = run.history()
    assert [event for event in events if isinstance(event, NodeFailed)] == []
    prefixes = [Path(event.prefix) for event in events if isinstance(event, NodeFinished)]
    lake, swan = sorted(prefixes)
    assert lake.parent == program.store / "darwin-m1"

    intel, apple = slices_of((lake / "lib/liblake.dylib").read_bytes())
    for part in (intel, apple):
        assert paths_in(part) == [(ID_DYLIB, bytes(lake / "lib/liblake.dylib"))]
        assert bytes(lake / "share") + b"\0" in part
        assert mirror.builds["lake"].prefix.encode() not in part
    assert wrong_pages(apple, 0, apple.index(b"\xfa\xde\x0c\xc0")) == []
    assert paths_in((swan / "bin/swan").read_bytes()) == [
        (LOAD_DYLIB, bytes(lake / "lib/liblake.dylib")),
        (RPATH, bytes(swan / "lib")),
        (RPATH, bytes(lake / "lib")),
    ]

    told = {
        event.node: (event.binaries, event.unsigned, event.unsigned_count)
        for event in events
        if isinstance(event, NodeRelocated)
    }
    assert told == {
        mirror.spec("lake").hash: (3, ("lib/libpond.dylib", "lib/libpuddle.dylib"), 2),
        mirror.spec("swan").hash: (1, ("bin/swan",), 1),
    }
    must, how = "must be signed on a Mac before macOS runs", "codesign -fs- FILE"
    lines = [
        f"{mirror.spec('lake').label}: lib/libpond.dylib and 1 more {must} them: {how}",
        f"{mirror.spec('swan').label}: bin/swan {must} it: {how}",
    ]
    logged = [event.text for event in events if isinstance(event, LogWritten)]
    assert sorted(text for text in logged if "signed on" in text) == lines
    assert all(line in said for line in lines)
    program.good("verify")


def test_no_room_names_the_file_and_leaves_nothing(
    program: Program, mirror: SimulatedMirror, tmp_path: Path
) -> None:
    program.store = tmp_path / ("s" * 200)
    push(mirror, gap=0, text=b"")
    with session_of(program) as session:
        finish(program, run := installed(session, mirror))
    (failed,) = (event for event in run.history() if isinstance(event, NodeFailed))
    assert failed.title == "A Mach-O file has too little room for its new paths"
    assert failed.detail.startswith("'lib/liblake.dylib': '/opt/simulated-build/")
    assert [path for path in program.store.glob("darwin-m1/*") if path.name[0] != "."] == []
