"""The shell script of a build: the same for every builder.

It says when and where it starts, runs Spack, and says how that ended, each by a file that appears
in one step. So the result is known without the accounting of a cluster, and as long as there is no
exit status, there is no success. Started a second time, as after the failure of a node, it goes on.
No value of the environment is in it: that comes with the process.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from core.atomic import write_atomically
from core.engine.builders.record import EXIT, JOB, SCRIPT, STARTED
from core.spack.install import InstallCommands

_TEXT = f"""#!/bin/bash
# Has Spack build one package. Written by spackbin and run by its builder.

note() {{  # note FILE LINE...
    local file=$1
    shift
    printf '%s\\n' "$@" >"$file.part" && mv -f -- "$file.part" "$file"
}}

finish() {{  # finish STATUS
    note {EXIT} "$1" "$(date +%s)" || exit 1
    exit "$1"
}}

cd -- @directory@ || exit 1
if [ "$(head -n 1 {EXIT} 2>/dev/null)" = 0 ]; then
    exit 0  # an earlier attempt has done it
fi
attempt=1
if [ -e {STARTED} ]; then
    attempt=$(($(sed -n 3p {STARTED}) + 1))
fi
rm -f {EXIT}
# The time at which this process began, so that nobody takes another one for it.
ticks=
if [ -r /proc/$$/stat ]; then
    read -r fields </proc/$$/stat
    set -- ${{fields##*) }}
    ticks=${{20}}
fi
note {STARTED} "$(uname -n)" "$(date +%s)" "$attempt" "$$" "$ticks" || exit 1
if [ -n "$SLURM_JOB_ID" ]; then
    note {JOB} slurm "$SLURM_JOB_ID"
fi
trap 'finish 143' TERM
trap 'finish 130' INT
printf '==> spackbin: attempt %s on %s at %s\\n' "$attempt" "$(uname -n)" "$(date)"
export TERM=dumb
@setup@
if @find@ >/dev/null 2>&1; then
    echo '==> spackbin: it is installed already'
    finish 0
fi
@install@
status=$?
if [ "$status" = 0 ]; then
    @settle@ || echo '==> spackbin: it stays marked as explicitly installed'
fi
finish "$status"
"""


def write_script(directory: Path, commands: InstallCommands, setup: Sequence[str] = ()) -> Path:
    """Write the script of the task in `directory`, for its owner alone; returns its path.

    Args:
        directory: of the task.
        commands: what it runs.
        setup: lines of shell that come before, e.g. `module load gcc`.

    Raises:
        StoreError: it cannot be written.
    """
    parts = {
        "@directory@": shlex.quote(str(directory)),
        "@setup@": "\n".join(setup),
        "@find@": shlex.join(commands.find),
        "@install@": shlex.join(commands.install),
        "@settle@": shlex.join(commands.settle),
    }
    text = "\n".join(_filled(line, parts) for line in _TEXT.splitlines()) + "\n"
    path = directory / SCRIPT
    write_atomically(path, text.encode())
    path.chmod(0o700)
    return path


def _filled(line: str, parts: dict[str, str]) -> str:
    """A line of ours with its one place filled; what is put in is not looked at again."""
    for mark, value in parts.items():
        before, found, after = line.partition(mark)
        if found:
            return before + value + after
    return line
