"""What a survey says of a binary is what relocation finds."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from elf_maker import DT_RPATH, Shape, make_elf
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RelocationError
from core.model.facts import BuildFacts, StringPath
from core.model.ident import DagHash
from core.relocate.cstrings import relocate_cstrings
from core.relocate.elf import relocate_elf
from core.relocate.fit import Bound, bound_of, margin_of
from core.relocate.macho import relocate_macho
from core.relocate.prefixes import make_prefix_map
from core.relocate.refusals import MustGrow
from core.relocate.survey import Survey, survey_map
from tests.core.relocate.macho_maker import ID_DYLIB, RPATH, MachO, make_macho

ROOT, SBANG = "/old/root", "/old/bin/sbang"
OWN, OTHER = DagHash("a" * 31 + "b"), DagHash("c" * 31 + "d")
PREFIXES = {OWN: f"{ROOT}/linux/own-1-{OWN}", OTHER: f"{ROOT}/linux/other-1-{OTHER}"}
INSIDE = {OWN: f"linux/own-1-{OWN}", OTHER: f"linux/other-1-{OTHER}"}


def facts_of(*binaries: bytes, is_for_macos: bool = False, path: str = "lib/liba.so") -> BuildFacts:
    prefixes = survey_map(SBANG, tuple(PREFIXES.values()), ROOT)
    survey = Survey(prefixes, is_for_macos=is_for_macos)
    for data in binaries:
        survey.look_at(path, data)
    return BuildFacts(ROOT, SBANG, PREFIXES, survey.strings, survey.loader_paths, 0, 0)


def places(store: str) -> dict[DagHash, Path]:
    return {hash_: Path(store) / path for hash_, path in INSIDE.items()}


def bound(facts: BuildFacts, store: str, here: Mapping[DagHash, Path] | None = None) -> Bound:
    at = places(store) if here is None else here
    return bound_of(facts, root=Path(store), sbang=Path(store) / "bin" / "sbang", here=at)


def is_moved(data: bytes, store: str) -> bool:
    """Whether real relocation succeeds; RPATHs may grow."""
    moves = make_prefix_map(
        (SBANG, f"{store}/bin/sbang"),
        [(PREFIXES[hash_], str(new)) for hash_, new in places(store).items()],
        (ROOT, store),
    )
    try:
        relocate_cstrings(data, moves)
    except RelocationError:
        return False
    return True


pieces = st.sampled_from(
    [ROOT.encode(), SBANG.encode(), *(path.encode() for path in PREFIXES.values()), b"\0", b"/lib"]
)
binaries = st.lists(st.one_of(pieces, st.binary(max_size=9)), max_size=10).map(b"".join)
stores = st.integers(2, 30).map(lambda size: "/" + "s" * (size - 1))


@given(binaries, stores)
def test_a_survey_knows_what_relocation_will_find(data: bytes, store: str) -> None:
    assert (bound(facts_of(data), store).misfit == "") is is_moved(data, store)


@given(binaries, stores, st.integers(0, 20))
def test_no_shorter_store_is_refused(data: bytes, store: str, less: int) -> None:
    longest = bound(facts_of(data), store).longest_store
    if longest is None:
        assert is_moved(data, store)
    elif longest - less > 1:
        assert is_moved(data, "/" + "t" * (longest - less - 1))


@given(binaries, binaries)
def test_a_survey_does_not_mind_the_order(one: bytes, other: bytes) -> None:
    assert facts_of(one, other) == facts_of(other, one, other)


def test_the_root_alone_wants_eight_bytes_or_its_own_tail() -> None:
    facts = facts_of(ROOT.encode() + b"\0")
    assert facts.strings == (StringPath(ROOT, 0),)
    assert bound(facts, "/").longest_store == len(ROOT) - 8
    assert bound(facts, "/new/root").misfit != ""  # as long, another tail
    assert bound(facts, "/xld/root").misfit == ""  # the seven last bytes are the same
    assert "neither be filled up nor cut short" in bound(facts, "/n/root").misfit


def test_a_package_prefix_may_be_as_long() -> None:
    facts = facts_of(PREFIXES[OWN].encode() + b"\0")
    assert bound(facts, "/new/root") == bound(facts, "/new/r00t")
    assert bound(facts, "/new/root").misfit == ""
    assert bound(facts, "/new/root").longest_store == len(ROOT)
    assert "would have to grow" in bound(facts, "/new/root1").misfit


def test_text_alone_fits_everywhere() -> None:
    assert bound(facts_of(b"no path"), "/very/long" * 9).longest_store is None


@pytest.mark.parametrize("rpath", [f"{PREFIXES[OWN]}/lib", f"/usr/lib:{PREFIXES[OTHER]}/lib"])
def test_paths_of_the_loader_may_grow(rpath: str) -> None:
    data = make_elf(
        Shape(interpreter=f"{ROOT}/ld.so".encode(), rpaths=((DT_RPATH, rpath.encode()),))
    )
    facts = facts_of(data)
    assert facts.strings == ()
    assert ROOT in facts.loader_paths
    assert bound(facts, "/a/much/longer/root").misfit == ""
    with pytest.raises(MustGrow):
        relocate_elf(data, make_prefix_map(None, [], (ROOT, "/a/much/longer/root")))


def test_load_commands_may_grow_on_macos_alone() -> None:
    own = f"{PREFIXES[OWN]}/lib".encode()
    string = f"{ROOT}/etc/conf".encode()
    data = make_macho(MachO(((ID_DYLIB, own + b"/liba.dylib"), (RPATH, own)), text=string))
    longer = make_prefix_map(None, [], (ROOT, "/a/much/longer/root"))
    assert len(relocate_macho(data, longer)) == len(data)

    facts = facts_of(data, is_for_macos=True)
    assert facts.loader_paths == (PREFIXES[OWN],)
    assert facts.strings == (StringPath(ROOT, None),)
    assert "would have to grow" in bound(facts, "/a/much/longer/root").misfit
    quiet = facts_of(data.replace(string, bytes(len(string))), is_for_macos=True)
    assert bound(quiet, "/a/much/longer/root").misfit == ""

    elsewhere = facts_of(data)
    assert elsewhere.loader_paths == ()
    own_strings = (StringPath(PREFIXES[OWN], None), StringPath(PREFIXES[OWN], 4))
    assert elsewhere.strings == (StringPath(ROOT, None), *own_strings)


def test_load_commands_that_are_spared_are_strings() -> None:
    data = make_macho(MachO(((RPATH, f"{PREFIXES[OWN]}/lib".encode()),)))
    facts = facts_of(data, is_for_macos=True, path="lib/libgcc_s.1.dylib")
    assert facts.strings == (StringPath(PREFIXES[OWN], 4),)


def test_a_store_below_the_build_root_is_refused() -> None:
    data = make_elf(Shape(rpaths=((DT_RPATH, f"{ROOT}/lib".encode()),)))
    assert "holds '/old/root'" in bound(facts_of(data), f"{ROOT}/mine").misfit
    assert bound(facts_of(data), ROOT).misfit == ""


def test_what_is_elsewhere_does_not_follow_the_store() -> None:
    facts = facts_of(PREFIXES[OTHER].encode() + b"/share")
    upstream = {**places("/n"), OTHER: Path("/a/much/longer/upstream") / INSIDE[OTHER]}
    assert bound(facts, "/n", upstream).longest_store == 0
    assert bound(facts, "/n", {**upstream, OTHER: Path("/u")}).longest_store is None


def test_what_is_not_here_moves_with_the_root() -> None:
    facts = facts_of(PREFIXES[OTHER].encode() + b"\0")
    own = {OWN: Path("/n") / INSIDE[OWN]}
    assert bound(facts, "/n", own).longest_store == len(ROOT)


def test_the_margin_is_that_of_the_tightest_path() -> None:
    assert margin_of(facts_of(), root=Path("/n"), here=places("/n")) == len(ROOT) - 2
    tight = {OWN: Path("/n/12345") / INSIDE[OWN]}
    assert margin_of(facts_of(), root=Path("/n"), here=tight) == len(ROOT) - 8
