"""The keys that count in a run are those that are trusted at that moment."""

from pathlib import Path

import pytest

from core.blobs.cache import BlobCache
from core.engine.journal import JournalWriter
from core.engine.reporter import Reporter
from core.engine.sources import Sources
from core.errors import Refused
from core.model.ident import Fingerprint, MirrorName
from core.settings import Settings
from core.trust.keys import read_keys
from core.trust.pins import PinStore
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror

NAME = MirrorName("simulated")


def test_a_key_that_is_distrusted_during_a_run_counts_no_more(
    tmp_path: Path, simulated: SimulatedMirror, signing_key: SigningKey
) -> None:
    settings = Settings(
        tmp_path / "store", tmp_path / "config", tmp_path / "cache", tmp_path / "state"
    )
    mirror, pins = simulated.mirror(), PinStore(tmp_path / "pins.json")
    pins.add(mirror, read_keys(signing_key.public)[0])
    (tmp_path / "run").mkdir()
    writer = JournalWriter(tmp_path / "run")
    blobs = BlobCache(settings.cache_dir)
    sources = Sources([mirror], pins, settings, Reporter(writer), blobs)
    first = sources.get(NAME)
    assert first.verifier.manifest(simulated.raw_manifest("tide")).signature
    assert sources.get(NAME) is first
    pins.remove(mirror, Fingerprint(signing_key.fingerprint))
    later = sources.get(NAME)
    with pytest.raises(Refused, match="not trusted for mirror"):
        later.verifier.manifest(simulated.raw_manifest("tide"))
    assert later.reader is first.reader
    sources.close()
    blobs.close()
    writer.close()
