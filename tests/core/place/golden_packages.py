"""Packages of the golden mirrors as verified artifacts."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.model.artifact import BlobRecord, VerifiedArtifact, VerifiedManifest
from core.model.ident import DagHash, mirror_name, sha256
from core.model.spec import ConcreteSpec, spec_from_node

GOLDEN = Path(__file__).parents[2] / "golden"


@dataclass(frozen=True)
class Offer:
    """One package of a golden mirror."""

    spec: ConcreteSpec
    archive: Path
    layout: int = 2


def make_artifact(spec: ConcreteSpec, archive: Path, layout: int = 2) -> VerifiedArtifact:
    digest = sha256(hashlib.sha256(archive.read_bytes()).hexdigest())
    record = BlobRecord(
        f"application/vnd.spack.install.v{layout}.tar+gzip", archive.stat().st_size, "gzip", digest
    )
    manifest = VerifiedManifest(spec, mirror_name("golden"), record, record, signature=None)
    return VerifiedArtifact(manifest, archive, spec)


@cache
def offers(mirror: str) -> dict[DagHash, Offer]:
    """The packages of a golden mirror, e.g. `dev/mirror-signed`, by DAG hash."""
    base = GOLDEN / mirror
    found = [
        *map(_offer_of_v3, base.glob("v3/manifests/spec/*/*")),
        *map(_offer_of_v2, base.glob("build_cache/*.spec.json*")),
    ]
    return {offer.spec.hash: offer for offer in found}


def _offer_of_v3(path: Path) -> Offer:
    base = path.parents[4]
    archive, document = (
        base / "blobs" / "sha256" / item["checksum"][:2] / item["checksum"]
        for item in _document(path)["data"]
    )
    node = json.loads(gzip.decompress(document.read_bytes()))["spec"]["nodes"][0]
    return Offer(spec_from_node(node), archive)


def _offer_of_v2(path: Path) -> Offer:
    document = _document(path)
    spec = spec_from_node(document["spec"]["nodes"][0])
    (archive,) = path.parent.rglob(f"*-{spec.hash}.spack")
    return Offer(spec, archive, document["buildcache_layout_version"])


def _document(path: Path) -> dict[str, Any]:
    text = path.read_text()
    return json.loads(text[text.index("{") : text.rindex("}") + 1])
