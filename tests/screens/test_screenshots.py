"""The pictures in `screenshots/` are those of the program as it is."""

import subprocess
import sys
from pathlib import Path

from tests.program import ROOT, world


def test_the_pictures_match_the_program(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.screens.draw", str(tmp_path / "drawn")],
        cwd=ROOT,
        env=world(tmp_path),
        check=True,
        timeout=280,
    )
    drawn = {path.name: path.read_text() for path in (tmp_path / "drawn").glob("*.svg")}
    kept = {path.name: path.read_text() for path in (ROOT / "screenshots").glob("*.svg")}
    assert drawn.keys() == kept.keys()
    different = sorted(name for name in drawn if drawn[name] != kept[name])
    assert different == [], "make screenshots, and look at them"
