"""One pass gives what two give, whatever is in the archive, however many threads and how large."""

import json
import tarfile
import tempfile
from pathlib import Path

import pytest
from golden_packages import make_artifact, offers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packing import PREFIX, Packer

from core.cancel import CancelToken
from core.engine import holder, large, refit, relocation
from core.engine.place import extract, relocate
from core.errors import RelocationError
from core.model.artifact import LeftFile, StagedTree
from core.model.ident import dag_hash
from core.model.spec import ConcreteSpec

ROOT = Path("/srv/store")
BEACON = dag_hash("kvgootxj37ndcc7lz5imsiscnleu24gw")

NAMES = st.sampled_from(["a", "b", "lib", "x y", "caf\udce9", "é", "-", ".hidden"])
CONTENTS = st.lists(
    st.sampled_from(
        [b"/opt/build", f"/{PREFIX}".encode(), b"\n", b"x", b"\0", b"\x7fELF", b"#!", b"LARGE"]
    ),
    max_size=6,
).map(lambda parts: b"".join(parts).replace(b"LARGE", bytes(70_000)))
NODES = st.recursive(
    st.tuples(CONTENTS, st.booleans(), st.booleans()),
    lambda below: st.dictionaries(NAMES, below, max_size=4),
    max_leaves=12,
)
TREES = st.dictionaries(NAMES, NODES, max_size=4)


def nothing(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def placed(
    archive: Path, spec: ConcreteSpec, stage: Path, *, layout: int = 2, threads: int = 1
) -> StagedTree:
    tree = extract(
        make_artifact(spec, archive, layout),
        stage,
        progress=nothing,
        cancel=CancelToken(),
        threads=threads,
    )
    return relocate(
        tree,
        prefix=ROOT / "hello",
        root=ROOT,
        sbang=ROOT / "bin" / "sbang",
        prefixes={},
        progress=nothing,
        cancel=CancelToken(),
        exists=lambda _path: False,
        shebang_limit=127,
        threads=threads,
    )


def told(stage: Path) -> dict[str, object]:
    """All that can be told of a tree, but when its changed files were changed."""
    found: dict[str, object] = {}
    for path in sorted(stage.rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(stage))
        if path.is_symlink():
            found[name] = path.readlink()
        elif path.is_dir():
            found[name] = status.st_mode
        elif name == ".spack/install_manifest.json":
            entries = json.loads(path.read_text())
            found[name] = {key: value | {"time": 0} for key, value in entries.items()}
        else:
            links = status.st_nlink
            found[name] = (status.st_mode, links, path.read_bytes(), status.st_mtime == 0)
    return found


def add(packer: Packer, tree: dict[str, object], above: str, texts: list[str]) -> None:
    for name, node in tree.items():
        path = f"{above}{name}"
        if isinstance(node, dict):
            packer.add(path, tarfile.DIRTYPE)
            add(packer, node, f"{path}/", texts)
            continue
        assert isinstance(node, tuple)
        data, is_executable, is_listed = node
        packer.add(path, data=data, mode=0o755 if is_executable else 0o644)
        packer.add(f"{path}+", tarfile.LNKTYPE, link=f"{PREFIX}/{path}")
        packer.add(f"{path}=", tarfile.SYMTYPE, link=f"/{PREFIX}/{path}")
        if is_listed and "\udce9" not in path:  # JSON could not say it
            texts.append(path)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=TREES)
def test_one_pass_is_two_passes(tree: dict[str, object], hello: ConcreteSpec) -> None:
    packer = Packer()
    texts: list[str] = []
    add(packer, tree, "", texts)
    packer.info["relocate_textfiles"] = texts
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.archive.stream.WORTH_A_THREAD", 0)
        patched.setattr(relocation, "WORTH_PASSING_ON", 12)
        archive = Path(name, "archive")
        archive.write_bytes(packer.whole())
        # An archive of layout 1 is always looked through first.
        two = placed(archive, hello, Path(name, "two"), layout=1)
        one = placed(archive, hello, Path(name, "one"))
        threads = placed(archive, hello, Path(name, "threads"), threads=3)
        assert told(one.stage) == told(two.stage) == told(threads.stage)
        assert one.report == two.report == threads.report
        patched.setattr("core.archive.pace.SLOW", -1.0)
        patched.setattr("core.archive.pace.ENOUGH", 1)
        slow = placed(archive, hello, Path(name, "slow"))
        assert told(slow.stage) == told(one.stage)
        assert slow.report == one.report
        entries = told(one.stage)[".spack/install_manifest.json"]
        assert isinstance(entries, dict)
        assert len(entries) == 1 + sum(1 for _ in one.stage.rglob("*")) - 1


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("largest", [1, 5000])
def test_large_files_are_relocated_like_small_ones(
    largest: int, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offers("dev/mirror-signed")[BEACON]
    usual = placed(offer.archive, offer.spec, tmp_path / "usual")
    monkeypatch.setattr("core.archive.extract.LARGE", largest)
    monkeypatch.setattr("core.archive.extract._PIECE", 700)
    monkeypatch.setattr(refit, "WHOLE", largest)
    monkeypatch.setattr(relocation, "WORTH_PASSING_ON", 0)
    monkeypatch.setattr(holder, "HELD", 0)
    monkeypatch.setattr("core.archive.stream.WORTH_A_THREAD", 0)
    monkeypatch.setattr(large, "PIECE", 300)
    pieces = placed(offer.archive, offer.spec, tmp_path / "pieces", threads=threads)
    assert told(pieces.stage) == told(usual.stage)
    assert (pieces.report.binaries, pieces.report.texts) == (usual.report.binaries, 14)
    assert list(pieces.stage.rglob("tmp*")) == []


@pytest.mark.parametrize("names", [("large", "small"), ("small", "large")])
def test_the_error_of_the_first_file_is_told(
    names: tuple[str, str], packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    for name in names:
        size = relocation.WORTH_PASSING_ON if name == "large" else 10
        packer.add(name, data=b"/opt/x" + bytes(size))
    packer.info["buildpath"] = "/opt"
    packer.info["relocate_binaries"] = list(names)
    archive = tmp_path / "archive"
    archive.write_bytes(packer.whole())
    with pytest.raises(RelocationError, match="would have to grow") as caught:
        placed(archive, hello, tmp_path / "stage", threads=3)
    assert caught.value.detail.startswith(f"'{names[0]}'")


def test_a_prefix_that_cannot_be_guessed(hello: ConcreteSpec, tmp_path: Path) -> None:
    class Odd(Packer):
        parents = ("opt", "opt/build", "opt/build/hello")

    packer = Odd()
    # Before the directory by which the prefix is known comes another one.
    packer.tar.members.clear()
    packer.stream.seek(0)
    packer.stream.truncate()
    packer.tar.offset = 0
    for parent in packer.parents:
        packer.add(parent, tarfile.DIRTYPE, top="")
    packer.add("+", tarfile.DIRTYPE)
    packer.add("+/text", data=b"/opt/build/hello\n")
    packer.add(".spack", tarfile.DIRTYPE)
    packer.info["hash_to_prefix"] = {"a" * 32: "/opt/build/hello"}
    packer.info["relocate_textfiles"] = ["+/text"]
    archive = tmp_path / "archive"
    archive.write_bytes(packer.whole())
    staged = placed(archive, hello, tmp_path / "stage")
    assert (staged.stage / "+/text").read_bytes() == b"/srv/store/hello\n"


def test_the_report(packer: Packer, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer.add("changed", data=b"/opt/build /opt/build\n")
    packer.add("script", data=b"#!/opt/build/" + b"x" * 150 + b"/perl\n", mode=0o755)
    packer.add("unchanged", data=b"nothing\n")
    packer.add("broken", data=b"\x7fELF\2\1" + bytes(10) + b"\3\0")
    packer.add("link", tarfile.SYMTYPE, link="/opt/build/x")
    packer.add("away", tarfile.SYMTYPE, link="/elsewhere")
    packer.info["relocate_binaries"] = ["broken"]
    packer.info["relocate_textfiles"] = ["changed", "script", "unchanged"]
    packer.info["relocate_links"] = ["link", "away"]
    archive = tmp_path / "archive"
    archive.write_bytes(packer.whole())
    report = placed(archive, hello, tmp_path / "stage").report
    assert (report.binaries, report.texts, report.links, report.shebangs) == (0, 2, 1, 1)
    assert report.strings == 3
    assert report.left_count == 3
    assert report.left == (
        LeftFile("away", "it leads to no path of the builder"),
        LeftFile("broken", "it is an ELF file that cannot be read"),
        LeftFile("unchanged", "it holds no old path"),
    )


def test_what_is_held_is_bounded(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder, "HELD", 100)
    for number in range(20):
        packer.add(f"text{number}", data=b"/opt/build is the place\n")
    archive = tmp_path / "archive"
    archive.write_bytes(packer.whole())
    tree = extract(
        make_artifact(hello, archive), tmp_path / "stage", progress=nothing, cancel=CancelToken()
    )
    held = [file.held for file in tree.files.values() if file.held is not None]
    assert 0 < sum(map(len, held)) <= 100
    assert (tmp_path / "stage" / "text19").stat().st_size > 0
