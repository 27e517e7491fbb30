"""A mirror as large ones are: many packages, which differ in everything that the screen shows."""

import base64
import hashlib
import json
from pathlib import Path
from random import Random

PACKAGES, BUILDS = 60, 40
TARGETS = ("x86_64", "x86_64_v2", "x86_64_v3", "x86_64_v4", "icelake", "neoverse_v1")
SYSTEMS = ("debian12", "ubuntu24.04", "rhel8", "sles15", "amzn2023")
SWITCHES = ("shared", "ipo", "mpi", "cuda", "python", "fortran", "openmp", "tests", "debug")


def varied_index(seed: int = 7) -> dict[str, object]:
    """The document: names, versions, variants, machines and hashes by chance, always the same."""
    chance = Random(seed)
    found: dict[str, object] = {}
    for number in range(PACKAGES):
        name = chance.choice("abcdefghij") + "".join(chance.choices("aeilnorst", k=number % 17 + 2))
        version = ".".join(str(chance.randrange(40)) for _ in range(chance.randrange(1, 4)))
        switches = chance.sample(SWITCHES, chance.randrange(len(SWITCHES)))
        for _ in range(BUILDS):
            record = _record(chance, f"{name}-{number}", version, switches)
            found[str(record["hash"])] = {"spec": record, "ref_count": 0, "in_buildcache": True}
    return {"database": {"version": "8", "installs": found}}


def _record(chance: Random, name: str, version: str, switches: list[str]) -> dict[str, object]:
    digest = hashlib.sha1(chance.randbytes(20)).digest()
    arch = {
        "platform": "linux",
        "platform_os": chance.choice(SYSTEMS),
        "target": chance.choice(TARGETS),
    }
    return {
        "name": name,
        "version": version,
        "arch": arch,
        "namespace": "builtin",
        "parameters": {
            "build_system": "generic",
            **{switch: chance.random() < 0.5 for switch in switches},
        },
        "dependencies": [],
        "annotations": {"original_specfile_version": 5},
        "hash": base64.b32encode(digest).decode().lower(),
    }


def make_varied_mirror(root: Path) -> Path:
    """Write the mirror below `root`; it has an index and nothing else."""
    text = json.dumps(varied_index()).encode()
    digest = hashlib.sha256(text).hexdigest()
    blob = root / "blobs" / "sha256" / digest[:2] / digest
    blob.parent.mkdir(parents=True)
    blob.write_bytes(text)
    entry = {
        "contentLength": len(text),
        "mediaType": "application/vnd.spack.db.v8+json",
        "compression": "none",
        "checksumAlgorithm": "sha256",
        "checksum": digest,
    }
    manifest = root / "v3" / "manifests" / "index" / "index.manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"version": 3, "data": [entry]}))
    (root / "v3" / "layout.json").write_text(json.dumps({"signing": "gpg"}))
    return root
