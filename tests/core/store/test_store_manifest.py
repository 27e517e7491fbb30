"""The manifest says of every file of a prefix what it was when it was installed."""

import json
from base64 import b32encode
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from core.store.manifest import MANIFEST, digest_texts, write_manifest


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


@given(st.lists(st.binary(min_size=20, max_size=20), max_size=50))
@example([b"\xff" * 20] * 5000)
def test_digests_are_written_in_base32(digests: list[bytes]) -> None:
    assert digest_texts(digests) == [b32encode(digest).decode() for digest in digests]
