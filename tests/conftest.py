"""Fixtures for every test."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Hundreds of programs are started: each would compile all that it loads.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Other processes may be slow at any moment: how long an example takes says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

pytest_plugins = ["tests.simulator.fixtures", "tests.servers.registry", "tests.servers.s3"]

GOLDEN = Path(__file__).parent / "golden"
MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that must be free there for the directories of the tests, which need a tenth of it."""
LONGEST = (
    "tests/screens/",
    "tests/slurm/",
    "tests/e2e/test_wire.py",
    "tests/e2e/test_building_wire.py",
    "tests/e2e/test_killed.py",
    "tests/e2e/test_full_disk.py",
    "tests/e2e/test_many_terminals.py",
    "tests/e2e/test_terminal.py",
    "tests/core/catalog/",
)


def is_roomy(directory: Path) -> bool:
    """Whether the files of the tests may lie there, programs among them."""
    try:
        there = os.statvfs(directory)
    except OSError:
        return False
    is_free = there.f_bavail * there.f_frsize >= ROOM and os.access(directory, os.W_OK)
    return is_free and not there.f_flag & os.ST_NOEXEC


# The engine waits for the disk all the time. A disk that others use, too, makes each test slow.
if is_roomy(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="session")
def golden() -> Path:
    """Data made by real Spack, see tests/golden/README.md."""
    return GOLDEN


@pytest.fixture(scope="session", autouse=True)
def signals_are_heard() -> None:
    """Programs that are started hear signals although whoever runs the tests ignores them.

    `nohup` has it so, and a shell for what runs in the background. A handler is not inherited.
    """
    for name in (signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(name) is signal.SIG_IGN:
            signal.signal(name, lambda *_: None)


@pytest.fixture(autouse=True)
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's home directory or configuration."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "GNUPGHOME",
        "NETRC",
        "SPACK_ROOT",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in (
        "STORE",
        "CONFIG_DIR",
        "CACHE_DIR",
        "STATE_DIR",
        "JOBS",
        "USE_SPACK",
        "CACHE_SIZE",
        "SHARED_CACHES",
        "LOCK_TIMEOUT",
    ):
        monkeypatch.delenv(f"SPACKBIN_{name}", raising=False)


def pytest_xdist_auto_num_workers() -> int:
    """Many tests wait for processes of their own: two workers more than there are cores."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that nobody waits for it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """In continuous integration a skipped test is a failure: it tested nothing."""
    if os.environ.get("CI") and terminalreporter.stats.get("skipped"):
        terminalreporter.section("skipped tests fail in continuous integration")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """See `pytest_terminal_summary`."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
