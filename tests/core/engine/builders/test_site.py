"""What the config file says of builders, and which builder a name stands for."""

from pathlib import Path

import pytest

from core.engine.builders.choice import choose_builder
from core.engine.builders.site import LocalSettings, SiteSettings, SlurmNeeds, read_site
from core.errors import NotAvailable, WrongUse
from core.settings import Settings

WRITTEN = """
store = "/other/things"

[keys]
quit = "x"

[local]
limit = 2
cpus = 4

[slurm]
account = "tides"
partition = "compute"
time = "4:00:00"
cpus = 16
options = ["--exclusive"]
targets = { compute = "zen3" }

[slurm.packages.llvm]
time = "12:00:00"
memory = "64G"
"""


def test_what_a_site_writes(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(WRITTEN)
    site = read_site(tmp_path)
    assert site.local == LocalSettings(limit=2, cpus=4)
    assert site.slurm.options == ("--exclusive",)
    assert site.slurm.targets == {"compute": "zen3"}
    common = SlurmNeeds(partition="compute", time="4:00:00", cpus=16)
    assert site.slurm.needs("zlib") == common
    assert site.slurm.needs("llvm") == SlurmNeeds(
        partition="compute", time="12:00:00", cpus=16, memory="64G"
    )


def test_a_site_that_says_nothing(tmp_path: Path) -> None:
    assert read_site(tmp_path) == SiteSettings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[slurm]\nacount = 'tides'", "acount"),
        ("[slurm]\ncpus = 'many'", "cpus"),
        ("[slurm]\nlimit = 0", "limit must be 1 or more"),
        ("[slurm.packages.llvm]\ncpus = -1", "cpus must be 0 or more"),
        ("[local]\nnice = 20", "nice must be 0 to 19"),
        ("[slurm", "Expected"),
        ("slurm = 1", "slurm"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(WrongUse, match=says):
        read_site(tmp_path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff")
    with pytest.raises(WrongUse, match="cannot be read"):
        read_site(tmp_path)


def a_place(tmp_path: Path) -> Settings:
    return Settings(store=tmp_path, config_dir=tmp_path, cache_dir=tmp_path, state_dir=tmp_path)


def test_the_builders_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text("[slurm]\nlimit = 7\n[local]\nlimit = 3\n")
    (tmp_path / "sbatch").write_text("#!/bin/sh\n")
    (tmp_path / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = [choose_builder(a_place(tmp_path), name, tmp_path) for name in ("local", "slurm")]
    assert [(builder.name, builder.limit) for builder in found] == [("local", 3), ("slurm", 7)]


def test_slurm_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotAvailable, match="no sbatch on PATH"):
        choose_builder(a_place(tmp_path), "slurm", tmp_path)


def test_a_builder_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no builder 'slrum'"):
        choose_builder(a_place(tmp_path), "slrum", tmp_path)
