"""Whoever asks for a blob that is being fetched waits for it: threads, processes, and their end."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.blobs.cache import BlobCache
from core.blobs.fetching import Order
from core.cancel import CancelToken
from core.errors import Interrupted
from core.net.http import HttpTransport
from tests.core.blobs.blob_helpers import digest, files
from tests.program import ROOT
from tests.simulator.fixtures import Serve
from tests.simulator.server import Fault, FaultyServer

DATA = os.urandom(300_000)

TAKE = """
import sys
from pathlib import Path
from core.blobs.cache import BlobCache
from core.blobs.fetching import Order
from core.net.http import HttpTransport

directory, url, digest, size = sys.argv[1:]
http = HttpTransport()
cache = BlobCache(Path(directory), say=lambda text: print(text, flush=True))
pieces = lambda start: http.stream(url, limit=int(size), start=start)
taken = cache.take(Order(digest, int(size), int(size), pieces))
print(taken.size, taken.sha256)
cache.close()
http.close()
"""


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def server(tmp_path: Path, serving: Serve) -> FaultyServer:
    root = tmp_path / "root"
    root.mkdir()
    (root / "blob").write_bytes(DATA)
    return serving(root)


def taking(cache: BlobCache, server: FaultyServer) -> "subprocess.Popen[str]":
    """A process that takes the blob."""
    arguments = [str(cache.directory), f"{server.url}/blob", digest(DATA), str(len(DATA))]
    return subprocess.Popen(
        [sys.executable, "-c", TAKE, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def order(server: FaultyServer, http: HttpTransport, cancel: CancelToken | None = None) -> Order:
    return Order(
        digest(DATA),
        len(DATA),
        len(DATA),
        lambda start: http.stream(f"{server.url}/blob", limit=len(DATA), start=start),
        cancel or CancelToken(),
    )


def part_size(cache: BlobCache) -> int:
    return files(cache).get(f"{digest(DATA)}.part", 0)


def test_two_processes_one_request(tmp_path: Path, server: FaultyServer) -> None:
    cache = BlobCache(tmp_path / "cache")
    server.fail("blob", Fault(stall=60, times=1))
    processes = [taking(cache, server) for _ in range(2)]
    # One of them says that it waits.
    assert select.select([process.stdout for process in processes], [], [], 60)[0]
    until(lambda: bool(server.asked("blob")))
    server.heal()
    said = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    result = f"{len(DATA)} {digest(DATA)}"
    waited = f"blob {digest(DATA)[:12]} is being fetched by another: waiting for it"
    assert sorted(said, key=len) == [[result], [waited, result]]
    assert len(server.asked("blob")) == 1
    assert files(cache) == {digest(DATA): len(DATA)}


def test_many_threads_one_request(tmp_path: Path, server: FaultyServer) -> None:
    cache = BlobCache(tmp_path / "cache")
    server.fail("blob", Fault(stall=0.3, times=1))
    http = HttpTransport()
    sizes: list[int] = []
    threads = [
        threading.Thread(target=lambda: sizes.append(cache.take(order(server, http)).size))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    http.close()
    cache.close()
    assert sizes == [len(DATA)] * 6
    assert len(server.asked("blob")) == 1


@pytest.mark.parametrize("obeys_ranges", [True, False])
def test_the_next_one_goes_on_where_a_killed_one_was(
    obeys_ranges: bool, tmp_path: Path, server: FaultyServer
) -> None:
    cache = BlobCache(tmp_path / "cache")
    # Half of it comes, then nothing for a long time.
    headers = {"Content-Length": str(len(DATA))}
    server.obeys_ranges = obeys_ranges
    server.fail("blob", Fault(headers=headers, linger_after=len(DATA) // 2, times=1))
    first = taking(cache, server)
    until(lambda: part_size(cache) == len(DATA) // 2)
    second = taking(cache, server)
    assert second.stdout
    assert "waiting for it" in second.stdout.readline()
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert second.communicate(timeout=60)[0] == f"{len(DATA)} {digest(DATA)}\n"
    assert [headers.get("Range") for headers in server.asked("blob")] == [
        None,
        f"bytes={len(DATA) // 2}-",
    ]


def test_waiting_is_seen_and_can_be_cancelled(tmp_path: Path, server: FaultyServer) -> None:
    said: list[str] = []
    cache = BlobCache(tmp_path / "cache", say=said.append)
    server.fail("blob", Fault(linger_after=1000, times=1))
    first = taking(cache, server)
    until(lambda: part_size(cache) == 1000)
    token, steps, http = CancelToken(), list[tuple[int, int]](), HttpTransport()

    def progress(done: int, total: int) -> None:
        steps.append((done, total))
        token.cancel()

    wanted = order(server, http, token)
    began = time.monotonic()
    with pytest.raises(Interrupted):
        cache.take(Order(wanted.digest, wanted.size, wanted.limit, wanted.pieces, token, progress))
    assert time.monotonic() - began < 15
    assert steps == [(1000, len(DATA))]
    assert len(said) == 1
    first.kill()
    first.communicate()
    http.close()


def test_a_range_beyond_the_end(tmp_path: Path, server: FaultyServer) -> None:
    http = HttpTransport()
    server.fail("blob", Fault(status=416, times=1))
    with http.stream(f"{server.url}/blob", limit=len(DATA), start=len(DATA)) as pieces:
        assert list(pieces) == []
    http.close()
