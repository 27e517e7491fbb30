"""What is remembered of archives that were read once: one small file for each digest.

It lies in the cache: all of it can be had again from the archives.
"""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from core.errors import WrongUse
from core.model.facts import BuildFacts
from core.model.ident import Sha256, sha256

LARGEST = 16 << 20
"""Bytes of a file that is read; what we write stays far below."""


class KnownBuilds:
    """Facts by the digest of the archive. Safe for threads and processes.

    Args:
        cache: directory of what can be had again (`Settings.cache_dir`).
    """

    def __init__(self, cache: Path) -> None:
        self._directory = cache / "builds-1"

    def get(self, digest: Sha256) -> BuildFacts | None:
        """What is known of an archive; `None` if nothing is, or it cannot be read."""
        try:
            with self._path(digest).open("rb") as stream:
                return msgspec.json.decode(stream.read(LARGEST), type=BuildFacts)
        except (OSError, msgspec.DecodeError):
            return None

    def remember(self, digest: Sha256, facts: BuildFacts) -> None:
        """Keep what was found in a verified archive; who cannot keep it finds it out again.

        What is known already stays, unless more was looked at now.
        """
        if facts.strings is None and self.get(digest):
            return
        with suppress(OSError, UnicodeEncodeError):
            _write(self._path(digest), msgspec.json.encode(facts))

    def sample(self, url: str) -> Sha256 | None:
        """The archive that stands for all of the mirror at `url`."""
        try:
            return sha256(self._sample_path(url).read_text())
        except (OSError, UnicodeDecodeError, WrongUse):
            return None

    def set_sample(self, url: str, digest: Sha256) -> None:
        """Remember which archive stands for the mirror at `url`."""
        with suppress(OSError):
            _write(self._sample_path(url), digest.encode())

    def _path(self, digest: Sha256) -> Path:
        return self._directory.joinpath(digest[:2], f"{digest}.json")

    def _sample_path(self, url: str) -> Path:
        return self._directory / "mirrors" / hashlib.sha256(url.encode()).hexdigest()[:32]


def _write(path: Path, data: bytes) -> None:
    """Replace a file in one step, without waiting until it is on disk: a lost one does no harm."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
