"""Archives arrive whole; of what breaks off, what came is resumed the next time."""

import os
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.cancel import CancelToken
from core.errors import Interrupted, MirrorError, NotFound, Refused, StoreError
from core.mirror.client import MirrorClient, open_mirror
from core.model.artifact import FetchedArtifact
from tests.core.mirror.reading import believed, fetch_archive, files_below
from tests.simulator.fixtures import Serve
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import SimulatedMirror, simulated_mirror
from tests.simulator.packages import Package
from tests.simulator.server import Fault


def fetch(
    simulated: SimulatedMirror, client: MirrorClient, name: str = "boat", **options: object
) -> FetchedArtifact:
    manifest = believed(simulated, client, name)
    document = client.spec_document(manifest)
    directory = simulated.root.parent / "downloads"
    token = options.get("cancel")
    assert token is None or isinstance(token, CancelToken)
    return fetch_archive(client, manifest, document, directory, cancel=token)


def left_behind(simulated: SimulatedMirror) -> list[str]:
    return files_below(simulated.root.parent / "downloads")


def test_an_archive_arrives(simulated: SimulatedMirror, client: MirrorClient) -> None:
    fetched = fetch(simulated, client)
    assert fetched.archive.read_bytes() == simulated.archive_path("boat").read_bytes()
    assert fetched.archive_sha256 == fetched.manifest.archive.sha256
    assert fetched.archive_size == fetched.manifest.archive.size
    assert len(left_behind(simulated)) == 1


def test_many_archives_arrive_at_once(
    tmp_path: Path, serving: Serve, signing_key: SigningKey
) -> None:
    packages = [
        Package(f"p{number}", files={"share/data": os.urandom(200_000)}) for number in range(12)
    ]
    simulated = simulated_mirror(tmp_path / "mirror", packages, signing_key)
    client = open_mirror(simulated.mirror(url=serving(simulated.root).url))
    with ThreadPoolExecutor(6) as pool:
        got = list(pool.map(lambda name: fetch(simulated, client, name), simulated.builds))
    client.close()
    assert all(item.archive_sha256 == item.manifest.archive.sha256 for item in got)
    assert len({item.archive for item in got}) == 12


@pytest.mark.parametrize("by_http", [False, True])
def test_an_archive_longer_than_said_is_refused_at_the_byte(
    by_http: bool, simulated: SimulatedMirror, serving: Serve
) -> None:
    url = serving(simulated.root).url if by_http else None
    client = open_mirror(simulated.mirror(url=url))
    simulated.lengthen(simulated.archive_path("boat"), b"more")
    with pytest.raises(Refused) as caught:
        fetch(simulated, client)
    client.close()
    label = simulated.wanted("boat").label
    assert caught.value.title == f"The archive of {label} is longer than its manifest says"
    assert left_behind(simulated) == []


def test_a_shorter_archive_is_told_by_its_size(
    simulated: SimulatedMirror, client: MirrorClient
) -> None:
    simulated.truncate(simulated.archive_path("boat"), 10)
    assert fetch(simulated, client).archive_size == 10


@pytest.mark.parametrize("obeys_ranges", [True, False])
@pytest.mark.parametrize("share", [1, 50, 99])
def test_a_connection_that_always_breaks_is_taken_up_again(
    share: int, obeys_ranges: bool, simulated: SimulatedMirror, serving: Serve
) -> None:
    server = serving(simulated.root)
    client = open_mirror(simulated.mirror(url=server.url))
    archive = simulated.archive_path("boat")
    place = str(archive.relative_to(simulated.root))
    server.obeys_ranges = False
    server.fail(place, Fault(cut_after=archive.stat().st_size * share // 100))
    with pytest.raises(MirrorError, match="broke off the connection") as caught:
        fetch(simulated, client)
    assert caught.value.retry
    assert left_behind(simulated) == [f"{archive.name}.part"]
    server.heal()
    server.obeys_ranges = obeys_ranges
    before = len(server.requests)
    fetched = fetch(simulated, client)
    assert fetched.archive.read_bytes() == archive.read_bytes()
    assert fetched.archive_sha256 == archive.name
    (request,) = (headers for path, headers in server.requests[before:] if path == place)
    assert request["Range"] == f"bytes={archive.stat().st_size * share // 100}-"
    client.close()


def test_a_mirror_that_disappears_leaves_nothing(
    simulated: SimulatedMirror, client: MirrorClient
) -> None:
    manifest = believed(simulated, client, "boat")
    document = client.spec_document(manifest)
    simulated.root.rename(simulated.root.with_name("gone"))
    with pytest.raises(NotFound):
        fetch_archive(client, manifest, document, simulated.root.parent / "downloads")
    assert left_behind(simulated) == []


def test_cancelling_leaves_nothing(simulated: SimulatedMirror, client: MirrorClient) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Interrupted):
        fetch(simulated, client, cancel=token)
    assert left_behind(simulated) == []


def test_a_failing_watcher_leaves_what_came(
    simulated: SimulatedMirror, client: MirrorClient
) -> None:
    def fail(done: int, total: int) -> None:
        raise RuntimeError("the journal is full")

    manifest = believed(simulated, client, "boat")
    directory = simulated.root.parent / "downloads"
    with pytest.raises(RuntimeError, match="the journal is full"):
        fetch_archive(client, manifest, b"", directory, progress=fail)
    assert left_behind(simulated) == [f"{manifest.archive.sha256}.part"]


def test_a_full_disk_leaves_nothing(simulated: SimulatedMirror, client: MirrorClient) -> None:
    # A limit on the size of files fails a write in the middle, as a full disk does.
    archive = os.urandom(2 << 20)
    simulated.replace_archive("boat", archive)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StoreError) as caught:
            fetch(simulated, client)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert caught.value.title.startswith("A download cannot be written: ")
    assert caught.value.title.endswith(": file too large")
    assert "SPACKBIN_CACHE_DIR" in caught.value.hint
    assert left_behind(simulated) == []
