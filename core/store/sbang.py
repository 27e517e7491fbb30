"""sbang: the script at `bin/sbang` of a store that starts scripts with long interpreter lines."""

import os
import re
import secrets
import stat
import sys
from pathlib import Path

from core.cancel import CancelToken
from core.store.disk import remove_if_possible, store_error
from core.store.locks import database_lock
from core.store.paths import StorePaths

MARK = "# sbang of spackbin"
"""How ours is told from another."""
MODE = 0o2755
"""The mode that Spack gives it: that of a package directory, executable."""
DEFAULT_SHEBANG_LIMIT = 127
"""Bytes of a first line that every Linux takes, its end included (before 5.1)."""
MACOS_SHEBANG_LIMIT = 511
"""The limit of macOS."""

SCRIPT = rf"""#!/bin/sh
{MARK}, 1
#
# Usage: sbang SCRIPT [ARGUMENT]...
#
# The kernel cuts long interpreter lines short. A script that has one begins with the line
# "#!/bin/sh .../sbang" instead, and its own line is the second, as a comment of its language:
# #! //! --! or <?php #!

set -f # the words of an interpreter line are no patterns for file names

fail() {{
    printf 'sbang: %s\n' "$1" >&2
    exit 126
}}

[ $# -gt 0 ] || fail 'usage: sbang SCRIPT [ARGUMENT]...'
script=$1
[ -r "$script" ] || fail "cannot read $script"

command=
number=0
while [ "$number" -lt 2 ] && {{ IFS= read -r line || [ -n "$line" ]; }}; do
    number=$((number + 1))
    case $line in
        '#!'*) command=${{line#??}} ;;
        '//!'* | '--!'*) command=${{line#???}} ;;
        '<?php #!'*) command=${{line#????????}} command=${{command%'?>'}} ;;
    esac
done <"$script"

for word in $command; do
    case $word in
        sbang | */sbang) fail "no interpreter but sbang in $script" ;;
    esac
done

# The program is the first word, or the first after env, its options and variables.
program=
for word in $command; do
    case $word in
        env | */env | -* | [A-Za-z_]*=*) ;;
        *)
            program=${{word##*/}}
            break
            ;;
    esac
done
[ -n "$program" ] || fail "no interpreter in $script"

# Both refuse a file whose first line names another program, unless told to look for theirs.
case $program in
    perl | perl[0-9]* | ruby | ruby[0-9]*) set -- -x "$@" ;;
esac
exec $command "$@"
"""
"""The script, for any POSIX shell."""

_TEMPORARY = ".sbang.*.tmp"
_LIMIT = re.compile(r"#define BINPRM_BUF_SIZE ([0-9]+)")


def have_sbang(paths: StorePaths, cancel: CancelToken | None = None) -> None:
    """Have a working sbang in a store, and nothing that a writer of one has left behind.

    Raises:
        StoreError: it cannot be written, or the database of the store stays locked.
        Interrupted: `cancel` was set while waiting for that lock.
    """
    directory = paths.sbang.parent
    try:
        if _is_good(paths.sbang) and not any(directory.glob(_TEMPORARY)):
            return
    except OSError as error:
        raise store_error("sbang cannot be read", paths.sbang, error) from error
    # All who write it hold this lock: what lies beside it belongs to nobody.
    with database_lock(paths, write=True, cancel=cancel):
        for left_behind in directory.glob(_TEMPORARY):
            remove_if_possible(left_behind)
        install_sbang(paths.sbang)


def install_sbang(path: Path) -> None:
    """Have a working sbang at `path`, `bin/sbang` of a store.

    One that is there already and not ours, e.g. Spack's, is left alone.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        if not _is_good(path):
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.parent.chmod(0o755)
            _write(path)
    except OSError as error:
        raise store_error("sbang cannot be written", path, error) from error


def system_shebang_limit(
    header: Path = Path("/usr/include/linux/binfmts.h"), platform: str = sys.platform
) -> int:
    """Bytes of a first line, its end included, that Spack takes this system's kernel to read.

    Newer Linux kernels read 255; Spack believes the system's C header, else takes the old limit
    (`hooks/sbang.py`, Spack 1.x).
    """
    if platform == "darwin":
        return MACOS_SHEBANG_LIMIT
    try:
        found = _LIMIT.search(header.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    return int(found[1]) - 1 if found else DEFAULT_SHEBANG_LIMIT


def _is_good(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    if not (stat.S_ISREG(mode) and mode & 0o111 and content.startswith(b"#!")):
        return False
    return MARK.encode() not in content or content == SCRIPT.encode()


def _write(path: Path) -> None:
    temporary = path.with_name(f".sbang.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(SCRIPT.encode())
            file.flush()
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        remove_if_possible(temporary)
        raise
