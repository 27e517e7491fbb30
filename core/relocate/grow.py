"""ELF files whose interpreter or RPATH must become longer: the program patchelf moves them.

They lie between other strings, so that the file has to be laid out anew. Spack calls the same
program (1.x `relocate.py:relocate_elf_binaries`), and what comes out is what it leaves.
"""

import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from core.errors import RelocationError
from core.relocate.data import Data
from core.relocate.refusals import MustGrow, shown

PATCHELF_SECONDS = 120.0
"""How long it may take for one file."""


def find_patchelf() -> str | None:
    """Path of patchelf: the one installed along with us, else the system's, else `None`."""
    ours = sysconfig.get_path("scripts")
    return shutil.which("patchelf", path=ours) or shutil.which("patchelf")


def grown(data: Data, growth: MustGrow, *, scratch: Path | None = None) -> bytes:
    """`data` with the interpreter and RPATH of `growth`. A RUNPATH that changes becomes an RPATH.

    Where the RPATH stays, patchelf does not hear of it; Spack has it removed.

    Args:
        data: the ELF file as it was when `relocate_elf` refused it.
        growth: that refusal.
        scratch: directory for a copy of the file; `None` for the system's. It is clean afterwards.

    Raises:
        RelocationError: patchelf is missing, or cannot do it.
        OSError: the copy cannot be written.
    """
    program = find_patchelf()
    if program is None:
        hint = "Install patchelf, or " + growth.hint[:1].lower() + growth.hint[1:]
        raise RelocationError(growth.title, growth.detail, hint)
    options: list[bytes] = []
    if growth.rpath is not None:
        options += [b"--force-rpath", b"--set-rpath", growth.rpath]
    if growth.interpreter is not None:
        options += [b"--set-interpreter", growth.interpreter]
    # patchelf would read a file of that name.
    if any(option.startswith(b"@") for option in options):
        raise growth
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        copy = Path(directory) / "file"
        copy.write_bytes(data)
        _run([program, *options, copy], growth)
        return copy.read_bytes()


def _run(command: list[str | bytes | Path], growth: MustGrow) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATCHELF_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        said = f"patchelf took more than {PATCHELF_SECONDS:g} seconds"
        raise RelocationError(growth.title, f"{growth.detail}; {said}", growth.hint) from error
    if done.returncode != 0:
        said = f"patchelf said {shown(done.stderr.strip()[:500])}"
        raise RelocationError(growth.title, f"{growth.detail}; {said}", growth.hint)
