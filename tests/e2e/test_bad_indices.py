"""Indices that are bombs or do not fit, and caches that cannot be written."""

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from tests.program import Program
from tests.simulator.mirror import SimulatedMirror

FAILED = 1
BOMB_SIZE = 300_000_000


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A good deal less than what it would unpack to."""
    head = b'{"database": {"version": "8", "installs": {"'
    return gzip.compress(head + bytes(BOMB_SIZE), compresslevel=1, mtime=0)


def catalogs(program: Program) -> dict[str, int]:
    """Files beside the catalogs, and their sizes."""
    found = (program.directory / "cache/catalogs").iterdir()
    return {path.name: path.stat().st_size for path in found if path.suffix != ".json"}


def in_own_mounts(program: Program, mount: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run spackbin after `mount`, which may name the cache, and nobody else sees."""
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    (program.directory / "cache").mkdir(exist_ok=True)
    return subprocess.run(
        [*own, "sh", "-c", f'{mount} && exec "$@"', "sh", *program.arguments(*arguments)],
        env=program.environment,
        cwd=program.directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


READ_ONLY = (
    'mount --bind "$SPACKBIN_CACHE_DIR" "$SPACKBIN_CACHE_DIR"'
    ' && mount -o remount,bind,ro "$SPACKBIN_CACHE_DIR"'
)
SMALL = 'mount -t tmpfs -o size=1m none "$SPACKBIN_CACHE_DIR"'


def test_a_bomb_is_not_unpacked(program: Program, simulated: SimulatedMirror, bomb: bytes) -> None:
    program.trusting(simulated.url, simulated.fingerprint)
    before, kept = program.good("list", "--all"), catalogs(program)
    simulated.write_index_text(bomb)
    said = program.refused(FAILED, "mirror", "refresh")
    assert "The index of this mirror is broken" in said
    assert program.good("list", "--all") == before
    assert catalogs(program) == kept


def test_an_index_of_absurd_size_is_not_fetched(
    program: Program, simulated: SimulatedMirror
) -> None:
    program.trusting(simulated.url, simulated.fingerprint)
    text = simulated.index_manifest.read_text()
    start = text.index('"contentLength":') + len('"contentLength":')
    end = text.index(",", start)
    simulated.index_manifest.write_text(f"{text[:start]}{1 << 40}{text[end:]}")
    said = program.refused(FAILED, "mirror", "refresh")
    assert "1,099,511,627,776" in said


def test_an_index_that_does_not_fit_is_not_begun(
    program: Program, simulated: SimulatedMirror
) -> None:
    program.trusting(simulated.url, simulated.fingerprint)
    simulated.write_index_text(b" " * 3_000_000)
    done = in_own_mounts(program, SMALL, "mirror", "refresh")
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "it has 3,000,000 bytes" in done.stderr
    assert "SPACKBIN_CACHE_DIR" in done.stderr


def test_a_cache_that_may_only_be_read(program: Program, simulated: SimulatedMirror) -> None:
    program.trusting(simulated.url, simulated.fingerprint)
    before = program.good("list", "--all")
    listed = in_own_mounts(program, READ_ONLY, "list", "--all")
    assert (listed.returncode, listed.stdout) == (0, before), listed.stderr
    simulated.write_index_text(b'{"database":{"version":"8","installs":{}}}')
    done = in_own_mounts(program, READ_ONLY, "mirror", "refresh")
    assert done.returncode == FAILED, done.stdout + done.stderr
    assert "read-only" in done.stderr.lower()
    assert "SPACKBIN_CACHE_DIR" in done.stderr
    assert "Traceback" not in done.stderr
    assert program.good("list", "--all") == before


def test_processes_that_refresh_at_once(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    before = program.good("list", "--all")
    for path in (program.directory / "cache/catalogs").iterdir():
        path.unlink()
    running = [
        subprocess.Popen(
            program.arguments("mirror", "refresh"),
            env=program.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert program.good("list", "--all") == before
    assert not [name for name in catalogs(program) if not name.endswith((".index", ".sqlite"))]
