"""Reading of build info."""

import json

import pytest

from core.archive.buildinfo import BuildInfo, parse_build_info
from core.errors import Refused

NUMBER = "2" * 16 + "e" + "2" * 15
"""A DAG hash that is a number to YAML."""
GOOD: dict[str, object] = {
    "sbang_install_path": "/b/bin/sbang",
    "buildpath": "/b/pad",
    "hash_to_prefix": {"a" * 32: "/b/pad/linux/pkg"},
    "relocate_binaries": ["bin/tool"],
    "relocate_textfiles": ["etc/conf", "share/Leuchtturm auf Rügen 灯台.txt"],
    "relocate_links": ["link"],
}


def parse(**changes: object) -> BuildInfo:
    # JSON is YAML in flow style, which is what Spack writes.
    return parse_build_info(json.dumps(GOOD | changes, ensure_ascii=False).encode())


def test_good_build_info() -> None:
    assert parse() == BuildInfo(
        sbang="/b/bin/sbang",
        root="/b/pad",
        prefixes={"a" * 32: "/b/pad/linux/pkg"},  # type: ignore[dict-item]
        binaries=("bin/tool",),
        texts=("etc/conf", "share/Leuchtturm auf Rügen 灯台.txt"),
        links=("link",),
    )


def test_scalars_are_text_whatever_they_look_like() -> None:
    info = parse_build_info(
        b"{buildpath: /1, hash_to_prefix: {" + NUMBER.encode() + b": /2},"
        b" relocate_binaries: [on, 0x1F, 1e3, ~, 2001-01-01, 'a: b', \"t\\u00fc\"],"
        b" relocate_textfiles: [yes], hardlinks_deduped: true}"
    )
    assert info.prefixes == {NUMBER: "/2"}
    assert info.binaries == ("on", "0x1F", "1e3", "~", "2001-01-01", "a: b", "tü")
    assert info.texts == ("yes",)
    assert info.sbang == ""
    assert info.links == ()


def test_the_mapping_of_spack_before_0_20() -> None:
    data = {key: value for key, value in GOOD.items() if key != "hash_to_prefix"}
    data["prefix_to_hash"] = {"/b/x": "a" * 32, "/usr": "b" * 32, "": "c" * 32}
    info = parse_build_info(json.dumps(data).encode())
    assert info.prefixes == {"a" * 32: "/b/x", "b" * 32: "/usr"}
    for wrong in ({"/b/../x": "a" * 32}, {"/b/x": "../x"}, {"/b/x": []}, []):
        with pytest.raises(Refused, match=r"its build info cannot be used|leads outside"):
            parse_build_info(json.dumps({**data, "prefix_to_hash": wrong}).encode())


def test_block_style_is_read_too() -> None:
    data = b"buildpath: /b\nhash_to_prefix:\n  " + b"a" * 32 + b": /b/x\nrelocate_links:\n- l\n"
    assert parse_build_info(data).links == ("l",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"buildpath": "relative"}, "buildpath is no absolute path"),
        ({"buildpath": "/"}, "buildpath is no absolute path"),
        ({"buildpath": ["/b"]}, "buildpath is no absolute path"),
        ({"buildpath": "/b/../c"}, "leads outside"),
        ({"buildpath": "/b\u0007"}, "control character"),
        ({"sbang_install_path": "sbang"}, "sbang_install_path is no absolute path"),
        ({"hash_to_prefix": []}, "it has no mapping of prefixes"),
        ({"hash_to_prefix": {"short": "/b"}}, "is not a DAG hash"),
        ({"hash_to_prefix": {"a" * 32: "b"}}, "is no absolute path"),
        ({"hash_to_prefix": {"a" * 32: ["/b"]}}, "nested deeper"),
        ({"relocate_binaries": "bin/tool"}, "relocate_binaries is no list"),
        ({"relocate_binaries": [["bin/tool"]]}, "nested deeper"),
        ({"relocate_binaries": ["../x"]}, "leads outside"),
        ({"relocate_binaries": ["a/../../x"]}, "leads outside"),
        ({"relocate_textfiles": ["/etc/passwd"]}, "absolute"),
        ({"relocate_textfiles": [""]}, "plain form"),
        ({"relocate_textfiles": ["a//b"]}, "plain form"),
        ({"relocate_links": ["a\nb"]}, "control character"),
        ({"relocate_links": [".spack/spec.json"]}, "names '.spack/spec.json'"),
    ],
)
def test_bad_fields_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(**changes)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"[a]",
        b"{a: b",
        b"{a: *b}",
        b"{buildpath: &a /b, hash_to_prefix: {}, relocate_links: *a}",
        b"{buildpath: /a, buildpath: /b, hash_to_prefix: {}}",
        b"{[a]: b}",
        b"\xff\xfe\xfd",
        b"\0",
        b"!!python/object/apply:os.system [true]",
        b"[" * 500_000,
        b"{a: " * 500_000,
        b"- " * 500_000,
        b"{a: &a [x, x], b: &b [*a, *a], c: &c [*b, *b]}",
    ],
    ids=range(15),
)
def test_what_is_no_build_info_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="build info cannot be used"):
        parse_build_info(data)
