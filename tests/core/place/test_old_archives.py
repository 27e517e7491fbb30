"""Archives of Spack 0.18 to 0.21 (layout 1): other names, real modes, looser lists."""

import tarfile
from pathlib import Path

import pytest
from golden_packages import make_artifact, offers
from packing import PREFIX, Packer

from core.cancel import CancelToken
from core.engine.place import ExtractedTree, extract
from core.errors import Refused
from core.model.spec import ConcreteSpec

TOP = PREFIX.rpartition("/")[2]


class OldPacker(Packer):
    """As Spack 0.18 to 0.20 packed: one top directory."""

    parents = (TOP,)


class Packer021(Packer):
    """As Spack 0.21 packed: whole names, without the directories above the prefix."""

    parents = (PREFIX,)


def unpack(packed: bytes, spec: ConcreteSpec, directory: Path, layout: int = 1) -> ExtractedTree:
    archive = directory / "archive.spack"
    archive.write_bytes(packed)
    return extract(
        make_artifact(spec, archive, layout),
        directory / "stage",
        progress=lambda *_: None,
        cancel=CancelToken(),
    )


@pytest.mark.parametrize("packer", [OldPacker(), Packer021()], ids=["0.18", "0.21"])
def test_both_shapes_of_names(packer: Packer, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer.add("bin", tarfile.DIRTYPE)
    packer.add("bin/hello", data=b"hello", mode=0o700)
    packer.add("bin/link", tarfile.LNKTYPE, link=f"{packer.top}bin/hello")
    tree = unpack(packer.whole(), hello, tmp_path)
    assert (tree.stage / "bin/hello").read_bytes() == b"hello"
    assert (tree.stage / "bin/hello").samefile(tree.stage / "bin/link")
    assert tree.build_info.root == "/opt/build"


@pytest.mark.parametrize(
    ("mode", "kept"), [(0o4755, 0o755), (0o2700, 0o755), (0o444, 0o644), (0o666, 0o644)]
)
def test_real_modes_become_plain_ones(
    mode: int, kept: int, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer = OldPacker()
    packer.add("file", data=b"x", mode=mode)
    tree = unpack(packer.whole(), hello, tmp_path)
    assert (tree.stage / "file").stat().st_mode & 0o7777 == kept


def test_set_id_bits_are_refused_where_none_can_be(hello: ConcreteSpec, tmp_path: Path) -> None:
    packer = OldPacker()
    packer.add("file", data=b"x", mode=0o4755)
    with pytest.raises(Refused, match="set-uid"):
        unpack(packer.whole(), hello, tmp_path, layout=2)
    assert not (tmp_path / "stage" / "file").exists()


def test_the_last_of_two_build_infos_counts(hello: ConcreteSpec, tmp_path: Path) -> None:
    packer = OldPacker()
    packer.info["buildpath"] = "/somewhere/else"
    packer.build_info()
    packer.info["buildpath"] = "/opt/build"
    packed = packer.whole()
    assert unpack(packed, hello, tmp_path).build_info.root == "/opt/build"
    (tmp_path / "again").mkdir()
    with pytest.raises(Refused, match="more than once"):
        unpack(packed, hello, tmp_path / "again", layout=2)


def test_build_infos_of_two_packages_are_refused(hello: ConcreteSpec, tmp_path: Path) -> None:
    packer = OldPacker()
    packer.add("other", tarfile.DIRTYPE)
    packer.add("other/.spack", tarfile.DIRTYPE)
    packer.add("other/.spack/binary_distribution", data=b"{}")
    with pytest.raises(Refused, match="more than once"):
        unpack(packer.whole(), hello, tmp_path)


def test_listed_links_to_files_are_passed_over(hello: ConcreteSpec, tmp_path: Path) -> None:
    packer = OldPacker()
    packer.add("tool", data=b"x")
    packer.add("tool-link", tarfile.SYMTYPE, link="tool")
    packer.add("text-link", tarfile.SYMTYPE, link="tool")
    packer.info["relocate_binaries"] = ["tool", "tool-link"]
    packer.info["relocate_textfiles"] = ["text-link"]
    info = unpack(packer.whole(), hello, tmp_path).build_info
    assert (info.binaries, info.texts) == (("tool",), ())


@pytest.mark.parametrize("listed", ["nowhere", "directory"])
def test_what_is_listed_must_be_there(listed: str, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer = OldPacker()
    packer.add("directory", tarfile.DIRTYPE)
    packer.info["relocate_textfiles"] = [listed]
    with pytest.raises(Refused, match="names a file that is not there"):
        unpack(packer.whole(), hello, tmp_path)


def test_a_golden_archive_of_0_18_lists_links_and_real_modes(tmp_path: Path) -> None:
    (beacon,) = (
        offer
        for offer in offers("v0.18.1/mirror-signed").values()
        if offer.spec.label == "beacon@1.3.0"
    )
    assert beacon.layout == 1
    tree = unpack(beacon.archive.read_bytes(), beacon.spec, tmp_path)
    assert (tree.stage / "libexec/setgid-note").stat().st_mode & 0o7777 == 0o755
    assert not any((tree.stage / path).is_symlink() for path in tree.build_info.texts)
    assert len(tree.build_info.prefixes) >= 3
