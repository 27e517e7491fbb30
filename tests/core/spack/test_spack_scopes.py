"""The scopes of a Spack of either generation, and what lies in them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.spack.instance import SpackInstance, find_spack
from core.spack.merge import merged
from core.spack.mirrors import mirrors_of
from core.spack.scopes import scopes_of

# As Spack 1.1 and later write it.
LAYERED = """\
include:
  - name: user
    path_override_env_var: SPACK_USER_CONFIG_PATH
    path: ~/.spack
    optional: true
    when: '"SPACK_DISABLE_LOCAL_CONFIG" not in env'
  - name: site
    path: $spack/etc/spack/site
    optional: true
  - name: system
    path_override_env_var: SPACK_SYSTEM_CONFIG_PATH
    path: /etc/spack
    optional: true
    when: '"SPACK_DISABLE_LOCAL_CONFIG" not in env'
"""

Make = Callable[..., SpackInstance]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """A Spack with nothing but directories for configuration."""

    def make(*, layered: bool, **environ: str) -> SpackInstance:
        prefix = tmp_path / "spack"
        (prefix / "lib/spack/spack").mkdir(parents=True)
        (prefix / "bin").mkdir()
        (prefix / "bin/spack").write_text("#!/bin/sh\n")
        (prefix / "bin/spack").chmod(0o755)
        (prefix / "etc/spack/defaults").mkdir(parents=True)
        if layered:
            (prefix / "etc/spack/include.yaml").write_text(LAYERED)
        places = {
            "HOME": str(tmp_path / "me"),
            "SPACK_SYSTEM_CONFIG_PATH": str(tmp_path / "system"),
            "SPACK_ROOT": str(prefix),
        }
        found = find_spack({**places, **environ})
        assert found
        return found

    return make


def named(spack: SpackInstance) -> list[tuple[str, str, str]]:
    """Name, URL and file of every mirror, paths below the prefix shortened."""
    found = [
        (str(item.name), str(item.entry), str(item.file)) for item in mirrors_of(spack).entries
    ]
    root = str(spack.prefix.parent)
    return [(name, entry, file.replace(root, "")) for name, entry, file in found]


def write(directory: Path, text: str, file: str = "mirrors.yaml") -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / file).write_text(text)


def fill(spack: SpackInstance, root: Path) -> None:
    etc = spack.prefix / "etc/spack"
    places = {
        "defaults": etc / "defaults",
        "system": root / "system",
        "site": etc / "site" if spack.is_layered else etc,
        "user": root / "me/.spack",
    }
    for name, place in places.items():
        write(place, f"mirrors:\n  {name}: https://{name}.example\n  same: https://{name}.same\n")


def test_the_order_of_scopes_before_1_1(made: Make, tmp_path: Path) -> None:
    spack = made(layered=False)
    fill(spack, tmp_path)
    write(spack.prefix / "etc/spack/linux", "mirrors: {platform: https://platform.example}\n")
    assert named(spack) == [
        ("user", "https://user.example", "/me/.spack/mirrors.yaml"),
        ("same", "https://user.same", "/me/.spack/mirrors.yaml"),
        ("platform", "https://platform.example", "/spack/etc/spack/linux/mirrors.yaml"),
        ("site", "https://site.example", "/spack/etc/spack/mirrors.yaml"),
        ("system", "https://system.example", "/system/mirrors.yaml"),
        ("defaults", "https://defaults.example", "/spack/etc/spack/defaults/mirrors.yaml"),
    ]


def test_in_1_0_the_platform_counts_for_the_defaults_alone(made: Make, tmp_path: Path) -> None:
    spack = made(layered=False)
    etc = spack.prefix / "etc/spack"
    write(etc / "defaults/base", "mirrors: {base: https://base.example}\n")
    write(etc / "defaults/linux", "mirrors: {defaults: https://linux.example}\n")
    write(etc / "linux", "mirrors: {site: https://site.example}\n")
    write(tmp_path / "me/.spack/linux", "mirrors: {user: https://user.example}\n")
    assert [name for name, *_ in named(spack)] == ["base", "defaults"]


def test_the_order_of_scopes_from_1_1_on(made: Make, tmp_path: Path) -> None:
    spack = made(layered=True)
    fill(spack, tmp_path)
    own = spack.prefix / "etc/spack"
    write(own, "mirrors:\n  spack: https://spack.example\n  user: https://spack.user\n")
    assert [(name, entry) for name, entry, _ in named(spack)] == [
        ("spack", "https://spack.example"),
        ("user", "https://spack.user"),
        ("same", "https://user.same"),
        ("site", "https://site.example"),
        ("system", "https://system.example"),
        ("defaults", "https://defaults.example"),
    ]


@pytest.mark.parametrize("layered", [True, False])
def test_local_scopes_can_be_moved_and_disabled(layered: bool, made: Make, tmp_path: Path) -> None:
    spack = made(layered=layered, SPACK_USER_CONFIG_PATH=str(tmp_path / "elsewhere"))
    fill(spack, tmp_path)
    write(tmp_path / "elsewhere", "mirrors: {moved: https://moved.example}\n")
    assert {"moved", "system"} <= {name for name, *_ in named(spack)}
    assert "user" not in {name for name, *_ in named(spack)}
    disabled = SpackInstance(spack.prefix, {**spack.environ, "SPACK_DISABLE_LOCAL_CONFIG": "1"})
    assert {name for name, *_ in named(disabled)} == {"site", "defaults", "same"}


def test_two_colons_drop_what_is_lower(made: Make, tmp_path: Path) -> None:
    spack = made(layered=True)
    fill(spack, tmp_path)
    write(tmp_path / "me/.spack", "mirrors::\n  mine: https://mine.example\n")
    assert [name for name, *_ in named(spack)] == ["mine"]


def test_an_entry_with_two_colons_replaces_the_lower_one(made: Make, tmp_path: Path) -> None:
    spack = made(layered=True)
    write(tmp_path / "system", "mirrors: {a: {url: https://a.example, signed: false}}\n")
    write(tmp_path / "me/.spack", "mirrors:\n  a: {url: https://b.example}\n")
    merged = {"url": "https://b.example", "signed": False}
    assert named(spack) == [("a", str(merged), "/me/.spack/mirrors.yaml")]
    write(tmp_path / "me/.spack", "mirrors:\n  a:: {url: https://b.example}\n")
    assert named(spack)[0][1] == str({"url": "https://b.example"})


def test_markers_are_understood_at_any_depth_and_where_nothing_is_below(
    made: Make, tmp_path: Path
) -> None:
    spack = made(layered=True)
    fill(spack, tmp_path)
    text = "mirrors::\n  mine::\n    fetch::\n      url:: https://mine.example\n"
    write(tmp_path / "me/.spack", text)
    assert [(name, entry) for name, entry, _ in named(spack)] == [
        ("mine", str({"fetch": {"url": "https://mine.example"}}))
    ]
    assert merged({"a": "b"}, {"a+": {"c-": ["d"]}}) == {"a": {"c": ["d"]}}
    assert merged({"a": ["b"]}, {"a-": ["c"], "e+": "f"}) == {"a": ["b", "c"], "e": "f"}


def test_includes_that_override_drop_the_scopes_below(made: Make, tmp_path: Path) -> None:
    spack = made(layered=True)
    fill(spack, tmp_path)
    user = tmp_path / "me/.spack"
    write(user, "include::\n  - more\n", "include.yaml")
    write(user / "more", "mirrors: {more: https://more.example}\n")
    assert [name for name, *_ in named(spack)] == ["user", "same", "more", "defaults"]


def test_includes_are_lower_than_who_includes_and_the_first_is_highest(
    made: Make, tmp_path: Path
) -> None:
    spack = made(layered=True)
    user = tmp_path / "me/.spack"
    write(user, "include: [first, '$spack/../single.yaml', {path: ~/last}]\n", "include.yaml")
    write(user, "mirrors: {a: https://user.example, user: https://user.example}\n")
    write(user / "first", "mirrors: {a: https://first.example, b: https://first.example}\n")
    write(tmp_path, "mirrors: {b: https://single, c: https://single}\n", "single.yaml")
    write(tmp_path / "me/last", "mirrors: {c: https://last.example}\n")
    assert [(name, entry) for name, entry, _ in named(spack)] == [
        ("a", "https://user.example"),
        ("user", "https://user.example"),
        ("b", "https://first.example"),
        ("c", "https://single"),
    ]


def test_a_scope_may_have_a_dot_in_its_name(made: Make, tmp_path: Path) -> None:
    place = tmp_path / "config-1.2"
    spack = made(layered=True, SPACK_USER_CONFIG_PATH=str(place))
    write(place, "include: [more.d, yaml.yaml]\n", "include.yaml")
    write(place / "more.d", "mirrors: {more: ./here}\n")
    write(place / "yaml.yaml", "mirrors: {odd: https://odd}\n")
    assert [(name, entry) for name, entry, _ in named(spack)] == [
        ("more", f"file://{place}/more.d/here"),
        ("odd", "https://odd"),
    ]


def test_a_scope_that_is_included_twice_counts_where_it_counts_most(
    made: Make, tmp_path: Path
) -> None:
    spack = made(layered=True)
    shared = tmp_path / "shared"
    write(shared, "mirrors: {a: https://shared}\n")
    write(spack.prefix / "etc/spack/site", f"include: [{shared}]\n", "include.yaml")
    write(spack.prefix / "etc/spack/site", "mirrors: {a: https://site}\n")
    write(tmp_path / "me/.spack", f"include: [{shared}]\n", "include.yaml")
    assert [entry for _, entry, _ in named(spack)] == ["https://shared"]


@pytest.mark.timeout(10)
def test_many_ways_round_in_circles_are_each_followed_once(made: Make, tmp_path: Path) -> None:
    spack = made(layered=True)
    user = tmp_path / "me/.spack"
    write(user, "include: [., ., ., deep, deep]\n", "include.yaml")
    below = user
    for _ in range(30):
        below /= "deep"
        write(below, "include: [deep, deep, deep]\n", "include.yaml")
    write(user / "deep", "mirrors: {a: https://deep}\n")
    assert [entry for _, entry, _ in named(spack)] == ["https://deep"]
    assert "includes go round in circles" in mirrors_of(spack).notes[0]


def test_what_cannot_be_followed_is_said_and_left_out(made: Make, tmp_path: Path) -> None:
    spack = made(layered=True)
    user = tmp_path / "me/.spack"
    entries = """\
include:
  - {git: 'https://git.example/x.git', branch: main, paths: [a]}
  - {path: 'https://config.example/mirrors.yaml', sha256: abc}
  - {path: here, when: 'os == "ubuntu22.04"'}
  - {path: here, when: '__import__("os").system("false")'}
  - {path: here, when: 'platform == "linux" and not hostname == ""'}
  - 3
  - .
"""
    write(user, entries, "include.yaml")
    write(user / "here", "mirrors: {here: https://here.example}\n")
    write(tmp_path / "system", "mirrors: {a\n")
    scopes = scopes_of(spack)
    assert user / "here" in scopes.paths
    text = "\n".join(mirrors_of(spack).notes)
    assert "it names a git repository, which is not fetched" in text
    assert "https://config.example/mirrors.yaml is not fetched" in text
    assert """the condition 'os == "ubuntu22.04"' is not understood""" in text
    assert "__import__" in text
    assert "it is neither a path nor an object" in text
    assert "includes go round in circles" in text
    assert f"{tmp_path}/system/mirrors.yaml cannot be read: it is not YAML" in text
    assert [name for name, *_ in named(spack)] == ["here"]


def test_paths_become_urls(made: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spack = made(layered=True, WHERE="/scratch", USER="me")
    text = """\
mirrors:
  a: ${SPACK}/cache
  b: {url: $WHERE/cache, fetch: ../x, push: {url: ~/push}}
  c: {fetch: {url: $NOWHERE/$arch/x}}
  d: 's3://$WHERE/x'
"""
    write(tmp_path / "system", text)
    root = f"file://{tmp_path}"
    assert [entry for _, entry, _ in named(spack)] == [
        f"{root}/spack/cache",
        str(
            {
                "url": "file:///scratch/cache",
                "fetch": f"{root}/x",
                "push": {"url": f"{root}/me/push"},
            }
        ),
        str({"fetch": {"url": f"{root}/system/%24NOWHERE/%24arch/x"}}),
        "s3://$WHERE/x",
    ]


def test_a_home_directory_that_is_not_known_is_left_as_spack_leaves_it(
    made: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spack = made(layered=True)
    write(tmp_path / "system", "mirrors: {a: ~nobody-of-that-name/x, b: $user/y}\n")
    monkeypatch.setattr("getpass.getuser", lambda: {}["nobody"])
    assert [entry for _, entry, _ in named(spack)] == [
        f"file://{tmp_path}/system/~nobody-of-that-name/x",
        f"file://{tmp_path}/system/%24user/y",
    ]


def test_finding_a_spack(made: Make, tmp_path: Path) -> None:
    spack = made(layered=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/spack").symlink_to(spack.prefix / "bin/spack")
    by_path = find_spack({"PATH": f"/nowhere:{tmp_path}/bin"})
    assert by_path is not None
    assert by_path.prefix == spack.prefix
    assert find_spack({"PATH": "/nowhere"}) is None
    assert find_spack({"SPACK_ROOT": str(tmp_path), "PATH": ""}) is None


def test_an_empty_section_means_none_of_the_lower_ones(made: Make, tmp_path: Path) -> None:
    spack = made(layered=True)
    fill(spack, tmp_path)
    write(tmp_path / "me/.spack", "mirrors: {}\n")
    assert {name for name, *_ in named(spack)} == {"defaults", "system", "site", "same"}
