"""Bytes, inodes, quotas."""

import os
from pathlib import Path

import pytest

from core.model.plan import Space
from core.store import space
from core.store.space import look_at_space, parse_quota

SAID = """\
Disk quotas for user ada (uid 1000):
     Filesystem   blocks   quota   limit   grace   files   quota   limit   grace
      /dev/sda1    12345*  10000   20000 1700000000    120       0     150       0
      /dev/sdb1      100     500       0       0      10      40       0       0
      nfs:/home     9000       0       0       0       9       0       0       0
      /dev/over      700     500     600       0       9       5       5       0
      /dev/short     none
"""


@pytest.mark.parametrize(
    ("device", "left"),
    [
        ("/dev/sda1", (7655 * 1024, 30)),
        ("/dev/sdb1", (400 * 1024, 30)),
        ("nfs:/home", (None, None)),
        ("/dev/over", (0, 0)),
        ("/dev/short", (None, None)),
        ("/dev/gone", (None, None)),
    ],
)
def test_what_quota_says(device: str, left: tuple[int | None, int | None]) -> None:
    assert parse_quota(SAID, device) == left


def test_the_store_need_not_exist(tmp_path: Path) -> None:
    found = look_at_space(tmp_path / "not" / "here")
    assert found.bytes_free is not None
    assert found.bytes_free <= os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize


def quota_that(tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "quota"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def test_a_quota_that_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = space._device_of(tmp_path)  # pyright: ignore[reportPrivateUsage]
    assert device
    said = f"{device} 100 0 150 0 7 0 9 0"
    quota_that(tmp_path, f"test \"$1 $LC_ALL\" = '--user C' && echo '{said}'; exit 1", monkeypatch)
    found = look_at_space(tmp_path)
    assert (found.quota_bytes, found.quota_files) == (50 * 1024, 2)


def test_a_quota_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "QUOTA_SECONDS", 0.1)
    quota_that(tmp_path, "exec sleep 60", monkeypatch)
    found = look_at_space(tmp_path)
    assert (found.quota_bytes, found.quota_files) == (None, None)
    assert found != Space()
