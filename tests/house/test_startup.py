"""Start-up stays lean: what a command does not need is not loaded."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.session import Session
from core.settings import load_settings
from tests.program import KEY, world

SLOW = {
    "archspec",
    "asyncio",
    "distro",
    "elftools",
    "email",
    "gnupg",
    "http.client",
    "httpx",
    "ssl",
    "textual",
    "urllib.request",
    "yaml",
}
"""What takes long to load, and no command needs that only looks at what is here."""

STARTS = {"os.fork", "os.posix_spawn", "subprocess.Popen"}
"""Audit events of new processes."""

RUN = """
import os, sys
STARTS = {"os.fork", "os.posix_spawn", "subprocess.Popen"}
sys.addaudithook(lambda event, _: event in STARTS and print(event, file=sys.stderr, flush=True))
leave = os._exit
def tell(status):
    print(*sys.modules, file=sys.stderr, flush=True)
    leave(status)
os._exit = tell
sys.argv = ["spackbin", *sys.argv[1:]]
from tui.cli.__main__ import main
main()
"""


@pytest.fixture
def environment(tmp_path: Path, golden: Path) -> dict[str, str]:
    """A world that knows the golden mirror, its key, and the machine."""
    environment = world(tmp_path / "world")
    session = Session(load_settings(environ=environment))
    session.add_mirror("harbor", str(golden / "dev/mirror-signed"))
    session.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
    session.trust("harbor", KEY)
    session.host()
    return environment


def loaded_by(environment: dict[str, str], *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_the_version_needs_next_to_nothing(tmp_path: Path) -> None:
    loaded = loaded_by(world(tmp_path), "--version")
    assert loaded.isdisjoint(SLOW | {"msgspec", "rich", "sqlite3", "yaml", "core.model.spec"})


@pytest.mark.parametrize("arguments", [("list", "reef"), ("show", "reef"), ("mirror", "list")])
def test_to_look_at_what_is_here_nothing_slow_is_loaded(
    environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    loaded = loaded_by(environment, *arguments)
    assert "core.session.session" in loaded
    assert not loaded & SLOW
    assert loaded.isdisjoint({"core.engine.worker", "core.mirror.client", "core.session.planner"})


def test_a_plan_of_a_mirror_in_files_needs_no_network(environment: dict[str, str]) -> None:
    loaded = loaded_by(environment, "plan", "reef")
    assert "core.session.planner" in loaded
    assert loaded.isdisjoint({"elftools", "httpx", "http.client", "ssl", "textual", "yaml"})
    # Nor other layouts, other registries, or what is said of builds and of mistyped names.
    assert loaded.isdisjoint(
        {"core.mirror.oci", "core.mirror.v2", "difflib", "rich", "tarfile", "tui.state.forecast"}
    )


def test_a_plan_of_what_was_looked_at_lately_reads_no_archive_and_starts_nothing(
    environment: dict[str, str],
) -> None:
    loaded_by(environment, "plan", "reef")
    again = loaded_by(environment, "plan", "reef")
    assert "core.session.readiness" in again
    assert not again & (STARTS | SLOW)
    assert again.isdisjoint(
        {"core.archive.stream", "core.planning.survey", "platformdirs", "subprocess", "zlib_ng"}
    )


def test_an_install_copies_itself_to_be_the_engine_and_one_with_nothing_to_do_does_not(
    environment: dict[str, str],
) -> None:
    # What GnuPG found good a moment ago need not be found so again.
    loaded_by(environment, "plan", "reef")
    first = loaded_by(environment, "install", "--yes", "reef")
    assert first & STARTS == {"os.fork"}
    assert "core.session.runs" in first
    # Of a run that goes well nothing is said for which the screen's view of runs is needed.
    assert first.isdisjoint({"rich", "tui.cli.takeover", "tui.state.run"})
    again = loaded_by(environment, "install", "--yes", "reef")
    assert not again & (STARTS | SLOW)
    # Nobody is asked, nothing is looked at in archives, and no run is followed.
    assert again.isdisjoint(
        {
            "concurrent.futures",
            "core.engine.worker",
            "core.session.offers",
            "core.session.readiness",
            "core.session.runs",
            "tui.cli.follow",
        }
    )


def test_who_builds_nothing_loads_nothing_for_it(environment: dict[str, str]) -> None:
    engine = "import sys, core.engine.worker; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", engine], capture_output=True, text=True, check=True
    )
    for loaded in (set(done.stdout.split()), loaded_by(environment, "plan", "--build", "reef")):
        assert loaded.isdisjoint(
            {"core.engine.builds", "core.engine.builders", "core.spack.install"}
        )
