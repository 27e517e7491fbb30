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

STORES = ("expected-1.json", "expected-2.json")
SHORT = ("expected-equal.json", "expected-shorter.json", "expected-longer.json")
BUILD_HOST_LIMIT = 255
MANIFEST = ".spack/install_manifest.json"
VARIES = {*json.loads((GOLDEN / "varies.json").read_text()), MANIFEST}


def expected(name: str) -> dict[str, Any]:
    folder = GOLDEN / "short" if name in SHORT else GOLDEN
    return json.loads((folder / name).read_text())


def place(store: dict[str, Any], hash_: DagHash, offer: Offer, stage: Path) -> StagedTree:
    """Place a package where the golden store has it; only what is in that store exists."""
    root = Path(store["store"])
    prefixes = {dag_hash(key): root / value["prefix"] for key, value in store["prefixes"].items()}
    there = {
        str(prefixes[dag_hash(key)] / entry["path"])
        for key, value in store["prefixes"].items()
        for entry in [*value["entries"], {"path": "."}]
    }
    seen: list[tuple[int, int]] = []
    extracted = extract(
        make_artifact(offer.spec, offer.archive),
        stage,
        progress=lambda done, total: seen.append((done, total)),
        cancel=CancelToken(),
    )
    assert seen[-1] == (len(seen), len(seen))
    assert not (stage / ".spack" / "spec.json").exists()
    seen.clear()
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


CASES = [
    (name, dag_hash(hash_), "mirror-short" if name in SHORT else "mirror-signed")
    for name in (*STORES, *SHORT)
    for hash_ in expected(name)["prefixes"]
]


def test_the_golden_data_is_there() -> None:
    assert len(CASES) == 13 + 13 + 3 + 3 + 2


@pytest.mark.parametrize(
    ("name", "hash_", "mirror"),
    CASES,
    ids=[f"{name.removesuffix('.json')}-{hash_[:7]}" for name, hash_, _ in CASES],
)
def test_placed_like_spack(name: str, hash_: DagHash, mirror: str, tmp_path: Path) -> None:
    store = expected(name)
    wanted = store["prefixes"][hash_]
    staged = place(store, hash_, offers(mirror)[hash_], tmp_path / "stage")
    assert comparable(entries_of(staged.stage)) == comparable(wanted["entries"])
    assert hardlinks_of(staged.stage) == sorted(wanted["hardlinks"])
    assert f"{stat.S_IMODE(staged.stage.stat().st_mode):04o}" == wanted["prefix_mode"]
    assert str(staged.prefix) == f"{store['store']}/{wanted['prefix']}"
    assert staged.files == len(wanted["entries"])


def test_placed_alike_under_any_umask(tmp_path: Path) -> None:
    store = expected(STORES[0])
    hash_ = next(
        dag_hash(key) for key, value in store["prefixes"].items() if value["name"] == "beacon"
    )
    before = os.umask(0o077)
    try:
        staged = place(store, hash_, offers("mirror-signed")[hash_], tmp_path / "stage")
    finally:
        os.umask(before)
    wanted = store["prefixes"][hash_]["entries"]
    assert comparable(entries_of(staged.stage)) == comparable(wanted)


def test_a_library_without_padding_does_not_go_to_a_longer_path(tmp_path: Path) -> None:
    store = expected("expected-longer.json")
    mirror = offers("mirror-short")
    (hash_,) = (key for key, offer in mirror.items() if offer.spec.name == "libtide")
    with pytest.raises(RelocationError) as caught:
        place(store, hash_, mirror[hash_], tmp_path / "stage")
    assert "grow" in caught.value.title
    assert "lib/libtide.so.2.0.1" in caught.value.detail
    assert "shorter" in caught.value.hint
    assert not (tmp_path / "stage" / ".spack" / "spec.json").exists()
