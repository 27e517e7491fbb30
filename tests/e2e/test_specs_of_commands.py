"""Specs on the command line mean what they mean to Spack."""

from pathlib import Path

import pytest

from tests.program import Program
from tui.cli.specs import whole_specs


@pytest.mark.parametrize(
    ("words", "specs"),
    [
        ("hdf5@1.14 +cxx target=x86_64 zlib", ["hdf5@1.14 +cxx target=x86_64", "zlib"]),
        ("/abc ^zlib@1.3 %gcc /def", ["/abc ^zlib@1.3 %gcc", "/def"]),
        ("zlib@=1.3 b", ["zlib@=1.3", "b"]),
        ("+cxx", ["+cxx"]),
        ("a gauge==metric ~x", ["a gauge==metric ~x"]),
    ],
)
def test_a_constraint_belongs_to_the_spec_before_it(words: str, specs: list[str]) -> None:
    assert whole_specs(words.split()) == specs


def test_a_target_in_a_word_of_its_own(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    plan = program.json("plan", "libtide@1.4.2", "target=x86_64", "gauge=imperial")
    (root,) = plan["roots"]
    assert root.startswith("ekynwcx")
    listed = program.json("list", "libtide", "target=x86_64")["builds"]
    assert {build["target"] for build in listed} == {"x86_64"}
    shown = program.json("show", "libtide@2.0.1", "target=x86_64")["details"]
    assert shown["build"]["target"] == "x86_64"


def test_ascii_alone_where_the_locale_has_no_more(program: Program, golden: Path) -> None:
    program.trusting(golden / "dev" / "mirror-signed")
    assert "●" in program.good("plan", "beacon")
    program.locale = "C"
    said = program.good("plan", "beacon")
    assert said.isascii()
    assert "B beacon@1.3.0" in said
