"""Nothing is written outside of the stage, whatever somebody does to it meanwhile."""

import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from golden_packages import make_artifact
from packing import PREFIX, Packer

from core.cancel import CancelToken
from core.engine.place import extract
from core.errors import Refused, StoreError
from core.model.spec import ConcreteSpec

pytestmark = pytest.mark.usefixtures("pace")

STEPS = 16
"""Members of the archive below its prefix."""


@pytest.fixture
def archive(packer: Packer, tmp_path: Path) -> Path:
    for name in ("bin", "lib", "lib/deep"):
        packer.add(name, tarfile.DIRTYPE)
    for number in range(3):
        packer.add(f"lib/first{number}", data=b"x")
    for number in range(3):
        packer.add(f"lib/deep/file{number}", data=b"x")
    packer.add("lib/hard", tarfile.LNKTYPE, link=f"{PREFIX}/lib/first0")
    packer.add("bin/hard", tarfile.LNKTYPE, link=f"{PREFIX}/lib/first0")
    packer.add("lib/link", tarfile.SYMTYPE, link="first0")
    packer.add("lib/later", tarfile.DIRTYPE)
    place = tmp_path / "archive"
    place.write_bytes(packer.whole())
    return place


def unpack(archive: Path, spec: ConcreteSpec, stage: Path, hook: Callable[[int], None]) -> None:
    extract(
        make_artifact(spec, archive),
        stage,
        progress=lambda done, _total: hook(done),
        cancel=CancelToken(),
    )


def test_all_steps_are_counted(archive: Path, hello: ConcreteSpec, tmp_path: Path) -> None:
    steps: list[int] = []
    unpack(archive, hello, tmp_path / "stage", steps.append)
    assert steps == list(range(1, STEPS + 1))


@pytest.mark.parametrize("directory", ["bin", "lib", "lib/deep", ".spack"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_directory_swapped_for_a_link_redirects_nothing(
    step: int, directory: str, archive: Path, hello: ConcreteSpec, tmp_path: Path
) -> None:
    """Somebody of the same user does it, at any time; others may not even enter the stage."""
    stage, outside = tmp_path / "stage", tmp_path / "outside"
    for place in (outside, outside / "deep"):
        place.mkdir()
    for name in ("first0", "first1", "spec.json", ".spec.json.staged", "binary_distribution"):
        (outside / name).write_text("theirs")

    def swap(done: int) -> None:
        if done == step and (stage / directory).is_dir():
            (stage / directory).rename(tmp_path / "away")
            (stage / directory).symlink_to(outside)

    before = {path: (path.lstat().st_mtime_ns, path.lstat().st_nlink) for path in outside.iterdir()}
    # Whether it is noticed depends on what was open already.
    with suppress(Refused, StoreError):
        unpack(archive, hello, stage, swap)
    after = {path: (path.lstat().st_mtime_ns, path.lstat().st_nlink) for path in outside.iterdir()}
    assert after == before
    assert [path.name for path in (outside / "deep").iterdir()] == []
    assert (outside / "first0").read_text() == "theirs"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("share/Readme", False), ("share/README", False)),
        (("Lib", True), ("lib", True)),
        (("share/\u00fc", False), ("share/u\u0308", False)),
    ],
    ids=["files", "directories", "forms of a letter"],
)
def test_names_that_the_file_system_takes_for_one(
    first: tuple[str, bool],
    second: tuple[str, bool],
    packer: Packer,
    hello: ConcreteSpec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a file system that minds neither case nor forms; here its names are made so."""

    def folded(path: str) -> bytes:
        return path.lower().replace("u\u0308", "\u00fc").encode()

    monkeypatch.setattr("core.archive.tree.path_bytes", folded)
    packer.add("share", tarfile.DIRTYPE)
    for name, is_directory in (first, second):
        packer.add(name, tarfile.DIRTYPE if is_directory else tarfile.REGTYPE)
    archive = tmp_path / "archive"
    archive.write_bytes(packer.whole())
    with pytest.raises(StoreError) as caught:
        unpack(archive, hello, tmp_path / "stage", lambda _: None)
    assert caught.value.title == (
        "The package has names that the file system of the store cannot tell apart: they differ by"
        " case alone, or by the form of a letter"
    )
    assert "--store" in caught.value.hint
