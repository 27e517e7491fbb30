"""What a query means, and where it goes wrong."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WrongUse
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.spec import ConcreteSpec, spec_from_node
from core.query.parse import parse_query
from core.query.tokens import Token, tokens
from tests.core.catalog.golden_index import made_up_hash, record

NO_GRAPH = SpecGraph((), {})


def spec_of(**node: object) -> ConcreteSpec:
    return spec_from_node(record("hdf5", 1, **node)["spec"])


def matches(text: str, **node: object) -> bool:
    return parse_query(text).matches(spec_of(**node), NO_GRAPH)


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("hdf5 !foo", 6, "'!' does not belong in a spec"),
        ("hdf5@", 5, "'@' does not belong in a spec"),
        ("hdf5+", 5, "'+' does not belong in a spec"),
        ("hdf5 foo=", 9, "'=' does not belong in a spec"),
        ("hdf5 foo='bar", 9, "'=' does not belong in a spec"),
        ("hdf5@1.2@1.3", 9, "A spec has one version only"),
        ("hdf5@5:3", 5, "The version range 5:3 is empty"),
        ("hdf5 +mpi~mpi", 10, "The variant mpi is given twice"),
        ("hdf5 os=debian12 os=rhel8", 18, "The os is given twice"),
        ("hdf5 arch=linux-rhel8-zen2 target=zen2", 28, "The target is given twice"),
        ("hdf5 target=zen2:zem4", 6, "'zem4' is not a known target, so no range can end there"),
        ("hdf5 target=fe", 6, "fe means another target on every machine: name the target"),
        ("hdf5 os==debian12", 6, "== cannot be used with os"),
        ("hdf5 +target", 6, "target needs a value"),
        ("hdf5 ^", 7, "A package is missing after ^"),
        ("hdf5 %^zlib", 7, "A package is missing after %"),
        ("hdf5 ^[virtuals=mpi mpich", 21, "A ] is missing"),
        ("hdf5 ^[deptypes=often] mpich", 8, "deptypes are build, link, run and test"),
        (
            "hdf5 ^[when=+mpi] mpich",
            8,
            "Only virtuals= and deptypes= can be asked of a dependency",
        ),
        ("hdf5 ]", 6, "A spec cannot begin here"),
        ("./spec.json", 1, "A file cannot be searched for"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, column: int, problem: str) -> None:
    with pytest.raises(WrongUse) as caught:
        parse_query(text)
    assert caught.value.title == problem
    assert f"column {column}," in caught.value.detail
    assert ascii(text) in caught.value.detail


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_query_is_none(text: str) -> None:
    with pytest.raises(WrongUse, match="empty"):
        parse_query(text)


def test_a_query_has_an_end() -> None:
    with pytest.raises(WrongUse, match="longer"):
        parse_query("a" * 5000)


@given(st.text(max_size=60) | st.text("hdf5@:=^%[]+~-/*.,'\" \\", max_size=40))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    try:
        query = parse_query(text)
    except WrongUse:
        return
    assert query.matches(spec_of(), NO_GRAPH) in (True, False)


def test_names() -> None:
    assert parse_query("hdf5@1").names == {"hdf5"}
    assert parse_query("hdf5 builtin.zlib").names == {"hdf5", "zlib"}
    assert parse_query("hdf5 +mpi *@1 os=rhel8 zlib").names is None
    assert parse_query("/abc").names is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hdf5 zlib", True),
        ("zlib hdf5", True),
        ("zlib /aaaa", False),
        ("zlib/bbb hdf5/baaa", True),
        ("*", True),
        ("made.up.hdf5", True),
        ("other.hdf5", False),
        ("namespace=made.up", True),
        ("platform=*", True),
        ("os=* target=zen2", False),
        ("hdf5 arch=linux-None-None", True),
        ("hdf5@1.0", True),
        ("hdf5@ 1 , 3 os=debian12", True),
    ],
)
def test_names_and_architecture(text: str, found: bool) -> None:
    assert matches(text) is found


PARAMETERS: Mapping[str, object] = {
    "mpi": True,
    "api": "default",
    "langs": ["c", "fortran"],
    "quoted": "it's here",
    "old": "False",
    "patches": ["0123456789", "abcdef"],
    "cflags": ["-O2", "-march native"],
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("+mpi", True),
        ("++mpi", True),
        ("-mpi", False),
        ("mpi=tRuE", True),
        ("mpi=*", True),
        ("absent=*", False),
        ("~~absent", True),
        ("~old", True),
        ("langs=c", True),
        ("langs=fortran,c", True),
        ("langs:=c", False),
        ("langs:=fortran,c", True),
        ("langs==c", True),
        ('quoted="it\'s here"', True),
        (r"quoted='it\'s here'", True),
        ("patches=0123", True),
        ("patches=0123,abc", True),
        ("patches=1234", False),
        ("patches:=0123456789", False),
        ("cflags=-O2", True),
        ('cflags="-march native"', True),
        ("cflags='-O2 -march native'", True),
        ("cflags=-march", False),
        ('cflags=""', True),
        ("ldflags=-g", False),
        ("api=default+mpi", False),
        ("+mpi api=default", True),
    ],
)
def test_variants_and_flags(text: str, found: bool) -> None:
    assert matches(text, parameters=PARAMETERS) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@git.main=1.2", True),
        ("@1.2", True),
        ("@1.2:1.3", True),
        ("@git.main", True),
        ("@git.next", False),
        ("@=1.2", False),
    ],
)
def test_versions_from_git(text: str, found: bool) -> None:
    assert matches(f"hdf5{text}", version="git.main=1.2") is found


def dependency(
    name: str, number: int, deptypes: list[str], virtuals: tuple[str, ...] = ()
) -> dict[str, object]:
    parameters = {"deptypes": deptypes, "virtuals": list(virtuals)}
    return {"name": name, "hash": made_up_hash(number), "parameters": parameters}


@pytest.fixture
def graph() -> SpecGraph:
    """app builds with gcc 13 and cmake, runs lib; lib is built with gcc 12 and links mpich."""
    records = [
        record(
            "app",
            1,
            dependencies=[
                dependency("cmake", 4, ["build"]),
                dependency("gcc", 5, ["build"], ("c", "cxx")),
                dependency("lib", 2, ["run"]),
            ],
        ),
        record(
            "lib",
            2,
            dependencies=[
                dependency("gcc", 6, ["build"], ("c",)),
                dependency("mpich", 3, ["build", "link"], ("mpi",)),
                dependency("pruned", 9, ["link"]),
            ],
        ),
        record("mpich", 3, version="4.2.1"),
        record("cmake", 4, (7,)),
        record("gcc", 5, version="13.2.0"),
        record("gcc", 6, version="12.2.0"),
        record("p7", 7),
    ]
    specs = [spec_from_node(item["spec"]) for item in records]
    return SpecGraph((), {spec.hash: spec for spec in specs})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%gcc@13", True),
        ("%gcc@12", False),
        ("^gcc@12", False),  # a build dependency of a dependency is nobody's business
        ("^lib %gcc@12", True),
        ("^lib %gcc@13", False),
        ("%gcc@13 ^lib%gcc@12", True),
        ("%lib", True),
        ("%mpich", False),
        ("^mpich@4.2", True),
        ("^mpi", True),
        ("^[virtuals=mpi] mpich", True),
        ("^mpi=mpich@4:", True),
        ("%c,cxx=gcc", True),
        ("%[virtuals=c] cxx=gcc", True),
        ("%fortran=gcc", False),
        ("^[deptypes=link] mpich", True),
        ("^[deptypes=link,run] mpich", False),
        ("^[deptypes=all] mpich", False),
        ("^[deptypes=build] cmake", True),
        ("^cmake", True),
        ("^p7", False),
        ("^pruned", False),
        (f"^/{made_up_hash(3)[:6]}", True),
        ("^*@4.2.1", True),
        ("%%gcc@13", True),
        ("++nothing ^lib++nothing", True),
    ],
)
def test_dependencies(text: str, found: bool, graph: SpecGraph) -> None:
    assert parse_query(f"app {text}").matches(graph[made_up_hash(1)], graph) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%clang@15", True),
        ("%llvm", True),
        ("%c=llvm", True),
        ("%c", True),
        ("^llvm@15", True),
        ("^clang@15", True),
        ("%llvm@16", False),
        ("%gcc", False),
        ("%llvm+gold", False),
        ("^[deptypes=link] llvm", False),
        ("%mpi=llvm", False),
    ],
)
def test_compilers_from_before_spack_1(text: str, found: bool) -> None:
    assert matches(f"hdf5 {text}", compiler={"name": "clang", "version": "15.0.1"}) is found


def test_a_circle_ends() -> None:
    specs = [spec_from_node(record(f"p{n}", n, (1 - n,))["spec"]) for n in (0, 1)]
    graph = SpecGraph((), {spec.hash: spec for spec in specs})
    assert parse_query("p0 ^p1 ^p0").matches(specs[0], graph)
    assert not parse_query("p0 ^absent ++any").matches(specs[0], graph)


def test_a_quick_look_rules_out_what_cannot_match() -> None:
    known = {
        "name": "hdf5",
        "version": "1.14.6",
        "namespace": "builtin",
        "platform": "linux",
        "os": "debian12",
        "target": "zen2",
        "hash_": DagHash("a" * 32),
    }
    for text in ("hdf5", "@1.14", "os=debian12", "target=x86_64:", "/aa", "+mpi ^mpich"):
        assert parse_query(text).admits(**known)
    for text in ("zlib", "@1.12", "os=rhel8", "target=zen3:", "/ab", "builtin.mock.hdf5"):
        assert not parse_query(text).admits(**known)


@given(st.text("aB1_-./*@", max_size=8))
def test_a_plain_word_is_what_it_is_among_others(text: str) -> None:
    # A blank behind it changes nothing, and makes it no plain word.
    assert _tokens_or_refusal(text) == _tokens_or_refusal(f"{text} ")


def _tokens_or_refusal(text: str) -> list[Token] | None:
    try:
        return list(tokens(text))
    except WrongUse:
        return None
