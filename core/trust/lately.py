"""What was checked a short while ago, so that the next to ask need not check it again.

A plan, its install and the next plan all ask about the same manifests and spec documents. To run
GnuPG takes longer than all else that is done with a manifest, and a spec document describes the
whole closure. So what came of it is kept: under the digest of what was checked, in the home
directory of the keyring of exactly those keys it was checked with. That directory is the user's
alone, like the keyring: who could write here could trust any key. Only what was good is kept.

A key that is distrusted, or learned to be revoked, counts at once: it makes another keyring. What
is kept of a signature says when something expires that it rests on (`core.trust.expiry`). That is a
matter of the keys alone, and is kept as long as their keyring.
"""

import os
import shutil
import stat
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path

PERIOD = 600
"""Seconds. What was found good in this period or the one before it still counts."""

_LATELY, _ALWAYS = "lately", "always"
"""Directories in the home: one with a directory for each period, and one for what always holds."""


class Lately:
    """What was found good lately with one keyring. Safe for threads and processes."""

    def __init__(self, home: Path, *, always: bool = False) -> None:
        """Make ready; nothing is read or written yet.

        Args:
            home: home directory of GnuPG that belongs to the keyring.
            always: whether it is about what holds as long as the keyring does.
        """
        self._home = home
        self._always = always

    @property
    def keyring(self) -> str:
        """Name of the keyring. Kept with what only holds for its keys: directories can be moved."""
        return self._home.name

    def recall(self, name: str) -> bytes | None:
        """What was kept under a name lately, if nobody else could have written it."""
        try:
            home = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return self._read(home, name) if _is_private(home) else None
        finally:
            os.close(home)

    def _read(self, home: int, name: str) -> bytes | None:
        for directory in self._directories():
            with suppress(OSError):
                path = f"{directory}/{name}"
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=home)
                with FileIO(descriptor) as file:
                    return file.readall()
        return None

    def keep(self, name: str, data: bytes) -> None:
        """Keep what was found good; what cannot be written is checked again another time."""
        newest, *older = self._directories()
        directory = self._home / newest
        try:
            if not directory.is_dir():
                self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
                if not self._always:
                    self._forget_all_but(newest, *older)
                directory.mkdir(parents=True, exist_ok=True)
            temporary = directory / f".{name}-{os.urandom(4).hex()}"
            temporary.write_bytes(data)
            temporary.replace(directory / name)
        except OSError:
            return

    def _directories(self) -> tuple[str, ...]:
        """Where in the home it may be, the newest first."""
        if self._always:
            return (_ALWAYS,)
        now = int(time.time()) // PERIOD
        return f"{_LATELY}/{now}", f"{_LATELY}/{now - 1}"

    def _forget_all_but(self, *counting: str) -> None:
        for path in (self._home / _LATELY).glob("*"):
            if f"{_LATELY}/{path.name}" not in counting:
                shutil.rmtree(path, ignore_errors=True)


def _is_private(home: int) -> bool:
    """Whether an open directory is ours and nobody else may enter it."""
    found = os.fstat(home)
    return found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077
