"""Interpreter and RPATH that do not fit, in a real program that still runs afterwards."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from elf_maker import DT_RPATH, DT_RUNPATH, Shape, make_elf
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

from core.errors import RelocationError
from core.relocate import grow
from core.relocate.cstrings import string_patches
from core.relocate.elf import read_elf_paths, relocate_elf
from core.relocate.grow import find_patchelf, grown
from core.relocate.prefixes import PrefixMap, make_prefix_map
from core.relocate.refusals import MustGrow


def patchelf(*arguments: str | Path) -> None:
    program = find_patchelf()
    assert program is not None
    subprocess.run([program, *arguments], check=True)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program with an RPATH and an interpreter below `tmp_path / "old"`."""
    true = Path(shutil.which("true") or "/bin/true").resolve()
    paths = read_elf_paths(true.read_bytes())
    assert paths is not None
    assert paths.interpreter is not None
    for name in ("old", "a-longer-name"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ld.so").symlink_to(paths.interpreter.value.decode())
    program = tmp_path / "program"
    shutil.copy(true, program)
    patchelf("--force-rpath", "--set-rpath", f"{tmp_path}/old/lib:/usr/lib", program)
    patchelf("--set-interpreter", tmp_path / "old" / "ld.so", program)
    return program


def moves(tmp_path: Path) -> PrefixMap:
    return make_prefix_map(None, [], (f"{tmp_path}/old", f"{tmp_path}/a-longer-name"))


def refusal_of(data: bytes, prefixes: PrefixMap) -> MustGrow:
    with pytest.raises(MustGrow) as caught:
        relocate_elf(data, prefixes)
    return caught.value


def test_a_program_with_grown_paths_runs(program: Path, tmp_path: Path) -> None:
    data = program.read_bytes()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    new = grown(data, refusal_of(data, moves(tmp_path)), scratch=scratch)
    assert list(scratch.iterdir()) == []
    paths = read_elf_paths(new)
    assert paths is not None
    assert paths.interpreter is not None
    assert paths.rpath is not None
    assert paths.interpreter.value.decode() == f"{tmp_path}/a-longer-name/ld.so"
    assert paths.rpath.value.decode() == f"{tmp_path}/a-longer-name/lib:/usr/lib"
    # Nothing of the old paths is left over that the step for strings would stumble on.
    assert string_patches(new, moves(tmp_path)) == []
    program.write_bytes(new)
    subprocess.run([program], check=True)


@pytest.mark.parametrize(("options", "tag"), [((), DT_RUNPATH), (("--force-rpath",), DT_RPATH)])
def test_the_interpreter_alone_leaves_the_rpath(
    program: Path, tmp_path: Path, options: tuple[str, ...], tag: int
) -> None:
    patchelf("--remove-rpath", program)
    patchelf(*options, "--set-rpath", "/usr/lib", program)
    data = program.read_bytes()
    growth = refusal_of(data, moves(tmp_path))
    assert growth.rpath is None
    new = grown(data, growth)
    paths = read_elf_paths(new)
    assert paths is not None
    assert paths.rpath is not None
    assert paths.rpath.value == b"/usr/lib"
    assert dynamic_tags(new) & {DT_RPATH, DT_RUNPATH} == {tag}


def test_a_runpath_that_grows_becomes_an_rpath(program: Path, tmp_path: Path) -> None:
    patchelf("--remove-rpath", program)
    patchelf("--set-rpath", f"{tmp_path}/old/lib", program)
    data = program.read_bytes()
    assert DT_RUNPATH in dynamic_tags(data)
    tags = dynamic_tags(grown(data, refusal_of(data, moves(tmp_path))))
    assert tags & {DT_RPATH, DT_RUNPATH} == {DT_RPATH}


def dynamic_tags(data: bytes) -> set[int]:
    dynamic = ELFFile(BytesIO(data)).get_section_by_name(".dynamic")
    assert isinstance(dynamic, DynamicSection)
    names = {"DT_RPATH": DT_RPATH, "DT_RUNPATH": DT_RUNPATH}
    return {names.get(tag.entry["d_tag"], 0) for tag in dynamic.iter_tags()}


def test_what_patchelf_cannot_read_is_refused() -> None:
    data = make_elf(Shape(rpaths=((DT_RPATH, b"/old/lib"),)))  # it wants section headers
    growth = refusal_of(data, make_prefix_map(None, [], ("/old", "/longer")))
    with pytest.raises(RelocationError, match="patchelf said") as caught:
        grown(data, growth)
    assert caught.value.hint == growth.hint


def test_without_patchelf_the_hint_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_elf(Shape(rpaths=((DT_RPATH, b"/old/lib"),)))
    growth = refusal_of(data, make_prefix_map(None, [], ("/old", "/longer")))
    monkeypatch.setattr(grow.sysconfig, "get_path", lambda _: "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RelocationError, match="Install patchelf, or use a store"):
        grown(data, growth)


def test_a_file_name_is_never_passed_for_an_rpath(program: Path) -> None:
    patchelf("--force-rpath", "--set-rpath", "x:/old/lib", program)
    data = program.read_bytes().replace(b"x:/old/lib\0", b"@:/old/lib\0")
    growth = refusal_of(data, make_prefix_map(None, [], ("/old", "/longer")))
    assert growth.rpath == b"@:/longer/lib"
    with pytest.raises(MustGrow):
        grown(data, growth)
