"""Which C library programs of this machine use.

Spack asks the dynamic loader of a program (Spack 1.x `util/libc.py`), so this does too: the
loader that the running Python names, what its path says about the prefix, and what it prints.
"""

import os
import re
import subprocess
from pathlib import Path

from elftools.common.exceptions import ELFError  # pyright: ignore[reportMissingTypeStubs]
from elftools.elf.elffile import ELFFile  # pyright: ignore[reportMissingTypeStubs]
from elftools.elf.segments import InterpSegment  # pyright: ignore[reportMissingTypeStubs]

from core.model.host import Libc

_TIMEOUT_SECONDS = 5
# Translations change everything but the names of the authors and of the foundation.
_GLIBC = re.compile(r"Free Software Foundation|Roland McGrath|Ulrich Drepper")
_GLIBC_LOADER = re.compile(r"version ([0-9]+\.[0-9]+(?:\.[0-9]+)?)")
_GLIBC_LDD = re.compile(r"[^\n]+\(.+\) ([0-9][0-9.]*)")
_MUSL = re.compile(r"^Version (\S+)$", re.MULTILINE)


def detect_libc(executable: Path) -> Libc | None:
    """The C library that `executable` is linked to; `None` if that cannot be found out."""
    try:
        loader = program_loader(executable)
        return libc_of_loader(loader) if loader else None
    except OSError:
        return None


def program_loader(executable: Path) -> Path | None:
    """The dynamic loader that an ELF program asks for; `None` if there is none.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        with executable.open("rb") as stream:
            for segment in ELFFile(stream).iter_segments():
                if isinstance(segment, InterpSegment):
                    return Path(segment.get_interp_name())
    except (ELFError, UnicodeDecodeError):
        return None
    return None


def libc_of_loader(loader: Path) -> Libc | None:
    """The C library that a dynamic loader belongs to; `None` if it does not say.

    Raises:
        OSError: the loader does not exist.
    """
    prefix = loader_prefix(loader.resolve(strict=True))
    if prefix is None:
        return None
    output, errors = _version_texts(loader)
    if errors.startswith("musl libc") and (found := _MUSL.search(errors)):
        return Libc("musl", found[1], str(prefix))
    if _GLIBC.search(output):
        found = _GLIBC_LOADER.search(output)
        return Libc("glibc", found[1], str(prefix)) if found else None
    return _libc_of_ldd(prefix)


def loader_prefix(loader: Path) -> Path | None:
    """The prefix that Spack records for the C library of a loader, links resolved.

    `/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2` belongs to `/usr`; `None` if the loader is
    not in a `lib` or `lib64` directory, or one below it.
    """
    directory = loader.parent
    if directory.name not in {"lib", "lib64"}:
        directory = directory.parent
    return directory.parent if directory.name in {"lib", "lib64"} else None


def _libc_of_ldd(prefix: Path) -> Libc | None:
    """The C library by its `ldd`: loaders before glibc 2.33 do not say their version."""
    # Where /lib is no link to /usr/lib, the loader is in / and everything else in /usr.
    for candidate in (prefix, *([Path("/usr")] if prefix == Path("/") else [])):
        ldd = candidate / "bin" / "ldd"
        if ldd.exists():
            output, _ = _version_texts(ldd)
            found = _GLIBC_LDD.match(output) if _GLIBC.search(output) else None
            return Libc("glibc", found[1], str(candidate)) if found else None
    return None


def _version_texts(program: Path) -> tuple[str, str]:
    """What `program --version` writes to its output and its error output."""
    try:
        done = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return "", ""
    return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
