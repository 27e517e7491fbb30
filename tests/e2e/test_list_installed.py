"""`spackbin list --installed`: what is in the store, whoever put it there."""

import shutil
from pathlib import Path

import pytest

from tests.program import Program


@pytest.fixture
def harbor(program: Program, golden: Path) -> Program:
    """With beacon installed, and no mirror any more."""
    program.trusting(golden / "dev" / "mirror-signed")
    program.good("install", "beacon@1.3.0", "--yes")
    for mirror in program.json("mirror", "list")["mirrors"]:
        program.good("mirror", "remove", mirror["name"])
    return program


def test_what_is_installed_is_listed_without_any_mirror(harbor: Program) -> None:
    said = harbor.run("list", "--installed")
    rows = said.stdout.splitlines()
    assert [row.split()[0] for row in rows] == [
        "beacon@1.3.0",
        "gcc-runtime@12.2.0",
        "libharbor@0.9.3",
        "libtide@2.0.1",
    ]
    assert ["by name" in row for row in rows] == [True, False, False, False]
    assert all(str(harbor.store) in row for row in rows)
    assert said.stderr == ""


def test_a_part_of_a_name_and_a_spec(harbor: Program) -> None:
    def names(*query: str) -> list[str]:
        found = harbor.json("list", "--installed", *query)["installed"]
        assert all(Path(item["prefix"]).is_dir() == item["is_there"] for item in found)
        return [item["name"] for item in found]

    assert names("lib") == ["libharbor", "libtide"]
    assert names("libtide@2:") == ["libtide"]
    assert names("^libtide") == ["beacon", "libharbor"]
    assert names("@99") == names("reef") == []
    assert (
        f"Nothing installed in {harbor.store} matches."
        in harbor.run("list", "--installed", "reef").stderr
    )
    (beacon,) = harbor.json("list", "--installed", "beacon")["installed"]
    shutil.rmtree(beacon["prefix"])
    assert names("beacon") == ["beacon"]
    assert "(gone)" in harbor.run("list", "--installed", "beacon").stdout


def test_an_empty_store_and_a_name_that_is_not_there(program: Program) -> None:
    said = program.run("list", "--installed")
    assert (said.returncode, said.stdout) == (0, "")
    assert said.stderr == f"Nothing is installed in {program.store}.\n"
    said = program.refused(4, "uninstall", "foo", "--yes")
    assert "To see what is installed: spackbin list --installed." in said
