"""First lines of scripts that are too long for the kernel go through sbang."""

import re

from core.errors import RelocationError
from core.relocate.data import Data, as_bytes

LONGEST = 4096
"""A first line of so many bytes or more, its end included, is left alone (`hooks/sbang.py`)."""

_INTERPRETER = re.compile(rb"#![ \t]*([^ \t\0\n]+)")


def sbang_shebang(data: Data, sbang: bytes, limit: int) -> bytes:
    r"""`data` with a line for sbang before its first line, if that is too long; else `data`.

    The old first line becomes the second one, as a comment of its language: `--!` for lua, `//!`
    for node, in tags for php (Spack `hooks/sbang.py:filter_shebang`).

    Args:
        data: an executable file.
        sbang: path of the sbang script.
        limit: bytes of a first line, its end included, that the kernel takes.

    Raises:
        RelocationError: the path of sbang itself is too long.
    """
    first = bytes(data[: data.find(b"\n", 0, LONGEST) + 1] or data[:LONGEST])
    through = b"#!/bin/sh " + sbang + b"\n"
    is_ours = first == through
    interpreter = _INTERPRETER.match(first)
    if not is_ours and (interpreter is None or not limit < len(first) < LONGEST):
        return as_bytes(data)
    if len(sbang) > limit:
        raise RelocationError(
            "The path of the store is too long for scripts that need sbang",
            f"{sbang.decode('utf-8', 'surrogateescape')!a} has more than {limit} characters",
            "Use a store whose path is shorter",
        )
    if is_ours or interpreter is None:
        return as_bytes(data)
    return through + _as_comment(first, interpreter[1]) + data[len(first) :]


def _as_comment(line: bytes, interpreter: bytes) -> bytes:
    if interpreter.endswith((b"/lua", b"/luajit")):
        return b"--!" + line[2:]
    if interpreter.endswith(b"/node"):
        return b"//!" + line[2:]
    if interpreter.endswith(b"/php"):
        return b"<?php " + line + b" ?>"
    return line
