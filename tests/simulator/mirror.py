"""A genuine mirror of layout v3, and the many ways in which it can be spoilt."""

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.model.artifact import ManifestForm, RawManifest, Wanted, wanted_of
from core.model.ident import MirrorName
from core.model.mirror import Mirror
from core.model.spec import ConcreteSpec, spec_from_node
from core.net.files import file_url
from tests.simulator.keys import SigningKey
from tests.simulator.packages import Built, Package, archive_of, build, spec_document

ARCHIVE = "application/vnd.spack.install.v2.tar+gzip"
SPEC = "application/vnd.spack.spec.v5+json"
INDEX = "application/vnd.spack.db.v8+json"
KEY = "application/pgp-keys"
KEY_INDEX = "application/vnd.spack.keyindex.v1+json"


class SimulatedMirror:
    """A mirror in a directory. The methods change it as its owner, or an attacker, would."""

    def __init__(self, root: Path, key: SigningKey | None) -> None:
        self.root = root
        self.key = key
        """Signs the manifests; `None` for an unsigned mirror."""
        self.builds: dict[str, Built] = {}
        """By package name."""

    # What it is

    @property
    def url(self) -> str:
        return file_url(self.root)

    @property
    def fingerprint(self) -> str:
        return self.key.fingerprint if self.key else ""

    def mirror(self, name: str = "simulated", url: str | None = None) -> Mirror:
        """The configured mirror; `url` if it is reached by HTTP."""
        return Mirror(MirrorName(name), url or self.url, signed=self.key is not None)

    def spec(self, name: str) -> ConcreteSpec:
        """A build, as the index has it."""
        return spec_from_node(self.builds[name].node)

    def wanted(self, name: str) -> Wanted:
        return wanted_of(self.spec(name))

    def manifest_path(self, name: str) -> Path:
        node = self.builds[name].node
        stem = f"{node['name']}-{node['version']}-{node['hash']}"
        return self.root / "v3/manifests/spec" / name / f"{stem}.spec.manifest.json"

    def raw_manifest(self, name: str) -> RawManifest:
        """What a client of the mirror called `simulated` would bring."""
        path = self.manifest_path(name)
        mirror, form = MirrorName("simulated"), ManifestForm.BLOBS
        return RawManifest(self.spec(name), form, mirror, file_url(path), path.read_bytes())

    @property
    def index_manifest(self) -> Path:
        return self.root / "v3/manifests/index/index.manifest.json"

    def blob_path(self, digest: str) -> Path:
        return self.root / "blobs/sha256" / digest[:2] / digest

    def records(self, name: str) -> list[dict[str, object]]:
        """The blob records of a build as they are now: archive, spec document."""
        text = self.manifest_path(name).read_text()
        return json.loads(text[text.index("{") : text.rindex("}") + 1])["data"]

    def archive_path(self, name: str) -> Path:
        return self.blob_path(str(self.records(name)[0]["checksum"]))

    def spec_path(self, name: str) -> Path:
        return self.blob_path(str(self.records(name)[1]["checksum"]))

    # What its owner does

    def push(self, package: Package) -> Built:
        """Build a package, and upload it unless it is external or not to be pushed."""
        built = build(package, self.builds)
        self.builds[package.name] = built
        if package.is_pushed and not package.external:
            self.upload(package.name, archive_of(built), spec_document(built))
        return built

    def upload(self, name: str, archive: bytes, document: bytes) -> None:
        """Put two blobs and a good manifest of them to the place of a package."""
        self.write_manifest(name, [self.put(ARCHIVE, archive), self.put(SPEC, document)])

    def put(self, media_type: str, data: bytes) -> dict[str, object]:
        """Store a blob; returns its record."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.blob_path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {
            "contentLength": len(data),
            "mediaType": media_type,
            "compression": "gzip" if data[:2] == b"\x1f\x8b" else "none",
            "checksumAlgorithm": "sha256",
            "checksum": digest,
        }

    def write_manifest(self, name: str, records: Sequence[Mapping[str, object]]) -> None:
        """Write the manifest of a package, signed if the mirror is."""
        text = manifest_text(records)
        self.write_raw_manifest(name, self.key.clearsign(text) if self.key else text)

    def write_raw_manifest(self, name: str, data: bytes) -> None:
        path = self.manifest_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def write_index(self) -> None:
        """Index all builds, and write `layout.json`."""
        counts = dict.fromkeys((built.hash for built in self.builds.values()), 0)
        for built in self.builds.values():
            for name in built.package.depends_on:
                counts[self.builds[name].hash] += 1
        installs = {
            built.hash: {
                "spec": built.node,
                "ref_count": counts[built.hash],
                "in_buildcache": built.package.is_pushed and not built.package.external,
            }
            for built in self.builds.values()
        }
        self.write_index_text(
            json.dumps({"database": {"version": "8", "installs": installs}}).encode()
        )
        (self.root / "v3/layout.json").write_text('{"signing": "gpg"}')

    def write_index_text(self, text: bytes, media_type: str = INDEX) -> None:
        """Store any text as the index, with a good manifest."""
        self.index_manifest.parent.mkdir(parents=True, exist_ok=True)
        self.index_manifest.write_bytes(manifest_text([self.put(media_type, text)]))

    def offer(self, keys: Mapping[str, bytes]) -> None:
        """Offer public keys, by fingerprint, with a key index."""
        area = self.root / "v3/manifests/key"
        area.mkdir(parents=True, exist_ok=True)
        for name, text in keys.items():
            manifest = manifest_text([self.put(KEY, text)])
            (area / f"{name}.key.manifest.json").write_bytes(manifest)
        index = json.dumps({"keys": {name: {} for name in sorted(keys)}}).encode()
        (area / "keys.manifest.json").write_bytes(manifest_text([self.put(KEY_INDEX, index)]))

    # What an attacker, or bad luck, does

    def damage(self, path: Path) -> None:
        """Change one byte in the middle of a file; its size stays."""
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file off."""
        path.write_bytes(path.read_bytes()[:size])

    def lengthen(self, path: Path, more: bytes = b"\0") -> None:
        """Append to a file."""
        path.write_bytes(path.read_bytes() + more)

    def change_record(self, name: str, number: int, **fields: object) -> None:
        """Change fields of a record (0 the archive, 1 the spec document), signed well."""
        records = self.records(name)
        records[number] |= fields
        self.write_manifest(name, records)

    def unsign(self, name: str) -> None:
        """Take the signature off a manifest."""
        self.write_raw_manifest(name, manifest_text(self.records(name)))

    def sign_by(self, name: str, key: SigningKey, *options: str) -> None:
        """Sign a manifest by another key."""
        self.write_raw_manifest(name, key.clearsign(manifest_text(self.records(name)), *options))

    def substitute(self, name: str, other: str) -> None:
        """Put the well-signed manifest of `other` to the place of `name`."""
        self.write_raw_manifest(name, self.manifest_path(other).read_bytes())

    def replace_archive(self, name: str, archive: bytes) -> None:
        """Give a package another archive, signed well."""
        self.upload(name, archive, spec_document(self.builds[name]))

    def replace_spec_document(self, name: str, text: bytes) -> None:
        """Give a package another spec document, compressed and signed well."""
        archive = self.archive_path(name).read_bytes()
        self.upload(name, archive, gzip.compress(text, mtime=0))


def manifest_text(records: Sequence[Mapping[str, object]]) -> bytes:
    """A manifest document as Spack writes it: one token a line, so that no line is long."""
    document = {"version": 3, "data": list(records)}
    return lines_of(document)


def lines_of(document: object) -> bytes:
    """JSON with one token a line."""
    return json.dumps(document, indent=0, separators=(",", ":")).encode()


def simulated_mirror(
    root: Path, packages: Sequence[Package] | None = None, key: SigningKey | None = None
) -> SimulatedMirror:
    """A whole mirror: packages (dependencies before dependents), index, and the key on offer."""
    simulated = SimulatedMirror(root, key)
    for package in DEFAULT_PACKAGES if packages is None else packages:
        simulated.push(package)
    simulated.write_index()
    if key:
        simulated.offer({key.fingerprint: key.public})
    return simulated


DEFAULT_PACKAGES = (
    Package("system-libc", "2.36", external="/usr"),
    Package("tide", "2.1", ("system-libc",), {"share/tide/table.txt": b"low 1\nhigh 9\n"}),
    Package(
        "boat",
        "3.0",
        ("tide",),
        {
            "bin/boat": b"#!/bin/sh\ncat @PREFIX:tide@/share/tide/table.txt\n",
            "etc/boat.conf": b"home = @PREFIX@/share\n",
        },
        {"bin/skiff": "boat"},
    ),
)
"""A program, the data that it reads, and something of the system."""
