"""Every package of the golden stores, placed by us and compared with what Spack laid there."""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from golden_packages import GOLDEN, Offer, make_artifact, offers

from core.cancel import CancelToken
from core.engine.place import extract, relocate
from core.errors import RelocationError
from core.model.artifact import StagedTree
from core.model.ident import DagHash, dag_hash

pytestmark = pytest.mark.usefixtures("pace")

STORE = "dev/expected-1.json"
MIRRORS = {
    STORE: "dev/mirror-signed",
    "dev/expected-2.json": "dev/mirror-signed",
    "dev/short/expected-equal.json": "dev/mirror-short",
    "dev/short/expected-shorter.json": "dev/mirror-short",
    "dev/short/expected-longer.json": "dev/mirror-short",
    "v0.23.1/expected-by-dev.json": "v0.23.1/mirror-signed",
    "v0.18.1/expected-by-v0.23.1.json": "v0.18.1/mirror-signed",
}
"""Golden stores, and the mirrors that were installed into them."""
BUILD_HOST_LIMIT = 255
MANIFEST = ".spack/install_manifest.json"
VARIES = {
    *json.loads((GOLDEN / "dev" / "varies.json").read_text()),
    *json.loads((GOLDEN / "v0.23.1" / "varies.json").read_text()),
    MANIFEST,
}
BILLS = ".spack/sbom"
SET_GID = "libexec/setgid-note"


def expected(name: str) -> dict[str, Any]:
    return json.loads((GOLDEN / name).read_text())


def existing(store: dict[str, Any], root: str) -> set[str]:
    """The paths of a golden store, as if it lay at `root`."""
    return {
        str(Path(root, value["prefix"], entry["path"]))
        for value in store["prefixes"].values()
        for entry in [*value["entries"], {"path": "."}]
    }


def place(store: dict[str, Any], hash_: DagHash, offer: Offer, stage: Path) -> StagedTree:
    """Place a package where the golden store has it; only what is in that store exists.

    And the store that the packages were built in, which was on the same machine.
    """
    root = Path(store["store"])
    prefixes = {dag_hash(key): root / value["prefix"] for key, value in store["prefixes"].items()}
    seen: list[tuple[int, int]] = []
    extracted = extract(
        make_artifact(offer.spec, offer.archive, offer.layout),
        stage,
        progress=lambda done, total: seen.append((done, total)),
        cancel=CancelToken(),
    )
    assert seen[-1] == (len(seen), len(seen))
    assert not (stage / ".spack" / "spec.json").exists()
    seen.clear()
    there = existing(store, store["store"]) | existing(store, extracted.build_info.root)
    own = Path(extracted.build_info.prefixes[hash_]).name
    staged = relocate(
        extracted,
        prefix=prefixes.get(hash_, root / own),
        root=root,
        sbang=Path(store["sbang"]),
        prefixes={key: path for key, path in prefixes.items() if key != hash_},
        progress=lambda done, total: seen.append((done, total)),
        cancel=CancelToken(),
        exists=there.__contains__,
        shebang_limit=BUILD_HOST_LIMIT,
    )
    assert seen[-1] == (len(seen), len(seen))
    return staged


def entries_of(tree: Path) -> list[dict[str, Any]]:
    """A tree in the form of the golden data."""
    found: list[dict[str, Any]] = []
    for path in sorted(tree.rglob("*"), key=str):
        entry: dict[str, Any] = {"path": str(path.relative_to(tree))}
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            entry |= {"type": "symlink", "target": str(path.readlink())}
        else:
            entry["mode"] = f"{stat.S_IMODE(status.st_mode):04o}"
            entry["type"] = "dir" if path.is_dir() else "file"
        if entry["type"] == "file":
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            entry["size"] = status.st_size
        found.append(entry)
    return found


def hardlinks_of(tree: Path) -> list[list[str]]:
    groups: dict[int, list[str]] = {}
    for path in sorted(tree.rglob("*"), key=str):
        if not path.is_symlink() and path.is_file() and path.stat().st_nlink > 1:
            groups.setdefault(path.stat().st_ino, []).append(str(path.relative_to(tree)))
    return sorted(groups.values())


def comparable(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By path; of what varies, only kind and mode."""
    return {
        entry["path"]: {
            key: value
            for key, value in entry.items()
            if entry["path"] not in VARIES or key not in ("sha256", "size")
        }
        for entry in entries
    }


def without_what_spack_added(
    name: str, entries: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What a newer Spack laid down, without what it made itself and we do not.

    1.3 adds a bill of materials to what has none. 0.23 keeps the set-gid bit of an archive of
    0.18, with which a program would run with the rights of whoever installed it.
    """
    if name.startswith("v0.23.1/"):
        assert f"{BILLS}/spdx-2.3.json" in entries
        return {path: entry for path, entry in entries.items() if not path.startswith(BILLS)}
    if name.startswith("v0.18.1/") and SET_GID in entries:
        assert entries[SET_GID]["mode"] == "2755"
        entries[SET_GID]["mode"] = "0755"
    return entries


CASES = [(name, dag_hash(hash_)) for name in MIRRORS for hash_ in expected(name)["prefixes"]]


def test_the_golden_data_is_there() -> None:
    assert len(CASES) == 13 + 13 + 3 + 3 + 2 + 13 + 11


@pytest.mark.parametrize(
    ("name", "hash_"),
    CASES,
    ids=[f"{name.removesuffix('.json')}-{hash_[:7]}" for name, hash_ in CASES],
)
def test_placed_like_spack(name: str, hash_: DagHash, tmp_path: Path) -> None:
    store = expected(name)
    wanted = store["prefixes"][hash_]
    staged = place(store, hash_, offers(MIRRORS[name])[hash_], tmp_path / "stage")
    entries = without_what_spack_added(name, comparable(wanted["entries"]))
    assert comparable(entries_of(staged.stage)) == entries
    assert hardlinks_of(staged.stage) == sorted(wanted["hardlinks"])
    assert f"{stat.S_IMODE(staged.stage.stat().st_mode):04o}" == wanted["prefix_mode"]
    assert str(staged.prefix) == f"{store['store']}/{wanted['prefix']}"
    assert staged.files == len(entries)


def test_placed_alike_under_any_umask(tmp_path: Path) -> None:
    store = expected(STORE)
    hash_ = next(
        dag_hash(key) for key, value in store["prefixes"].items() if value["name"] == "beacon"
    )
    before = os.umask(0o077)
    try:
        staged = place(store, hash_, offers(MIRRORS[STORE])[hash_], tmp_path / "stage")
    finally:
        os.umask(before)
    wanted = store["prefixes"][hash_]["entries"]
    assert comparable(entries_of(staged.stage)) == comparable(wanted)


def test_a_library_without_padding_does_not_go_to_a_longer_path(tmp_path: Path) -> None:
    store = expected("dev/short/expected-longer.json")
    mirror = offers("dev/mirror-short")
    (hash_,) = (key for key, offer in mirror.items() if offer.spec.name == "libtide")
    with pytest.raises(RelocationError) as caught:
        place(store, hash_, mirror[hash_], tmp_path / "stage")
    assert "grow" in caught.value.title
    assert "lib/libtide.so.2.0.1" in caught.value.detail
    assert "shorter" in caught.value.hint
    assert not (tmp_path / "stage" / ".spack" / "spec.json").exists()
