"""The walls that hold at run time."""

import subprocess
import sys

LOADED = "import sys; {first}; print(*sorted(name.split('.')[0] for name in sys.modules))"


def loaded_by(first: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(first=first)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_core_loads_no_screen() -> None:
    loaded = loaded_by(
        "import core.session.session, core.session.keys, core.session.planner, core.session.runs,"
        " core.engine.worker"
    )
    assert loaded.isdisjoint({"textual", "rich", "tui", "click"})


def test_the_command_line_loads_no_screen_until_one_is_opened() -> None:
    assert "textual" not in loaded_by("import tui.cli.__main__, tui.cli.installs, tui.cli.demo")
