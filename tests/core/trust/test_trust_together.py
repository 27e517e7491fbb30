"""Many manifests in one run of GnuPG: what is said of each is what is said of it alone."""

import shutil
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import Refused
from core.trust.gpg import Gpg, Said
from core.trust.keyring import open_keyring
from core.trust.signature import Flaw, find_signature
from core.trust.together import Together
from tests.simulator.keys import KeyRing, SigningKey
from tests.simulator.pins import pin_of

TEXTS = [f'{{"number": {number}}}\n'.encode() for number in range(8)]


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that gets the length of the command of each run of GnuPG from now on."""
    real = shutil.which("gpg")
    place = tmp_path / "bin"
    place.mkdir()
    runs = tmp_path / "runs"
    runs.touch()
    # The first document of several waits until the others have been asked for.
    script = f'#!/bin/sh\necho "$*" >> {runs}\nsleep 0.3\nexec {real} "$@"\n'
    (place / "gpg").write_text(script)
    (place / "gpg").chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    return runs


def read_all(gpg: Gpg, documents: Sequence[bytes]) -> list[Said]:
    with ThreadPoolExecutor(len(documents)) as pool:
        return list(pool.map(gpg.read_signed, documents))


def test_documents_of_several_threads_are_read_in_one_run(
    counted: Path, tmp_path: Path, signing_key: SigningKey
) -> None:
    documents = [signing_key.clearsign(text) for text in TEXTS]
    gpg = open_keyring(tmp_path / "keyrings", [pin_of(signing_key)])
    counted.write_text("")
    said = read_all(gpg, documents)
    assert [one.data for one in said] == TEXTS
    findings = [find_signature(one) for one in said]
    assert {(finding.flaw, finding.primary) for finding in findings} == {
        (None, signing_key.fingerprint)
    }
    runs = counted.read_text().splitlines()
    assert len(runs) < len(TEXTS)
    assert any("--multifile" in run for run in runs)
    assert not list(tmp_path.glob("**/*.asc"))


def test_a_bad_one_among_them_spoils_no_other(
    counted: Path, tmp_path: Path, signing_key: SigningKey
) -> None:
    documents = [signing_key.clearsign(text) for text in TEXTS]
    documents[4] = documents[4].replace(b"4", b"5", 1)
    strange = KeyRing()
    try:
        documents[6] = strange.generate("Stranger <stranger@example.org>").clearsign(TEXTS[6])
    finally:
        strange.close()
    gpg = open_keyring(tmp_path / "keyrings", [pin_of(signing_key)])
    counted.write_text("")
    findings = [find_signature(one) for one in read_all(gpg, documents)]
    assert any("--multifile" in run for run in counted.read_text().splitlines())
    flaws = [finding.flaw for finding in findings]
    assert flaws == [*[None] * 4, Flaw.BAD, None, Flaw.UNKNOWN_KEY, None]


def test_without_room_for_files_each_is_read_alone(
    counted: Path, tmp_path: Path, signing_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [signing_key.clearsign(text) for text in TEXTS]
    gpg = open_keyring(tmp_path / "keyrings", [pin_of(signing_key)])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert [one.data for one in read_all(gpg, documents)] == TEXTS
    assert not any("--multifile" in run for run in counted.read_text().splitlines())


def test_who_asks_meanwhile_is_answered_by_the_next_call() -> None:
    calls: list[list[int]] = []
    is_begun, may_end = threading.Event(), threading.Event()

    def double(numbers: Sequence[int]) -> list[int]:
        calls.append(list(numbers))
        is_begun.set()
        assert may_end.wait(60)
        return [2 * number for number in numbers]

    together = Together(double)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(together, 0)
        assert is_begun.wait(60)
        others = [pool.submit(together, number) for number in range(1, 6)]
        deadline = time.monotonic() + 60
        while len(together._waiting) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        may_end.set()
        assert [first.result(), *(other.result() for other in others)] == [0, 2, 4, 6, 8, 10]
    assert calls[0] == [0]
    assert sorted(calls[1]) == [1, 2, 3, 4, 5]
    assert len(calls) == 2


def test_what_goes_wrong_is_said_to_all_who_asked() -> None:
    def refuse(_: Sequence[int]) -> list[int]:
        raise Refused("GnuPG gave up")

    together = Together(refuse)
    with ThreadPoolExecutor(4) as pool:
        for answer in [pool.submit(together, number) for number in range(4)]:
            assert isinstance(answer.exception(), Refused)
    with pytest.raises(Refused, match="GnuPG gave up"):
        together(1)
