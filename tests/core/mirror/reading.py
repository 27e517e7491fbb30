"""Reading simulated mirrors."""

from collections.abc import Generator
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.blobs.cache import BlobCache
from core.blobs.fetching import Progress
from core.cancel import CancelToken
from core.mirror import archives
from core.mirror.client import MirrorClient, open_mirror
from core.model.artifact import FetchedArtifact, VerifiedManifest
from core.trust.policy import ACCEPT_UNSIGNED_BINARIES
from core.trust.verify import Verifier
from tests.simulator.mirror import SimulatedMirror


@pytest.fixture
def client(simulated: SimulatedMirror) -> Generator[MirrorClient]:
    """A client of the simulated mirror."""
    opened = open_mirror(simulated.mirror())
    yield opened
    opened.close()


def fetch_archive(
    client: MirrorClient,
    manifest: VerifiedManifest,
    document: bytes,
    directory: Path,
    *,
    cancel: CancelToken | None = None,
    progress: Progress | None = None,
) -> FetchedArtifact:
    """The archive of a build, by way of a cache in `directory`."""
    return archives.fetched(
        manifest,
        document,
        BlobCache(directory),
        client.archive,
        cancel=cancel,
        progress=progress or nothing,
    )


def files_below(directory: Path) -> list[str]:
    """The names of all files that are left below a directory."""
    return sorted(path.name for path in directory.rglob("*") if path.is_file())


def nothing(done: int, total: int) -> None:
    """Progress that nobody watches."""


def believed(simulated: SimulatedMirror, client: MirrorClient, name: str) -> VerifiedManifest:
    """The manifest of a build, its signature left aside: this is about transport."""
    raw = client.manifest(simulated.spec(name))
    mirror = replace(client.mirror, signed=False)
    keyrings = simulated.root.parent / "keyrings"
    return Verifier(mirror, (), ACCEPT_UNSIGNED_BINARIES, keyrings).manifest(raw)
