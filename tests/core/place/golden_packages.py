"""Packages of the golden mirrors as verified artifacts."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.model.artifact import BlobRecord, VerifiedArtifact, VerifiedManifest, wanted_of
from core.model.ident import DagHash, mirror_name, sha256
from core.model.spec import ConcreteSpec, spec_from_node

GOLDEN = Path(__file__).parents[2] / "golden" / "dev"


@dataclass(frozen=True)
class Offer:
    """One package of a golden mirror."""

    spec: ConcreteSpec
    archive: Path


def make_artifact(spec: ConcreteSpec, archive: Path) -> VerifiedArtifact:
    digest = sha256(hashlib.sha256(archive.read_bytes()).hexdigest())
    record = BlobRecord(
        "application/vnd.spack.install.v2.tar+gzip", archive.stat().st_size, "gzip", digest
    )
    manifest = VerifiedManifest(
        wanted_of(spec), mirror_name("golden"), record, record, signature=None
    )
    return VerifiedArtifact(manifest, archive, spec)


@cache
def offers(mirror: str) -> dict[DagHash, Offer]:
    """The packages of a golden mirror by DAG hash."""
    base = GOLDEN / mirror
    found: dict[DagHash, Offer] = {}
    for path in base.glob("v3/manifests/spec/*/*"):
        text = path.read_text()
        records = json.loads(text[text.index("{") : text.rindex("}") + 1])["data"]
        archive, document = (
            base / "blobs" / "sha256" / item["checksum"][:2] / item["checksum"] for item in records
        )
        node = json.loads(gzip.decompress(document.read_bytes()))["spec"]["nodes"][0]
        spec = spec_from_node(node)
        found[spec.hash] = Offer(spec, archive)
    return found
