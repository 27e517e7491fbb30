"""Packages for macOS: what the loader reads, strings, signatures, and what is said of them."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from golden_packages import make_artifact
from msgspec.structs import replace
from packing import PREFIX, Packer

from core.cancel import CancelToken
from core.engine import holder, place, refit
from core.engine.place import extract, relocate
from core.errors import RelocationError
from core.model.artifact import LeftFile, StagedTree
from core.model.spec import ConcreteSpec
from tests.core.relocate.elf_maker import DT_RPATH, Shape, make_elf
from tests.core.relocate.macho_maker import (
    ARM64,
    ID_DYLIB,
    LOAD_DYLIB,
    RPATH,
    MachO,
    make_fat,
    make_macho,
    paths_in,
    slices_of,
)
from tests.core.relocate.signature_maker import wrong_pages

pytestmark = pytest.mark.usefixtures("pace")

ROOT = Path("/srv/store")
FINAL = ROOT / "darwin-m1" / f"hello-1.0-{'a' * 32}"
OLD, NEW = f"/{PREFIX}".encode(), bytes(FINAL)
PATHS = ((ID_DYLIB, OLD + b"/lib/liba.dylib"), (LOAD_DYLIB, b"/opt/build/b"), (RPATH, OLD))
MOVED = [(ID_DYLIB, NEW + b"/lib/liba.dylib"), (LOAD_DYLIB, b"/srv/store/b"), (RPATH, NEW)]
SIGNED = MachO(PATHS, cpu=ARM64, signed="liba.dylib", text=b"text" * 3000)
BY_SOMEBODY = MachO(PATHS, signed="libc.dylib", by_somebody=b"certificates")
CODESIGN = '#!/bin/sh\necho "$@" >> "$0.words"\nprintf "signed by $0" > "$2"\n'


@pytest.fixture(params=["whole", "in pieces"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How files come by, by what they are taken for."""
    if request.param == "in pieces":
        monkeypatch.setattr(refit, "WHOLE", 0)
        monkeypatch.setattr(holder, "HELD_FILE", 0)
    return request.param


def moved(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path, platform: str = "darwin", threads: int = 1
) -> StagedTree:
    archive = tmp_path / "archive"
    archive.write_bytes(packer.whole())
    artifact = make_artifact(replace(hello, platform=platform), archive)

    def progress(_done: int, _total: int) -> None:
        pass

    tree = extract(artifact, tmp_path / "stage", progress=progress, cancel=CancelToken())
    return relocate(
        tree,
        prefix=FINAL,
        root=ROOT,
        sbang=ROOT / "bin" / "sbang",
        prefixes={},
        progress=progress,
        cancel=CancelToken(),
        exists=lambda _path: False,
        shebang_limit=127,
        threads=threads,
    )


def add_binaries(packer: Packer, **files: bytes) -> None:
    for name, data in files.items():
        packer.add(name, data=data)
    packer.info["relocate_binaries"] = list(files)


def check_manifest(staged: StagedTree) -> None:
    manifest = json.loads((staged.stage / ".spack" / "install_manifest.json").read_text())
    for path, entry in manifest.items():
        file = staged.stage / Path(path).relative_to(FINAL)
        if "hash" in entry:
            assert entry["size"] == file.stat().st_size
            assert entry["hash"] == _manifest_hash(file.read_bytes())


def _manifest_hash(data: bytes) -> str:
    return base64.b32encode(hashlib.sha1(data).digest()).decode()


@pytest.mark.usefixtures("size")
def test_libraries_are_moved_and_signed(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    string = OLD + b"/share/data\0"
    add_binaries(
        packer,
        thin=make_macho(MachO(PATHS, text=string)),
        signed=make_macho(SIGNED),
        fat=make_fat(MachO(PATHS), SIGNED),
    )
    staged = moved(packer, hello, tmp_path)
    thin, signed, fat = ((staged.stage / name).read_bytes() for name in ("thin", "signed", "fat"))
    assert paths_in(thin) == paths_in(signed) == MOVED
    assert [paths_in(part) for part in slices_of(fat)] == [MOVED, MOVED]
    assert (NEW + b"/share/data\0").rjust(len(string), b"/") in thin
    for data in (signed, slices_of(fat)[1]):
        assert wrong_pages(data, 0, data.index(b"\xfa\xde\x0c\xc0")) == []
    assert (staged.report.binaries, staged.report.unsigned_count) == (3, 0)
    assert staged.report.left == ()
    check_manifest(staged)


@pytest.mark.usefixtures("size")
def test_what_must_be_signed_on_a_mac_is_said(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    somebodys, unsigned = make_macho(BY_SOMEBODY), make_macho(MachO(PATHS, cpu=ARM64))
    elsewhere = make_macho(MachO(((RPATH, b"/usr/lib"),), cpu=ARM64))
    add_binaries(packer, somebodys=somebodys, unsigned=unsigned, elsewhere=elsewhere)
    staged = moved(packer, hello, tmp_path, threads=2)
    assert paths_in((staged.stage / "somebodys").read_bytes()) == MOVED
    assert staged.report.unsigned == ("somebodys", "unsigned")
    assert staged.report.unsigned_count == 2
    assert staged.report.left == (LeftFile("elsewhere", "it holds no old path"),)
    assert (staged.stage / "elsewhere").read_bytes() == elsewhere


@pytest.mark.usefixtures("size")
def test_on_a_mac_codesign_signs_what_has_changed(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "codesign"
    program.write_text(CODESIGN)
    program.chmod(0o755)
    monkeypatch.setattr(place, "find_codesign", lambda: str(program))
    add_binaries(
        packer,
        plain=make_macho(MachO(PATHS)),
        signed=make_macho(SIGNED),
        somebodys=make_macho(BY_SOMEBODY),
        same=make_macho(MachO(((RPATH, b"/usr/lib"),), cpu=ARM64)),
    )
    staged = moved(packer, hello, tmp_path)
    calls = (tmp_path / "codesign.words").read_text().splitlines()
    # On a slow file system there may be several at a time.
    assert sorted((line.split()[0], line.split("/")[-1]) for line in calls) == [
        ("-fs-", "signed"),
        ("-fs-", "somebodys"),
    ]
    whole = f"signed by {program}".encode()
    is_signed = {
        name: (staged.stage / name).read_bytes() == whole
        for name in ("plain", "signed", "somebodys", "same")
    }
    assert is_signed == {"plain": False, "signed": True, "somebodys": True, "same": False}
    assert staged.report.unsigned_count == 0
    check_manifest(staged)


@pytest.mark.usefixtures("size")
def test_a_codesign_that_fails(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "codesign"
    program.write_text("#!/bin/sh\necho 'internal error' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(place, "find_codesign", lambda: str(program))
    add_binaries(packer, signed=make_macho(SIGNED))
    with pytest.raises(RelocationError, match="cannot be signed") as caught:
        moved(packer, hello, tmp_path)
    assert caught.value.detail == "'signed': codesign said 'internal error'"


@pytest.mark.usefixtures("size")
def test_no_room(packer: Packer, hello: ConcreteSpec, tmp_path: Path) -> None:
    packer.info["hash_to_prefix"] = {"a" * 32: "/o"}
    add_binaries(packer, tight=make_macho(MachO(((RPATH, b"/o/lib"),) * 2, gap=0)))
    with pytest.raises(RelocationError, match="too little room") as caught:
        moved(packer, hello, tmp_path)
    assert caught.value.detail.startswith("'tight': '/o/lib' would become '/srv/store/")


def test_load_commands_change_for_macos_alone(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    """As from Spack: elsewhere a Mach-O file is a binary with strings, there an ELF file is."""
    add_binaries(packer, thin=make_macho(MachO((PATHS[0], PATHS[2]))))
    staged = moved(packer, hello, tmp_path, platform="linux")
    padded = NEW.rjust(len(OLD), b"/")
    assert padded != NEW
    found = paths_in((staged.stage / "thin").read_bytes())
    assert found == [(ID_DYLIB, padded + b"/lib/liba.dylib"), (RPATH, padded)]


@pytest.mark.usefixtures("size")
def test_elf_files_are_mere_binaries_for_macos(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    add_binaries(packer, elf=make_elf(Shape(rpaths=((DT_RPATH, OLD + b"/lib:/nowhere"),))))
    staged = moved(packer, hello, tmp_path)
    assert NEW.rjust(len(OLD), b"/") + b"/lib:/nowhere" in (staged.stage / "elf").read_bytes()
    assert staged.report.rpaths == 0


@pytest.mark.usefixtures("size")
def test_what_spack_spares_has_its_paths_filled_up(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    packer.add("libgcc_s.dylib", data=make_macho(MachO((PATHS[2],))))
    packer.info["relocate_binaries"] = ["libgcc_s.dylib"]
    staged = moved(packer, hello, tmp_path)
    found = paths_in((staged.stage / "libgcc_s.dylib").read_bytes())
    assert found == [(RPATH, NEW.rjust(len(OLD), b"/"))]


def test_a_broken_file_is_left_and_named(
    packer: Packer, hello: ConcreteSpec, tmp_path: Path
) -> None:
    broken = make_macho(MachO(PATHS))[:80]
    add_binaries(packer, broken=broken)
    staged = moved(packer, hello, tmp_path)
    assert staged.report.unsigned_count == 0
    assert staged.report.left == (LeftFile("broken", "it is a Mach-O file that cannot be read"),)
    assert (staged.stage / "broken").read_bytes() == broken
