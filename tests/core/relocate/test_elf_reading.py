"""Our reader of ELF files, held against pyelftools."""

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from elf_maker import DT_RPATH, DT_RUNPATH, Shape, make_elf
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment
from hypothesis import given, settings
from hypothesis import strategies as st

from core.relocate.elf import read_elf_paths


def told_by_pyelftools(data: bytes) -> tuple[str | None, str | None]:
    """Interpreter and RPATH or RUNPATH."""
    interpreter = rpath = None
    for segment in ELFFile(BytesIO(data)).iter_segments():
        if isinstance(segment, InterpSegment):
            interpreter = segment.get_interp_name()
        if isinstance(segment, DynamicSegment):
            for tag in segment.iter_tags():
                if tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH"):
                    rpath = tag.rpath if tag.entry.d_tag == "DT_RPATH" else tag.runpath
    return interpreter, rpath


def told_by_us(data: bytes) -> tuple[str | None, str | None]:
    paths = read_elf_paths(data)
    assert paths is not None
    texts = (paths.interpreter, paths.rpath)
    for text in filter(None, texts):
        assert data[text.offset :].startswith(text.value + b"\0")
    interpreter, rpath = (text.value.decode() if text else None for text in texts)
    return interpreter, rpath


def programs() -> Iterator[Path]:
    """Some that any Linux has."""
    for name in ("true", "ls", "sh", "python3"):
        if found := shutil.which(name):
            yield Path(found).resolve()


def test_programs_of_this_machine() -> None:
    found = [path.read_bytes() for path in programs()]
    elves = [data for data in found if data.startswith(b"\x7fELF")]
    assert elves
    for data in elves:
        assert told_by_us(data) == told_by_pyelftools(data)


texts = st.text("abc/:$ORIGIN-.", max_size=40)


@given(
    st.sampled_from([32, 64]),
    st.sampled_from("<>"),
    st.sampled_from([2, 3]),
    st.none() | texts,
    st.none() | st.tuples(st.sampled_from([DT_RPATH, DT_RUNPATH]), texts),
)
def test_files_of_all_forms(
    bits: int, order: str, kind: int, interpreter: str | None, rpath: tuple[int, str] | None
) -> None:
    data = make_elf(
        Shape(
            bits,
            order,
            kind,
            None if interpreter is None else interpreter.encode(),
            ((rpath[0], rpath[1].encode()),) if rpath else (),
        )
    )
    assert told_by_us(data) == (interpreter, rpath[1] if rpath else None)


@pytest.mark.parametrize("bits", [32, 64])
@settings(max_examples=300)
@given(st.data())
def test_broken_files_are_none_or_read_within_their_bounds(bits: int, draw: st.DataObject) -> None:
    whole = make_elf(Shape(bits, rpaths=((DT_RPATH, b"/old/lib"),)))
    data = bytearray(whole[: draw.draw(st.integers(0, len(whole)))])
    for _ in range(draw.draw(st.integers(0, 6)) if data else 0):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    paths = read_elf_paths(bytes(data))
    for text in filter(None, (paths.interpreter, paths.rpath) if paths else ()):
        assert text.offset >= 0
        assert text.offset + len(text.value) < len(data)
