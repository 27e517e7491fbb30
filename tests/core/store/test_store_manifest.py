"""The manifest says of every file of a prefix what it was when it was installed."""

import json
from pathlib import Path

from core.store.manifest import MANIFEST, write_manifest


def test_all_but_the_manifest_and_the_times_is_in_it(tmp_path: Path) -> None:
    tree = tmp_path / "stage"
    (tree / ".spack").mkdir(parents=True)
    (tree / "share").mkdir()
    for name in (".spack/spec.json", ".spack/install_times.json", "share/data"):
        (tree / name).write_text(name)
    write_manifest(tree, Path("/store/pkg"))
    entries = json.loads((tree / MANIFEST).read_text())
    # Spack would report a file of times as deleted: it passes it over when it walks the prefix.
    below = {".spack", ".spack/spec.json", "share", "share/data"}
    assert entries.keys() == {"/store/pkg", *(f"/store/pkg/{name}" for name in below)}
