"""A `mirrors.yaml` keeps what people wrote into it."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import WrongUse
from core.mirror.config import MirrorConfig
from core.model.ident import MirrorName
from core.model.mirror import Channel, Mirror

NEW = Mirror(MirrorName("new"), "https://new.example", signed=False)
TEXT = """\
# ours
mirrors:   # first is asked first
    # about a
    a: https://a.example   # fast

    "b":
        url: 'https://b.example'   # slow
        signed: false

# other things
other: {kept: [1, 2]}
"""


def config(tmp_path: Path, text: str) -> tuple[MirrorConfig, Path]:
    path = tmp_path / "mirrors.yaml"
    path.write_text(text)
    return MirrorConfig(path), path


def test_adding_changes_nothing_else(tmp_path: Path) -> None:
    edited, path = config(tmp_path, TEXT)
    edited.add(NEW)
    added = "    new:\n      url: https://new.example\n      signed: false\n"
    before = "        signed: false\n"
    assert path.read_text() == TEXT.replace(before, before + added)


@pytest.mark.parametrize(
    ("name", "lines"),
    [("a", (3, 4)), ("b", (5, 8))],
)
def test_removing_takes_its_own_lines_alone(
    name: str, lines: tuple[int, int], tmp_path: Path
) -> None:
    edited, path = config(tmp_path, TEXT)
    edited.remove(name)
    all_lines = TEXT.splitlines(keepends=True)
    assert path.read_text() == "".join(all_lines[: lines[0]] + all_lines[lines[1] :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "mirrors:\n",
        "mirrors: {}\n",
        "mirrors: {a: https://a.example, b: /b}\n",
        "mirrors:\n  a: https://a.example",
        "mirrors:\n  a:\n    url: https://a.example\n    # end\n",
        "other: 1\nmirrors:\n  a: https://a.example\n  b: /b\n",
        "mirrors::\n  a: https://a.example\n",
        "mirrors:\n  a: &x {url: /a}\n  b: *x\n",
        "mirrors:\n  a: |-\n    /a\n  b: >\n    /b\n\n",
        "mirrors:\n  ? a\n  : /a\n",
        "---\nmirrors:\n  a: /a\n...\n",
    ],
)
def test_whatever_it_looks_like_it_means_what_it_should(text: str, tmp_path: Path) -> None:
    edited, path = config(tmp_path, text)
    before = [mirror.name for mirror in edited.read().mirrors]
    edited.add(NEW)
    assert [mirror.name for mirror in edited.read().mirrors] == [*before, "new"]
    for name in before:
        edited.remove(name)
    assert edited.read().mirrors == (NEW,)
    edited.remove("new")
    assert edited.read().mirrors == ()
    rest = yaml.safe_load(text) or {}
    assert {
        key: value
        for key, value in yaml.safe_load(path.read_text()).items()
        if key[:7] != "mirrors"
    } == {key: value for key, value in rest.items() if key[:7] != "mirrors"}


@settings(deadline=None, max_examples=40)
@given(
    entries=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True),
        st.sampled_from(["/x", {"url": "/y", "signed": False}, {"fetch": {"url": "/z"}}]),
        max_size=5,
    ),
    flow=st.booleans(),
)
def test_all_layouts_of_a_file(
    entries: dict[str, object], flow: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = yaml.safe_dump({"mirrors": entries}, default_flow_style=flow, sort_keys=False)
    edited, path = config(tmp_path_factory.mktemp("c"), text)
    edited.add(Mirror(MirrorName("new_one"), "https://new.example"))
    after = yaml.safe_load(path.read_text())["mirrors"]
    assert list(after) == [*entries, "new_one"]
    for name in entries:
        edited.remove(name)
    assert list(yaml.safe_load(path.read_text())["mirrors"]) == ["new_one"]


# What Spack does not know of a mirror


def test_our_own_keys_of_an_entry(tmp_path: Path) -> None:
    edited, path = config(tmp_path, "")
    full = Mirror(
        MirrorName("full"),
        "https://full.example",
        stated_channel=Channel.PR,
        keys_page="https://keys.example/full.asc",
        shares_store=True,
    )
    edited.add(full)
    assert edited.read().mirrors == (full,)
    assert yaml.safe_load(path.read_text())["mirrors"]["full"]["spackbin"] == {
        "channel": "PR",
        "keys_page": "https://keys.example/full.asc",
        "quarantine": False,
    }


@pytest.mark.parametrize("text", ["pr", "PR", "Pr"])
def test_a_channel_is_known_in_any_case(text: str, tmp_path: Path) -> None:
    entry = f"mirrors:\n  a: {{url: /x, spackbin: {{channel: {text}}}}}\n"
    (mirror,) = config(tmp_path, entry)[0].read().mirrors
    assert mirror.channel is Channel.PR


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ("3", "spackbin of mirror 'a' is not an object"),
        ("{channel: secret}", "channel of mirror 'a' is 'secret', which is none of release,"),
        ("{channel: 3}", "channel of mirror 'a' is not text"),
        ("{keys_page: 'ftp://x'}", "keys_page of mirror 'a' is no URL of a web page or file"),
        ("{quarantine: no thanks}", "quarantine of mirror 'a' is neither true nor false"),
    ],
)
def test_own_keys_that_make_no_sense(own: str, why: str, tmp_path: Path) -> None:
    edited, _ = config(tmp_path, f"mirrors:\n  a: {{url: /x, spackbin: {own}}}\n  b: /b\n")
    found = edited.read()
    assert [mirror.name for mirror in found.mirrors] == ["b"]
    assert why in found.broken[0].problem


def test_a_keys_page_without_encryption_is_for_this_host_alone(tmp_path: Path) -> None:
    for page, is_good in (("http://127.0.0.1:8/k", True), ("http://keys.example/k", False)):
        entry = f"mirrors:\n  a: {{url: /x, spackbin: {{keys_page: '{page}'}}}}\n"
        found = config(tmp_path, entry)[0].read()
        assert bool(found.mirrors) == is_good
    with pytest.raises(WrongUse):
        config(tmp_path, "mirrors: [")[0].read()
