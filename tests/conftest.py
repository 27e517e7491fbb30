"""Fixtures for every test."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Other processes may be slow at any moment: how long an example takes says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

pytest_plugins = ["tests.simulator.fixtures", "tests.servers.registry", "tests.servers.s3"]

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def golden() -> Path:
    """Data made by real Spack, see tests/golden/README.md."""
    return GOLDEN


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
    """Many tests wait for processes of their own: one worker more than there are cores."""
    return (os.cpu_count() or 1) + 1


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
