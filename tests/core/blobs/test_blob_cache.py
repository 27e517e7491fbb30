"""Blobs are fetched once, kept, shared, and never believed."""

import errno
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from core.blobs.cache import BlobCache
from core.blobs.usage import GROWN, entries, trim
from core.cancel import CancelToken
from core.errors import Interrupted, MirrorError, StoreError
from tests.core.blobs.blob_helpers import Place, blob_path, digest, files, put

DATA = bytes(range(256)) * 100
OTHER = bytes(reversed(range(256))) * 100


class Told(list[str]):
    """What a cache said."""

    def __call__(self, text: str) -> None:
        self.append(text)


@pytest.fixture
def said() -> Told:
    return Told()


@pytest.fixture
def cache(tmp_path: Path, said: Told) -> BlobCache:
    return BlobCache(tmp_path / "cache", say=said)


def test_a_blob_is_fetched_once(cache: BlobCache) -> None:
    place = Place(DATA)
    taken = cache.take(place.order())
    assert taken.path.read_bytes() == DATA
    assert (taken.size, taken.sha256) == (len(DATA), digest(DATA))
    cache.release(taken.path)
    assert cache.take(place.order()) == taken
    assert cache.has(digest(DATA))
    assert place.starts == [0]
    assert files(cache) == {digest(DATA): len(DATA)}
    cache.close()


@pytest.mark.parametrize("size_is_known", [True, False])
@pytest.mark.parametrize("damage", [b"", DATA[:500], DATA + b"x", OTHER], ids=len)
def test_a_damaged_blob_is_fetched_anew(
    damage: bytes, size_is_known: bool, cache: BlobCache, said: Told
) -> None:
    put(cache.directory, DATA, damage)
    place = Place(DATA)
    taken = cache.take(place.order(size=size_is_known))
    assert taken.path.read_bytes() == DATA
    assert place.starts == [0]
    assert said == [f"the cached blob {digest(DATA)[:12]} is damaged: it is fetched anew"]
    cache.close()


def test_what_came_is_resumed(cache: BlobCache) -> None:
    place = Place(DATA)
    place.breaks_at = 7777
    with pytest.raises(MirrorError, match="The line is cut"):
        cache.take(place.order())
    assert files(cache) == {f"{digest(DATA)}.part": 7777}
    place.breaks_at = None
    assert cache.take(place.order()).path.read_bytes() == DATA
    assert place.starts == [0, 7777]
    cache.close()


@pytest.mark.parametrize("size_is_known", [True, False])
@pytest.mark.parametrize("part", [OTHER[:999], OTHER, OTHER + b"more"], ids=len)
def test_a_part_of_no_use_is_given_up(part: bytes, size_is_known: bool, cache: BlobCache) -> None:
    path = put(cache.directory, DATA, b"")
    path.rename(path.with_name(f"{path.name}.part")).write_bytes(part)
    taken = cache.take(Place(DATA).order(size=size_is_known))
    assert taken.path.read_bytes() == DATA
    assert files(cache) == {digest(DATA): len(DATA)}
    cache.close()


def test_a_whole_part_needs_nobody(cache: BlobCache) -> None:
    path = put(cache.directory, DATA)
    path.rename(path.with_name(f"{path.name}.part"))
    place = Place(b"")
    assert cache.take(place.order(DATA)).path.read_bytes() == DATA
    assert place.starts == []
    cache.close()


def test_what_is_not_what_was_ordered_is_given_and_not_kept(cache: BlobCache) -> None:
    place = Place(OTHER)
    taken = cache.take(place.order(DATA))
    assert taken.path.read_bytes() == OTHER
    assert taken.sha256 == digest(OTHER)
    # Nobody has to wait until it is released.
    good = cache.take(Place(DATA).order())
    cache.release(taken.path)
    assert not taken.path.exists()
    assert files(cache) == {digest(DATA): len(DATA)}
    cache.release(good.path)
    assert good.path.exists()


def test_nothing_stays_of_what_never_came(cache: BlobCache) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Interrupted):
        cache.take(Place(DATA).order(cancel=token))
    place = Place(DATA)
    place.breaks_at = 0
    with pytest.raises(MirrorError):
        cache.take(place.order())
    assert files(cache) == {}


# Caches of others


def test_a_neighbour_has_it(tmp_path: Path, said: Told) -> None:
    theirs = put(tmp_path / "theirs", DATA)
    cache = BlobCache(tmp_path / "cache", (tmp_path / "none", tmp_path / "theirs"), say=said)
    place = Place(DATA)
    assert cache.has(digest(DATA))
    taken = cache.take(place.order(size=False))
    # Its owner may do with it what he wants.
    theirs.write_bytes(OTHER)
    assert taken.path.read_bytes() == DATA
    assert taken.path.is_relative_to(tmp_path / "cache")
    assert place.starts == []
    assert said == []
    cache.close()


@pytest.mark.parametrize("content", [OTHER, DATA[:100], DATA + b"x"], ids=len)
def test_a_neighbour_is_not_believed(content: bytes, tmp_path: Path, said: Told) -> None:
    theirs = put(tmp_path / "theirs", DATA, content)
    cache = BlobCache(tmp_path / "cache", (tmp_path / "theirs",), say=said)
    place = Place(DATA)
    assert cache.take(place.order(size=False)).path.read_bytes() == DATA
    assert place.starts == [0]
    assert said == [
        f"the shared cache {tmp_path / 'theirs'} has a damaged blob {digest(DATA)[:12]},"
        " which is not used"
    ]
    assert theirs.read_bytes() == content
    cache.close()


def test_a_neighbour_with_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    path = put(tmp_path / "theirs", DATA)
    path.unlink()
    os.mkfifo(path)
    cache = BlobCache(tmp_path / "cache", (tmp_path / "theirs",))
    assert cache.take(Place(DATA).order()).path.read_bytes() == DATA
    assert not cache.has(digest(OTHER))
    cache.close()


# Places that cannot be used


def test_a_cache_that_cannot_be_written_is_replaced(cache: BlobCache, said: Told) -> None:
    cache.directory.mkdir()
    (cache.directory / "blobs").write_text("a file")
    one, two = cache.take(Place(DATA).order()), cache.take(Place(OTHER).order())
    assert (one.path.read_bytes(), two.path.read_bytes()) == (DATA, OTHER)
    assert said == [
        f"the cache cannot be used ({cache.directory}/blobs/sha256: it is not a directory):"
        " a temporary directory takes its place"
    ]
    cache.release(one.path)
    assert not one.path.exists()
    cache.close()
    assert not two.path.exists()
    assert not two.path.parents[3].exists()


def full_disk(monkeypatch: pytest.MonkeyPatch, below: Path, times: int) -> None:
    """The file system of `below` has no room, so many times."""
    really, left = os.write, [times]

    def write(descriptor: int, data: bytes) -> int:
        place = Path(f"/proc/self/fd/{descriptor}").readlink()
        if place.is_relative_to(below) and left[0]:
            left[0] -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return really(descriptor, data)

    monkeypatch.setattr(os, "write", write)


def test_a_full_disk_makes_room(
    cache: BlobCache, said: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache.directory, OTHER)
    full_disk(monkeypatch, cache.directory, 1)
    assert cache.take(Place(DATA).order()).path == blob_path(cache.directory, DATA)
    assert files(cache) == {digest(DATA): len(DATA)}
    assert said == []
    cache.close()


def test_a_disk_that_stays_full(
    cache: BlobCache, said: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    full_disk(monkeypatch, cache.directory, 1000)
    taken = cache.take(Place(DATA).order())
    assert taken.path.read_bytes() == DATA
    assert files(cache) == {}
    assert "no space left on device" in said[0]
    cache.close()
    full_disk(monkeypatch, Path("/"), 1000)
    with pytest.raises(StoreError, match=r"A download cannot be written: .*no space left"):
        cache.take(Place(DATA).order())
    cache.close()


def test_nobody_else_may_write_there(cache: BlobCache) -> None:
    shelf = cache.directory / "blobs/sha256"
    shelf.mkdir(parents=True)
    shelf.chmod(0o777)
    taken = cache.take(Place(DATA).order())
    for path in (shelf.parent, shelf, taken.path.parent, taken.path):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o022
    cache.close()


# Small blobs


def test_documents_are_kept(cache: BlobCache, tmp_path: Path) -> None:
    assert cache.document(digest(DATA), 1 << 20) is None
    cache.keep(DATA)
    assert cache.document(digest(DATA), 1 << 20) == DATA
    assert cache.document(digest(DATA), 10) is None
    neighbour = BlobCache(tmp_path / "other", (cache.directory,))
    assert neighbour.document(digest(DATA), 1 << 20) == DATA
    blob_path(cache.directory, DATA).write_bytes(OTHER)
    assert cache.document(digest(DATA), 1 << 20) is None
    (cache.directory / "blobs").rename(cache.directory / "gone")
    (cache.directory / "blobs").write_text("a file")
    cache.keep(DATA)
    assert cache.document(digest(DATA), 1 << 20) is None


# Size


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path)
    blobs = [bytes([number]) * 1000 for number in range(4)]
    for number, data in enumerate(blobs):
        os.utime(put(tmp_path, data), (number, number))
    cache.release(cache.take(Place(blobs[0]).order()).path)
    assert trim(tmp_path, 2500) == 2000
    assert files(cache).keys() == {digest(blobs[0]), digest(blobs[3])}
    assert trim(tmp_path, 2500) == 0


def install(cache: BlobCache, *sizes: int) -> int:
    """Fetch blobs of these sizes as a run does, and what was evicted after it."""
    for number, size in enumerate(sizes):
        cache.release(cache.take(Place(bytes([size % 251, number]) * (size // 2)).order()).path)
    return cache.keep_within()


LIMIT = 100_000


@pytest.fixture
def overfull(tmp_path: Path) -> BlobCache:
    """A cache that was looked through a moment ago, and has grown since without a note of it."""
    cache = BlobCache(tmp_path, limit=LIMIT)
    assert install(cache) == 0
    put(tmp_path, OTHER * 10)
    return cache


def test_a_cache_is_looked_through_once_enough_came(overfull: BlobCache) -> None:
    assert install(overfull, 2000, 1000) == 0
    assert install(overfull) == 0
    assert install(overfull, 1500) == 0
    overfull.keep(bytes(400))
    assert install(overfull) == 0
    assert install(BlobCache(overfull.directory, limit=LIMIT), 200) > LIMIT
    assert sum(entry.size for entry in entries(overfull.directory)) <= LIMIT - LIMIT // 20
    put(overfull.directory, OTHER * 10)
    assert install(overfull, 4900) == 0


def test_what_came_of_a_broken_download_counts(overfull: BlobCache) -> None:
    place = Place(DATA)
    place.breaks_at = 6000
    with pytest.raises(MirrorError):
        overfull.take(place.order())
    assert install(overfull) > LIMIT


@pytest.mark.parametrize(
    "noted",
    [
        None,
        b"",
        b"yesterday",
        b"%d",
        b"%d 100000\nmuch\n",
        b"%d 100001\n",
        b"1 100000\n",
        b"99999999999 100000\n",
    ],
)
def test_a_note_that_says_nothing_is_no_reason_not_to_look(
    noted: bytes | None, overfull: BlobCache
) -> None:
    note = overfull.directory / GROWN
    note.unlink()
    if noted is not None:
        note.write_bytes(noted.replace(b"%d", b"%d" % time.time()))
    assert install(overfull) > LIMIT
    assert install(overfull, 100) == 0


def test_what_is_read_or_fetched_stays(cache: BlobCache) -> None:
    taken = cache.take(Place(DATA).order())
    seen: list[int] = []

    class Fetched(Place):
        def _pieces(self, start: int):
            yield OTHER[:5000]
            seen.append(trim(cache.directory, 0))
            yield OTHER[5000:]

    cache.take(Fetched(OTHER).order())
    assert seen == [0]
    assert trim(cache.directory, 0) == 0
    cache.release(taken.path)
    assert trim(cache.directory, 0) == len(DATA)
    cache.close()
    assert trim(cache.directory, 0) == len(OTHER)
    assert entries(cache.directory) == []


def test_strays_go_after_a_day(tmp_path: Path) -> None:
    old, new = (put(tmp_path, DATA).with_name(name) for name in (".new-old", ".new-new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    assert trim(tmp_path, 1 << 30) == 4
    assert not old.exists()
    assert new.exists()


def test_a_blob_that_goes_while_it_is_looked_for(cache: BlobCache) -> None:
    """Evicting and taking in turns, without a moment in which a taken blob is gone."""
    over = threading.Event()

    def evict() -> None:
        while not over.is_set():
            trim(cache.directory, 0)

    thread = threading.Thread(target=evict)
    thread.start()
    try:
        for _ in range(200):
            taken = cache.take(Place(DATA).order())
            assert taken.path.read_bytes() == DATA
            cache.release(taken.path)
    finally:
        over.set()
        thread.join()
