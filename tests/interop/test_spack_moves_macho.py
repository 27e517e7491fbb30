"""Mach-O files come out of Spack and out of us with the same bytes.

Spack leaves the load commands to `install_name_tool`; LLVM's stands for that of macOS here. What
both make of the files is kept as digests in `tests/golden/macho`, which hold us to it everywhere.
LLVM's signs what it has changed, under the name of the file; Spack gives it a name of its own, so
files with a signature are put before LLVM's alone.
"""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from real_spack import RealSpack

from tests.core.relocate.macho_cases import MOVES, files, signed_files
from tests.core.relocate.macho_maker import ID_DYLIB, LOAD_DYLIB, RPATH, paths_in

SCRIPT = """
import os, sys
from pathlib import Path
import spack.relocate
os.environ["PATH"] = sys.argv[1] + os.pathsep + os.environ["PATH"]
for path in sorted(Path(sys.argv[2]).iterdir()):
    try:
        spack.relocate.relocate_macho_binaries([str(path)], MOVES)
        spack.relocate.relocate_text_bin([str(path)], MOVES)
    except spack.error.SpackError:
        path.unlink()
"""


@pytest.fixture
def tools(install_name_tool: str, tmp_path: Path) -> Path:
    """A directory with LLVM's tool under the name that Spack calls."""
    directory = tmp_path / "tools"
    directory.mkdir()
    (directory / "install_name_tool").symlink_to(install_name_tool)
    return directory


def expected(golden: Path, what: str) -> dict[str, str]:
    return json.loads((golden / "macho" / "expected.json").read_text())[what]


def digests(directory: Path, names: list[str]) -> dict[str, str]:
    """What is there now; what Spack could not relocate is gone."""
    places = {name: directory / name for name in names}
    return {
        name: hashlib.sha256(place.read_bytes()).hexdigest() if place.exists() else "refused"
        for name, place in places.items()
    }


@pytest.mark.newest_spack
@pytest.mark.interop
@pytest.mark.parametrize("move", MOVES)
def test_spack_makes_what_is_recorded(
    spack: RealSpack, golden: Path, tools: Path, tmp_path: Path, move: str
) -> None:
    place = tmp_path / "files"
    place.mkdir()
    for name, data in files().items():
        (place / name).write_bytes(data)
    script = spack.script(f"MOVES = {dict(MOVES[move])!r}\n{SCRIPT}")
    spack.run("python", script, str(tools), str(place))
    assert digests(place, list(files())) == expected(golden, move)


@pytest.mark.newest_spack
@pytest.mark.interop
@pytest.mark.parametrize("move", MOVES)
def test_llvm_signs_as_is_recorded(golden: Path, tools: Path, tmp_path: Path, move: str) -> None:
    place = tmp_path / "signed"
    place.mkdir()
    for name, data in signed_files().items():
        (place / name).write_bytes(data)
        words = [str(tools / "install_name_tool"), *changes(data, move), str(place / name)]
        subprocess.run(words, check=True)
    assert digests(place, list(signed_files())) == expected(golden, f"{move}, signed")


def changes(data: bytes, move: str) -> list[str]:
    """What the tool is told, as Spack would."""
    options = {ID_DYLIB: ["-id"], LOAD_DYLIB: ["-change"], RPATH: ["-rpath"]}
    words: list[str] = []
    for kind, path in paths_in(data):
        for old, new in MOVES[move]:
            text = path.decode()
            if kind in options and text.startswith(old):
                pair = (
                    [text.replace(old, new)] if kind == ID_DYLIB else [text, text.replace(old, new)]
                )
                words += [*options[kind], *pair]
                break
    return words
