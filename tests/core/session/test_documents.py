"""Documents for other programs: one form, and files that are never half there."""

import json
import os
import stat
from pathlib import Path

import pytest

from core.errors import StoreError, WrongUse
from core.session.documents import document, save_document

MADE = document("plan", store="/s")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty directory."""
    place = tmp_path / "place"
    place.mkdir()
    return place


def test_schema_and_kind_stand_first() -> None:
    assert list(json.loads(MADE)) == ["schema", "kind", "store"]
    assert MADE.endswith(b"}\n")


def test_a_file_is_replaced_only_if_that_was_said(place: Path) -> None:
    path = place / "plan.json"
    assert save_document(path, MADE, replaces=False)
    assert path.read_bytes() == MADE
    path.write_text("mine")
    assert not save_document(path, MADE, replaces=False)
    assert path.read_text() == "mine"
    assert save_document(path, MADE, replaces=True)
    assert path.read_bytes() == MADE
    assert os.listdir(place) == ["plan.json"]


def test_a_link_is_in_the_way_too(place: Path) -> None:
    link = place / "plan.json"
    link.symlink_to(place / "elsewhere")
    assert not save_document(link, MADE, replaces=False)
    assert not (place / "elsewhere").exists()


def test_others_may_read_it_as_the_user_wants(place: Path) -> None:
    mask = os.umask(0o027)
    try:
        save_document(place / "plan.json", MADE, replaces=False)
    finally:
        os.umask(mask)
    assert stat.S_IMODE((place / "plan.json").stat().st_mode) == 0o640


@pytest.mark.parametrize("replaces", [False, True])
def test_only_files_are_written(place: Path, replaces: bool) -> None:
    os.mkfifo(place / "pipe")
    for path, said in ((place, "a directory"), (place / "pipe", "no ordinary file")):
        with pytest.raises(WrongUse, match=said):
            save_document(path, MADE, replaces=replaces)
    assert os.listdir(place) == ["pipe"]


def test_what_cannot_be_written_leaves_nothing(place: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        save_document(place / "no" / "plan.json", MADE, replaces=False)
    assert os.listdir(place) == []
