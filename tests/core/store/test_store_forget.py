"""Records are taken out of the database as Spack does it."""

from collections.abc import Mapping

import pytest

from core.errors import StoreError
from core.store.document import Installs
from core.store.forget import forget


def record(*edges: tuple[str, str], installed: bool = True, **more: object) -> dict[str, object]:
    dependencies = [
        {"name": hash_, "hash": hash_, "parameters": {"deptypes": [kind], "virtuals": []}}
        for hash_, kind in edges
    ]
    spec = {"name": "p", "dependencies": dependencies}
    return {"spec": spec, "ref_count": 0, "path": "/p", "installed": installed, **more}


def database(**records: dict[str, object]) -> Installs:
    installs = Installs()
    installs.update(records)
    return installs


def forgotten(records: Mapping[str, dict[str, object]], *hashes: str) -> Installs:
    installs = database(**records)
    forget(installs, hashes)
    counted = {hash_: item["ref_count"] for hash_, item in installs.items()}
    installs.count_references()
    assert counted == {hash_: item["ref_count"] for hash_, item in installs.items()}
    return installs


def test_what_nothing_refers_to_goes() -> None:
    left = forgotten({"a": record(("b", "link")), "b": record()}, "a")
    assert set(left) == {"b"}
    assert left["b"]["ref_count"] == 0


def test_what_was_only_referred_to_goes_with_it_however_deep() -> None:
    installs = {
        "a": record(("b", "build"), ("d", "link")),
        "b": record(("c", "link"), installed=False),
        "c": record(installed=False),
        "d": record(),
        "e": record(installed=False),
    }
    # e is not of this removal: whoever left it there may have had a reason.
    assert set(forgotten(installs, "a")) == {"d", "e"}


def test_what_others_refer_to_stays_as_not_installed() -> None:
    left = forgotten({"a": record(("b", "build")), "b": record()}, "b")
    assert (left["b"]["installed"], left["b"]["path"]) == (False, "/p")
    assert set(forgotten(left, "a")) == set()


def test_several_go_in_one_step() -> None:
    installs = {"a": record(("b", "run")), "b": record(("c", "link")), "c": record()}
    assert set(forgotten(installs, "a", "b", "c")) == set()


@pytest.mark.parametrize("kind", ["link", "run"])
def test_what_is_needed_to_run_is_refused(kind: str) -> None:
    installs = database(a=record(("b", kind)), b=record())
    with pytest.raises(StoreError, match="p/a was installed meanwhile and needs"):
        forget(installs, ["b"])
    old_edge = {"name": "b", "hash": "b", "type": [kind]}
    installs["a"]["spec"]["dependencies"] = [old_edge]
    with pytest.raises(StoreError, match="needs"):
        forget(installs, ["b"])


def test_one_that_is_not_installed_needs_nothing() -> None:
    installs = {"a": record(("b", "link"), installed=False), "b": record()}
    assert forgotten(installs, "b")["b"]["installed"] is False


def test_what_stands_in_for_a_deprecated_package_goes_after_it() -> None:
    installs = database(old=record(installed=False, deprecated_for="new"), new=record())
    with pytest.raises(StoreError, match="needs"):
        forget(installs, ["new"])
    left = forgotten(installs, "old")
    assert set(left) == {"new"}
    assert left["new"]["ref_count"] == 0


def test_a_deprecated_package_to_which_others_refer_lets_go_of_its_stand_in() -> None:
    installs = {
        "user": record(("old", "build")),
        "old": record(installed=False, deprecated_for="new"),
        "new": record(),
    }
    left = forgotten(installs, "old")
    assert left["old"]["deprecated_for"] is None
    assert left["new"]["ref_count"] == 0


def test_the_origin_of_a_spliced_package_keeps_its_record() -> None:
    installs = {"origin": record(), "spliced": record()}
    installs["spliced"]["spec"]["build_spec"] = {"name": "p", "hash": "origin"}  # type: ignore[index]
    assert forgotten(installs, "origin")["origin"]["installed"] is False


def test_what_stays_can_lose_its_mark() -> None:
    installs = database(a=record(explicit=True))
    forget(installs, [], ["a", "unknown"])
    assert installs["a"]["explicit"] is False


def test_what_is_registered_nowhere_is_passed_over() -> None:
    installs = database(a=record())
    forget(installs, ["unknown"])
    assert set(installs) == {"a"}
