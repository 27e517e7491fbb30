"""Places in a store, and the pre-flight check."""

import errno
import fcntl
import json
import os
import tempfile
from pathlib import Path

import pytest
from store_helpers import GLIBC, KELP, REEF, everything_below, ordinary_user

from core.errors import StoreError, WrongUse
from core.model.graph import SpecGraph
from core.model.spec import External, spec_from_node
from core.store.paths import StorePaths, check_writable


def test_prefixes_are_those_that_spack_chose(golden: Path, graph: SpecGraph) -> None:
    paths = StorePaths(Path("/opt/golden-store/dev"))
    installs = json.loads((golden / "dev" / "expected-1-db.json").read_text())["database"][
        "installs"
    ]
    for hash_, record in installs.items():
        assert str(paths.prefix_of(graph[hash_])) == record["path"]


def test_the_prefix_of_an_external_is_its_own_path(store: StorePaths, graph: SpecGraph) -> None:
    assert store.prefix_of(graph[GLIBC]) == Path("/usr")


def test_an_external_of_modules_alone_has_no_prefix(store: StorePaths, graph: SpecGraph) -> None:
    node = {**graph[GLIBC].node, "external": {"path": None, "module": ["glibc/2.36"]}}
    spec = spec_from_node(node)
    assert spec.external == External(None, ("glibc/2.36",))
    with pytest.raises(StoreError, match="has no prefix"):
        store.prefix_of(spec)


def test_other_characters_than_spacks_become_underscores(
    store: StorePaths, graph: SpecGraph
) -> None:
    spec = spec_from_node({**graph[KELP].node, "version": "git.feature/x=1.2+cuda"})
    assert store.prefix_of(spec).name == f"kelp-git.feature_x_1.2+cuda-{KELP}"


def test_relative_to_the_store(store: StorePaths, graph: SpecGraph) -> None:
    prefix = store.prefix_of(graph[REEF])
    assert store.relative(prefix) == f"linux-x86_64_v3/reef-5.0.0-{REEF}"
    with pytest.raises(StoreError, match="not in the store"):
        store.relative(Path("/elsewhere"))


def test_a_store_that_can_be_made_or_written_passes_and_nothing_is_left(tmp_path: Path) -> None:
    root = tmp_path / "base" / "store"
    root.parent.mkdir()
    check_writable(root)
    assert everything_below(root.parent) == []
    (root / ".spack-db").mkdir(parents=True)
    check_writable(root)
    assert everything_below(root) == [".spack-db"]


@pytest.mark.parametrize("name", ["a b", "a:b", "a\nb", "a$ORIGIN", "a'b", 'a"b', "a\\b", "a\x1bb"])
def test_characters_that_break_programs_are_wrong(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUse, match="cannot have in their paths") as caught:
        check_writable(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_relative_root_is_wrong() -> None:
    with pytest.raises(WrongUse, match="absolute"):
        check_writable(Path("store"))


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is not a directory"):
        check_writable(tmp_path / "file")
    with pytest.raises(StoreError, match="is not a directory"):
        check_writable(tmp_path / "file" / "store")


def test_a_missing_parent_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        check_writable(tmp_path / "missing" / "store")


def test_a_dangling_link_is_said(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="dangling"):
        check_writable(tmp_path / "link")


@pytest.mark.parametrize(("closed", "asked"), [(".", "."), (".spack-db", "."), (".", "inner")])
def test_a_store_of_somebody_else_is_refused(closed: str, asked: str) -> None:
    with ordinary_user() as place:
        root = place / "store"
        (root / ".spack-db").mkdir(parents=True)
        (root / closed).chmod(0o555)
        try:
            with pytest.raises(StoreError, match="permission denied") as caught:
                check_writable(root / asked)
        finally:
            (root / closed).chmod(0o755)
    assert "--store" in caught.value.hint


def test_a_directory_that_may_not_be_entered_is_said() -> None:
    with ordinary_user() as place:
        (place / "closed").mkdir(mode=0o000)
        try:
            with pytest.raises(StoreError, match="permission denied"):
                check_writable(place / "closed" / "store")
        finally:
            (place / "closed").chmod(0o755)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.raises(StoreError, match="cannot lock files"):
        check_writable(tmp_path / "store")


def test_a_file_system_without_programs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = os.statvfs(tmp_path)
    mounted = [*found]
    mounted[8] |= os.ST_NOEXEC
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(mounted))
    with pytest.raises(StoreError, match="noexec"):
        check_writable(tmp_path / "store")


@pytest.mark.parametrize(
    ("number", "words", "retry"),
    [
        (errno.EROFS, "read-only", False),
        (errno.ENOSPC, "no space is left", True),
        (errno.EDQUOT, "quota", True),
    ],
)
def test_what_the_system_answers_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str, retry: bool
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(StoreError, match=words) as caught:
        check_writable(tmp_path / "store")
    assert caught.value.retry is retry
    assert caught.value.hint
