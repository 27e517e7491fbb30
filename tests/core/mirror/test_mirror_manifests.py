"""Kept manifests come back as they were, or not at all."""

from pathlib import Path

from core.mirror.manifests import ManifestShelf
from core.model.artifact import RawManifest
from tests.simulator.mirror import SimulatedMirror


def test_what_a_power_cut_has_damaged_is_not_there(
    tmp_path: Path, simulated: SimulatedMirror
) -> None:
    shelf = ManifestShelf(tmp_path / "kept")
    mirror, raw = simulated.mirror(), simulated.raw_manifest("tide")

    def recalled() -> RawManifest | None:
        found = shelf.recall(mirror, raw.asked)
        return found[0] if found else None

    shelf.keep(mirror, raw)
    assert recalled() == raw
    (path,) = (path for path in (tmp_path / "kept").rglob("*") if path.is_file())
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        for rest in (b"", bytes(len(whole) - length)):
            path.write_bytes(whole[:length] + rest)
            assert recalled() is None
    shelf.keep(mirror, raw)
    assert recalled() == raw
