"""Signing of Mach-O files ad hoc by `codesign`, the program of macOS, as Spack has it do."""

import shutil
import sys
import tempfile
from pathlib import Path, PurePosixPath

from core.errors import RelocationError
from core.relocate.data import Data
from core.relocate.refusals import shown

CODESIGN_SECONDS = 120.0
"""How long it may take for one file."""


def find_codesign(platform: str = sys.platform) -> str | None:
    """Path of `codesign` on a Mac; `None` elsewhere, where a program of that name is another."""
    return shutil.which("codesign") if platform == "darwin" else None


def codesigned(data: Data, name: str, program: str, *, scratch: Path | None = None) -> bytes:
    """`data` with an ad-hoc signature in place of the one that may be there.

    Args:
        data: a Mach-O file.
        name: its path; the signature names its last part.
        program: path of `codesign`.
        scratch: directory for a copy of the file; `None` for the system's. It is clean afterwards.

    Raises:
        RelocationError: `codesign` cannot do it.
        OSError: the copy cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        copy = Path(directory) / PurePosixPath(name).name
        copy.write_bytes(data)
        _run([program, "-fs-", str(copy)])
        return copy.read_bytes()


def _run(command: list[str]) -> None:
    import subprocess  # On a Mac alone.

    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=CODESIGN_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(f"codesign took more than {CODESIGN_SECONDS:g} seconds") from error
    if done.returncode != 0:
        raise _failed(f"codesign said {shown(done.stderr.strip()[:500])}")


def _failed(said: str) -> RelocationError:
    return RelocationError(
        "A Mach-O file cannot be signed, and would not run without a signature",
        said,
        "Look whether codesign works on this machine: codesign -fs- FILE",
    )
