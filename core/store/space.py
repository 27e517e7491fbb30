"""What is left on the file system of a store: bytes, inodes and the user's quota."""

import os
import shutil
from pathlib import Path

from core.model.plan import Space

QUOTA_SECONDS = 2.0
"""How long `quota` may take: for network file systems it asks their server."""
_BLOCK = 1024
_COLUMNS = 9
"""Of a line of `quota --raw-grace`: file system, then four numbers each for blocks and files."""


def look_at_space(root: Path) -> Space:
    """What may still be written below `root`, or below the nearest directory that exists.

    What cannot be found out is `None`.
    """
    place = next((path for path in (root, *root.parents) if os.path.exists(path)), root)
    try:
        found = os.statvfs(place)
    except OSError:
        return Space()
    free_bytes, free_files = _quota_of(place)
    return Space(
        bytes_free=found.f_bavail * found.f_frsize,
        files_free=found.f_favail if found.f_files else None,  # btrfs does not count them
        quota_bytes=free_bytes,
        quota_files=free_files,
    )


def _quota_of(place: Path) -> tuple[int | None, int | None]:
    """Bytes and files that the user's quota still allows; `None` where there is no limit."""
    program = shutil.which("quota")
    device = _device_of(place)
    if program is None or device is None:
        return None, None
    import subprocess  # Most machines have no quotas.

    try:
        done = subprocess.run(
            [program, "--user", "--no-wrap", "--raw-grace"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=QUOTA_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None, None
    # Its exit status is 1 if a limit is exceeded already.
    return parse_quota(done.stdout.decode("utf-8", "replace"), device)


def parse_quota(said: str, device: str) -> tuple[int | None, int | None]:
    """What `quota --no-wrap --raw-grace` says of a device, as bytes and files that are left.

    The hard limit counts, or the soft one where that is the only one. A zero means no limit.
    """
    for line in said.splitlines():
        columns = line.split()
        if len(columns) == _COLUMNS and columns[0] == device:
            blocks, files = _left(columns[1:4]), _left(columns[5:8])
            return (None if blocks is None else blocks * _BLOCK), files
    return None, None


def _left(columns: list[str]) -> int | None:
    # A star behind the first number means that it is above a limit.
    digits = [column.rstrip("*") for column in columns]
    if not all(column.isdecimal() for column in digits):
        return None
    used, soft, hard = map(int, digits)
    limit = hard or soft
    return max(0, limit - used) if limit else None


def _device_of(place: Path) -> str | None:
    """What is mounted where `place` lies, as the mount table calls it."""
    try:
        number = place.stat().st_dev
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return None
    wanted = f"{os.major(number)}:{os.minor(number)}"
    for line in lines:
        columns, _, rest = line.partition(" - ")
        if columns.split()[2:3] == [wanted]:
            return rest.split()[1]
    return None
