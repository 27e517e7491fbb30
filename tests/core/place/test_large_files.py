"""Relocation piece by piece is relocation of the whole."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.engine import large
from core.engine.large import (
    finish_large_script,
    relocate_large_binary,
    relocate_large_text,
)
from core.errors import RelocationError
from core.relocate.cstrings import string_patches
from core.relocate.data import patched
from core.relocate.elf import loader_patches
from core.relocate.prefixes import PrefixMap
from core.relocate.shebang import sbang_shebang
from core.relocate.text import relocate_text_counted

PREFIXES = PrefixMap(((b"/old/root/package", b"/n/p"), (b"/old/root", b"/n"), (b"/same", b"/same")))
TOKENS = st.sampled_from(
    [
        b"/old/root/package",
        b"/old/root",
        b"/old/roo",
        b"/same",
        b"/",
        b"x",
        b"-",
        b" ",
        b"\n",
        b"\0",
    ]
)
DATA = st.lists(TOKENS, min_size=1, max_size=60).map(b"".join)


@contextmanager
def file_of(data: bytes, piece: int) -> Iterator[Path]:
    """A file, while pieces are so small."""
    usual, large.PIECE = large.PIECE, piece
    try:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "file")
            path.write_bytes(data)
            yield path
            assert list(path.parent.iterdir()) == [path]
    finally:
        large.PIECE = usual


@settings(deadline=None)
@given(DATA, st.integers(1, 60))
def test_binaries(data: bytes, piece: int) -> None:
    with file_of(data, piece) as path:
        try:
            patches = string_patches(data, PREFIXES)
            expected = patched(data, patches), len(patches)
        except RelocationError:
            expected = None
        try:
            count = relocate_large_binary(
                path, PREFIXES, lambda data: loader_patches(data, PREFIXES)
            )
        except RelocationError:
            assert expected is None
        else:
            assert (path.read_bytes(), count) == expected


@settings(deadline=None)
@given(DATA, st.integers(1, 60))
def test_texts(data: bytes, piece: int) -> None:
    with file_of(data, piece) as path:
        inode = path.stat().st_ino
        count = relocate_large_text(path, PREFIXES)
        expected, _ = relocate_text_counted(data, PREFIXES)
        assert path.read_bytes() == expected
        assert (count > 0) == (data != expected)
        assert path.stat().st_ino == inode


@settings(deadline=None)
@given(st.sampled_from([b"#!/bin/sh\n", b"#!/" + b"x" * 200 + b"/perl\n", b"x"]), DATA)
def test_scripts(line: bytes, data: bytes) -> None:
    with file_of(line + data, 20) as path:
        count = finish_large_script(path, b"/store/bin/sbang", 127)
        assert path.read_bytes() == sbang_shebang(line + data, b"/store/bin/sbang", 127)
        assert count == (len(line) > 127)
