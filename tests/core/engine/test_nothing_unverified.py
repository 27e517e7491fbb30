"""No byte of an archive is unpacked before its signature, digest and size were found good.

The decompressors are the real ones, and note what they are given.
"""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.archive import inflate
from core.engine.journal import JournalWriter, new_run
from core.engine.request import Fetch
from core.engine.worker import Engine
from core.events import NodeFailed
from core.mirror.manifests import ManifestShelf
from core.model.plan import Plan
from core.trust.keys import read_keys
from core.trust.pins import PinStore
from tests.core.session.trusting import opened, use
from tests.core.session.trusting import plan as planned
from tests.engines import EngineWorld
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror

REFUSED = 3


class Record:
    """What went into decompressors, in this process and in its children."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.forget()

    def add(self, data: bytes) -> None:
        with self._file.open("ab") as stream:
            stream.write(data)

    def read(self) -> bytes:
        return self._file.read_bytes()

    def forget(self) -> None:
        self._file.write_bytes(b"")


class Recorder:
    """Stands before a decompressor."""

    def __init__(self, record: Record, real: Any) -> None:
        self._record = record
        self._real = real

    def decompress(self, data: bytes, *more: int) -> bytes:
        self._record.add(data)
        return self._real.decompress(data, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.fixture
def archives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Record:
    """What went into the decompressor of archives."""
    seen = Record(tmp_path / "archives")
    real: Callable[..., Any] = inflate._new_decoder
    monkeypatch.setattr(inflate, "_new_decoder", lambda **how: Recorder(seen, real(**how)))
    return seen


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Record:
    """What went into the decompressor of documents."""
    seen = Record(tmp_path / "documents")
    real = zlib.decompressobj
    monkeypatch.setattr(
        "core.model.documents.zlib.decompressobj", lambda **how: Recorder(seen, real(**how))
    )
    return seen


@pytest.fixture
def world(tmp_path: Path, simulated: SimulatedMirror, signing_key: SigningKey) -> EngineWorld:
    made = EngineWorld(tmp_path / "world", simulated)
    made.clear()
    pins = PinStore(made.settings.config_dir / "pins.json")
    pins.add(simulated.mirror(), read_keys(signing_key.public)[0])
    return made


def failures_of(world: EngineWorld, fetch: Fetch | None = None) -> list[NodeFailed]:
    """What an engine in this process could not install of `tide`."""
    fetch = fetch or world.fetch("tide")
    request = world.request("tide", fetches=[fetch])
    run = new_run(world.settings, request)
    writer = JournalWriter(run.directory)
    Engine(run, request, writer).work()
    writer.close()
    return [event for event in run.history() if isinstance(event, NodeFailed)]


Spoil = Callable[[SimulatedMirror, SigningKey], None]

SPOILT: dict[str, tuple[Spoil, str]] = {
    "no signature": (lambda mirror, _: mirror.unsign("tide"), "is not signed"),
    "another key": (lambda mirror, other: mirror.sign_by("tide", other), "not trusted for mirror"),
    "a bad signature": (
        lambda mirror, _: mirror.write_raw_manifest(
            "tide", mirror.manifest_path("tide").read_bytes().replace(b'"gzip"', b'"none"', 1)
        ),
        "has a bad signature",
    ),
    "a spec document with another digest": (
        lambda mirror, _: mirror.damage(mirror.spec_path("tide")),
        "The spec document of tide",
    ),
    "a spec document that is too long": (
        lambda mirror, _: mirror.lengthen(mirror.spec_path("tide")),
        "The spec document of tide",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_without_a_good_signature_and_digest_nothing_is_unpacked(
    case: str,
    world: EngineWorld,
    other_key: SigningKey,
    archives: Record,
    documents: Record,
) -> None:
    spoil, words = SPOILT[case]
    spoil(world.mirror, other_key)
    (failure,) = failures_of(world)
    assert words in failure.title
    assert failure.exit_status == REFUSED
    assert archives.read() == documents.read() == b""


def test_of_an_archive_with_another_digest_nothing_is_unpacked(
    world: EngineWorld, archives: Record, documents: Record
) -> None:
    world.mirror.damage(world.mirror.archive_path("tide"))
    (failure,) = failures_of(world)
    assert "The archive of tide@2.1" in failure.title
    assert "it has another checksum" in failure.title
    assert archives.read() == b""
    # The spec document was good, and says of what build the archive must be.
    assert documents.read() == world.mirror.spec_path("tide").read_bytes()


def test_the_manifest_of_another_package_unpacks_no_archive(
    world: EngineWorld, archives: Record
) -> None:
    """Otherwise all is well: signature, digests, and the archive that the plan showed."""
    world.mirror.substitute("tide", "boat")
    (failure,) = failures_of(world)
    assert "The manifest at the place of tide@2.1" in failure.title
    assert failure.exit_status == REFUSED
    assert archives.read() == b""


def test_a_good_archive_is_unpacked(
    world: EngineWorld, archives: Record, documents: Record
) -> None:
    """Or else the tests above would prove nothing."""
    assert failures_of(world) == []
    assert archives.read() == world.mirror.archive_path("tide").read_bytes()
    assert documents.read() == world.mirror.spec_path("tide").read_bytes()


def poison(cache: Path, mirror: SimulatedMirror) -> bytes:
    """Put something else of the same size to where the cache has the archive."""
    place = mirror.archive_path("tide")
    bad = bytearray(place.read_bytes())
    bad[len(bad) // 2] ^= 0xFF
    kept = cache / "blobs" / "sha256" / place.name[:2] / place.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(bad)
    return bytes(bad)


def test_a_damaged_blob_of_the_cache_is_not_unpacked(world: EngineWorld, archives: Record) -> None:
    poison(world.settings.cache_dir, world.mirror)
    assert failures_of(world) == []
    assert archives.read() == world.mirror.archive_path("tide").read_bytes()


def test_a_kept_manifest_is_checked_again(
    world: EngineWorld,
    other_key: SigningKey,
    archives: Record,
    documents: Record,
    tmp_path: Path,
) -> None:
    """A manifest in the cache, for when the mirror is away, is worth no more than a fresh one."""
    world.mirror.sign_by("tide", other_key)
    shelf = ManifestShelf(world.settings.cache_dir / "manifests")
    shelf.keep(world.mirror.mirror(), world.mirror.raw_manifest("tide"))
    fetch = world.fetch("tide")
    world.mirror.root.rename(tmp_path / "away")
    (failure,) = failures_of(world, fetch)
    assert failure.exit_status == REFUSED
    assert "not trusted for mirror" in failure.title
    assert archives.read() == documents.read() == b""


# What a plan looks into before an install


def plan_of(tmp_path: Path, mirror: SimulatedMirror, spoil: Callable[[], object]) -> Plan:
    (tmp_path / "own").mkdir()
    session = opened(tmp_path)
    use(session, "simulated", mirror)
    spoil()
    return planned(session, mirror, "tide")


def test_a_plan_unpacks_a_good_sample(
    tmp_path: Path, simulated: SimulatedMirror, archives: Record
) -> None:
    plan_of(tmp_path, simulated, lambda: None)
    assert archives.read().startswith(simulated.archive_path("tide").read_bytes())


@pytest.mark.parametrize("place", ["mirror", "cache and mirror"])
def test_a_plan_unpacks_no_sample_with_another_digest(
    place: str, tmp_path: Path, simulated: SimulatedMirror, archives: Record
) -> None:
    def spoil() -> None:
        if "cache" in place:
            poison(tmp_path / "own" / "cache", simulated)
        simulated.damage(simulated.archive_path("tide"))

    plan_of(tmp_path, simulated, spoil)
    assert archives.read() == b""


def test_a_plan_unpacks_nothing_that_is_not_signed(
    tmp_path: Path,
    simulated: SimulatedMirror,
    other_key: SigningKey,
    archives: Record,
    documents: Record,
) -> None:
    found = plan_of(tmp_path, simulated, lambda: simulated.sign_by("tide", other_key))
    assert not found.is_ready
    assert archives.read() == documents.read() == b""
