"""What a registry answered that real Spack had filled: for replay, and to fill another."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers.scripted import Answer, Asked

NAME = "harbor/cache"
"""The repository that was recorded."""


@dataclass(frozen=True)
class Recorded:
    """One answer to a GET."""

    path: str
    answer: Answer
    accepted: str
    """What the one who asked accepts; empty for anything."""


class Recording:
    """The answers below `golden/dev/oci`."""

    def __init__(self, golden: Path) -> None:
        data = golden / "dev"
        document = json.loads((data / "oci/responses.json").read_text())
        self.answers = {
            entry["path"]: Recorded(
                entry["path"],
                Answer(entry["status"], (data / entry["body"]).read_bytes(), entry["headers"]),
                entry["request_headers"].get("Accept", ""),
            )
            for entry in document["responses"]
            if entry["method"] == "GET"
        }

    def replay(self, asked: Asked) -> Answer:
        """Answer as the registry did; what was not recorded is not there."""
        recorded = self.answers.get(asked.path)
        if recorded is None:
            return Answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        # This registry hides manifests from whoever does not name their media type.
        kind = recorded.answer.headers.get("Content-Type", "")
        if recorded.accepted and kind not in asked.headers.get("accept", ""):
            return Answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        return recorded.answer

    def blobs(self) -> Iterator[tuple[str, bytes]]:
        """Digest and content of every blob."""
        yield from self._bodies("blobs")

    def manifests(self) -> Iterator[tuple[str, bytes]]:
        """Tag and manifest of every image."""
        for tag, body in self._bodies("manifests"):
            if not tag.startswith("sha256:"):
                yield tag, body

    def _bodies(self, kind: str) -> Iterator[tuple[str, bytes]]:
        start = f"/v2/{NAME}/{kind}/"
        for path, recorded in self.answers.items():
            if path.startswith(start) and recorded.answer.status == 200:
                yield path.removeprefix(start), recorded.answer.body
