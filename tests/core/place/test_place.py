"""What placing does besides relocation: hooks, order, errors, cancel."""

import base64
import errno
import hashlib
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from golden_packages import make_artifact, offers
from msgspec.structs import replace
from packing import PREFIX, Packer, snapshot

from core.cancel import CancelToken
from core.engine.place import ExtractedTree, extract, relocate
from core.errors import Interrupted, RelocationError, StoreError
from core.model.artifact import StagedTree
from core.model.ident import DagHash, dag_hash
from core.model.spec import ConcreteSpec

pytestmark = pytest.mark.usefixtures("pace")

ROOT = Path("/srv/store")
FINAL = ROOT / "linux-x86_64" / f"hello-1.0-{'a' * 32}"
SBANG = ROOT / "bin" / "sbang"
BEACON = dag_hash("kvgootxj37ndcc7lz5imsiscnleu24gw")
LIBTIDE = dag_hash("puk55bhxijb6dqgneqwgu7ft6zxmgwe6")


def nothing(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def unpack(packer: Packer, spec: ConcreteSpec, tmp_path: Path) -> ExtractedTree:
    archive = tmp_path / "archive"
    archive.write_bytes(packer.whole())
    artifact = make_artifact(spec, archive)
    return extract(artifact, tmp_path / "stage", progress=nothing, cancel=CancelToken())


def move(
    tree: ExtractedTree,
    prefix: Path = FINAL,
    *,
    prefixes: Mapping[DagHash, Path] | None = None,
    there: frozenset[str] = frozenset(),
    limit: int = 127,
) -> StagedTree:
    return relocate(
        tree,
        prefix=prefix,
        root=ROOT,
        sbang=SBANG,
        prefixes=prefixes or {},
        progress=nothing,
        cancel=CancelToken(),
        exists=there.__contains__,
        shebang_limit=limit,
    )


def test_hard_links_change_once_and_stay(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.add("a", data=b"/opt/build/x\n")
    packer.add("b", tarfile.LNKTYPE, link=f"{PREFIX}/a")
    packer.info["relocate_textfiles"] = ["a", "b", "a"]
    # The new root holds the old one: a second pass would be seen.
    packer.info["buildpath"] = "/opt/build"
    staged = relocate(
        unpack(packer, hello, tmp_path),
        prefix=Path("/opt/build/deeper/hello"),
        root=Path("/opt/build/deeper"),
        sbang=SBANG,
        prefixes={},
        progress=nothing,
        cancel=CancelToken(),
    )
    assert (staged.stage / "a").read_bytes() == b"/opt/build/deeper/x\n"
    assert (staged.stage / "a").samefile(staged.stage / "b")


def test_a_long_first_line_goes_through_sbang_and_hard_links_stay(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    line = b"#!/opt/build/" + b"x" * 150 + b"/perl -w\n"
    packer.add("script", data=line + b"print 1;\n", mode=0o755)
    packer.add("again", tarfile.LNKTYPE, link=f"{PREFIX}/script")
    packer.add("plain", data=line)
    packer.info["relocate_textfiles"] = ["script", "plain"]
    staged = move(unpack(packer, hello, tmp_path))
    moved = line.replace(b"/opt/build", b"/srv/store")
    assert (staged.stage / "script").read_bytes() == (
        b"#!/bin/sh /srv/store/bin/sbang\n" + moved + b"print 1;\n"
    )
    assert (staged.stage / "again").samefile(staged.stage / "script")
    assert (staged.stage / "script").stat().st_mode & 0o777 == 0o755
    assert (staged.stage / "plain").read_bytes() == moved


def test_a_store_too_deep_for_sbang_is_named(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.add("script", data=b"#!/opt/build/" + b"x" * 150 + b"/perl\n", mode=0o755)
    with pytest.raises(RelocationError, match="too long for scripts") as caught:
        move(unpack(packer, hello, tmp_path), limit=19)
    assert "'script'" in caught.value.detail


def rpath_of(stage: Path) -> list[str]:
    data = (stage / "bin" / "beacon").read_bytes()
    begin = data.index(b"/srv/store/")
    return data[begin : data.index(b"\0", begin)].decode().split(":")


def beacon(tmp_path: Path) -> ExtractedTree:
    offer = offers("dev/mirror-signed")[BEACON]
    artifact = make_artifact(offer.spec, offer.archive)
    return extract(artifact, tmp_path / "stage", progress=nothing, cancel=CancelToken())


def test_run_paths_that_lead_nowhere_are_dropped(tmp_path: Path) -> None:
    own = ROOT / "own"
    # beacon has a directory lib itself; of the other packages only libtide is there.
    tide = ROOT / "elsewhere" / "tide"
    staged = move(
        beacon(tmp_path),
        own,
        prefixes={LIBTIDE: tide},
        there=frozenset({f"{tide}/lib"}),
    )
    assert rpath_of(staged.stage) == ["/srv/store/own/lib", "/srv/store/elsewhere/tide/lib"]


def test_a_dependency_that_is_not_here_is_mapped_by_the_root(tmp_path: Path) -> None:
    staged = move(beacon(tmp_path), ROOT / "own")
    assert str((staged.stage / "share/beacon/abs-dep").readlink()) == (
        f"/srv/store/linux-x86_64_v3/libtide-2.0.1-{LIBTIDE}/include/tide.h"
    )
    assert str((staged.stage / "share/beacon/rel-own").readlink()) == "data.txt"


def test_a_dependency_that_stays_where_it_is_keeps_its_paths(tmp_path: Path) -> None:
    tree = beacon(tmp_path)
    stays = Path(tree.build_info.prefixes[LIBTIDE])
    staged = move(tree, ROOT / "own", prefixes={LIBTIDE: stays})
    assert (staged.stage / "share/beacon/abs-dep").readlink() == stays / "include/tide.h"


def test_the_manifest_is_true(packer: Packer, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer.add(".spack/install_manifest.json", data=b'{"/the/builder": {}}')
    packer.add("bin", tarfile.DIRTYPE)
    packer.add("bin/tool", data=b"content", mode=0o755)
    packer.add("bin/link", tarfile.SYMTYPE, link="/opt/build/x")
    packer.info["relocate_links"] = ["bin/link"]
    staged = move(unpack(packer, hello, tmp_path))
    manifest = json.loads((staged.stage / ".spack/install_manifest.json").read_text())
    owner = {"owner": os.getuid(), "group": staged.stage.stat().st_gid}
    assert set(manifest) == {
        str(FINAL / path)
        for path in (
            *("", ".spack", ".spack/spec.json", ".spack/binary_distribution"),
            *("bin", "bin/tool", "bin/link"),
        )
    }
    assert manifest[str(FINAL)] == {"mode": 0o042755, **owner}
    assert manifest[str(FINAL / "bin/link")] == {
        "mode": 0o120777,
        **owner,
        "dest": "/srv/store/x",
    }
    assert manifest[str(FINAL / "bin/tool")] == {
        "mode": 0o100755,
        **owner,
        "hash": base64.b32encode(hashlib.sha1(b"content").digest()).decode(),
        "time": 0.0,
        "size": 7,
    }
    for path, entry in manifest.items():
        status = (staged.stage / Path(path).relative_to(FINAL)).lstat()
        assert entry["mode"] == status.st_mode
        if "hash" in entry:
            assert (entry["time"], entry["size"]) == (status.st_mtime, status.st_size)


def test_a_package_for_another_system_is_not_relocated(tmp_path: Path) -> None:
    tree = beacon(tmp_path)
    with pytest.raises(RelocationError, match="windows"):
        move(replace(tree, spec=replace(tree.spec, platform="windows")))


def test_cancelled_before_anything_is_written(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(packer.whole())
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Interrupted):
        extract(make_artifact(hello, archive), tmp_path / "stage", progress=nothing, cancel=cancel)
    assert not (tmp_path / "stage").exists()


@pytest.mark.parametrize("phase", ["extract", "relocate"])
def test_cancelled_on_the_way(phase: str, tmp_path: Path) -> None:
    cancel = CancelToken()

    def stop(done: int, _total: int) -> None:
        assert done <= 3
        if done == 3:
            cancel.cancel()

    offer = offers("dev/mirror-signed")[BEACON]
    artifact = make_artifact(offer.spec, offer.archive)

    def place() -> None:
        tree = extract(
            artifact,
            tmp_path / "stage",
            progress=stop if phase == "extract" else nothing,
            cancel=cancel,
        )
        relocate(
            tree,
            prefix=FINAL,
            root=ROOT,
            sbang=SBANG,
            prefixes={},
            progress=stop,
            cancel=cancel,
        )

    with pytest.raises(Interrupted):
        place()
    assert not (tmp_path / "stage/.spack/spec.json").exists()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "no space is left"),
        (errno.EDQUOT, "quota is used up"),
        (errno.EROFS, "read-only"),
    ],
)
@pytest.mark.parametrize("call", ["mkdir", "symlink", "utime"])
def test_a_full_disk_is_said_plainly(
    number: int, reason: str, call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OSError(number, os.strerror(number))

    before = snapshot(tmp_path)
    (tmp_path / "stage").mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(StoreError) as caught:
            beacon(tmp_path)
    assert reason in caught.value.title
    assert caught.value.detail == str(tmp_path / "stage")
    assert snapshot(tmp_path, without=[tmp_path / "stage"]) == before


def test_a_stage_that_is_not_empty_is_not_written_over(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "file").symlink_to(tmp_path / "victim")
    packer.add("file", data=b"x")
    with pytest.raises(StoreError):
        unpack(packer, hello, tmp_path)
    assert not (tmp_path / "victim").exists()


def test_an_archive_that_is_gone(hello: ConcreteSpec, packer: Packer, tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(packer.whole())
    artifact = make_artifact(hello, tmp_path / "archive")
    (tmp_path / "archive").unlink()
    with pytest.raises(StoreError, match="archive cannot be read"):
        extract(artifact, tmp_path / "stage", progress=nothing, cancel=CancelToken())
