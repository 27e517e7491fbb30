"""ELF files whose RPATH or interpreter must grow come out of both with the same bytes."""

import shutil
import subprocess
from pathlib import Path

import pytest
from real_spack import RealSpack

from core.relocate.elf import read_elf_paths, relocate_elf
from core.relocate.grow import find_patchelf, grown
from core.relocate.prefixes import make_prefix_map
from core.relocate.refusals import MustGrow

OLD, NEW = "/opt/s/pkg", "/opt/a/much/longer/store/pkg"
CASES = {
    "rpath": ("--force-rpath", "--set-rpath", f"{OLD}/lib:/usr/lib"),
    "runpath": ("--set-rpath", f"/usr/lib:{OLD}/lib:$ORIGIN/../lib"),
    "both": ("--set-rpath", f"{OLD}/lib", "--set-interpreter", f"{OLD}/lib/ld.so"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.interop
def test_grown_files_are_the_same(spack: RealSpack, tmp_path: Path, case: str) -> None:
    program = find_patchelf()
    assert program
    theirs = tmp_path / "program"
    shutil.copy(Path(shutil.which("true") or "/bin/true").resolve(), theirs)
    subprocess.run([program, *CASES[case], theirs], check=True)
    before = theirs.read_bytes()
    with pytest.raises(MustGrow) as caught:
        relocate_elf(before, make_prefix_map(None, [(OLD, NEW)], ("/opt/s", "/opt/a")))
    ours = grown(before, caught.value)
    # Spack calls its patchelf by the path; the version is the same that we call.
    script = (
        "import os, spack.relocate\n"
        f"os.environ['PATH'] = {str(Path(program).parent)!r} + ':' + os.environ['PATH']\n"
        f"spack.relocate.relocate_elf_binaries([{str(theirs)!r}], {{{OLD!r}: {NEW!r}}})\n"
    )
    spack.run("python", spack.script(script))
    paths = read_elf_paths(ours)
    assert paths is not None
    assert paths.rpath is not None
    assert NEW.encode() in paths.rpath.value
    assert theirs.read_bytes() == ours
