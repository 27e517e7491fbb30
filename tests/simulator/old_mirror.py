"""A genuine mirror of layout v2, as Spack 0.23 writes them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from core.model.artifact import ManifestForm, RawManifest
from core.model.ident import MirrorName
from core.model.mirror import Mirror
from core.model.spec import ConcreteSpec, spec_from_node
from core.net.files import file_url
from tests.simulator.keys import SigningKey
from tests.simulator.mirror import DEFAULT_PACKAGES, lines_of
from tests.simulator.packages import Built, Package, archive_of, build, spec_fields

COMPILER = "gcc-12.2.0"


class OldMirror:
    """A mirror in a directory. The methods change it as its owner, or an attacker, would."""

    def __init__(self, root: Path, key: SigningKey | None) -> None:
        self.root = root
        self.key = key
        """Signs the manifests; `None` for an unsigned mirror."""
        self.builds: dict[str, Built] = {}
        """By package name."""

    database = "7"
    """Version of the index."""

    @property
    def cache(self) -> Path:
        return self.root / "build_cache"

    def mirror(self, url: str | None = None) -> Mirror:
        """The configured mirror; `url` if it is reached by HTTP."""
        url = url or file_url(self.root)
        return Mirror(MirrorName("simulated"), url, signed=self.key is not None)

    def spec(self, name: str) -> ConcreteSpec:
        """A build, as the index has it."""
        return spec_from_node(self.builds[name].node)

    def stem(self, name: str) -> str:
        spec = self.spec(name)
        return f"linux-{spec.os}-{spec.target}-{COMPILER}-{name}-{spec.version}-{spec.hash}"

    def manifest_path(self, name: str) -> Path:
        return self.cache / f"{self.stem(name)}.spec.json{'.sig' if self.key else ''}"

    def archive_path(self, name: str) -> Path:
        spec = self.spec(name)
        directory = self.cache / f"linux-{spec.os}-{spec.target}" / COMPILER
        return directory / f"{name}-{spec.version}" / f"{self.stem(name)}.spack"

    def raw_manifest(self, name: str) -> RawManifest:
        """What a client of the mirror called `simulated` would bring."""
        path = self.manifest_path(name)
        mirror, form = MirrorName("simulated"), ManifestForm.SPEC
        return RawManifest(self.spec(name), form, mirror, file_url(path), path.read_bytes())

    def fields(self, name: str) -> dict[str, object]:
        """What a good manifest says."""
        digest = hashlib.sha256(self.archive_path(name).read_bytes()).hexdigest()
        checksum = {"hash_algorithm": "sha256", "hash": digest}
        return {**spec_fields(self.builds[name]), "binary_cache_checksum": checksum}

    def push(self, package: Package) -> None:
        """Build a package, and upload it unless it is external."""
        built = build(package, self.builds, spec_format=4)
        self.builds[package.name] = built
        if not package.external:
            path = self.archive_path(package.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive_of(built))
            self.write_manifest(package.name, self.fields(package.name))

    def write_manifest(self, name: str, fields: Mapping[str, object]) -> None:
        """Write the manifest of a package, signed if the mirror is."""
        text = lines_of(fields)
        data = self.key.clearsign(text) if self.key else text
        self.manifest_path(name).write_bytes(data)

    def write_index(self) -> None:
        """Index all builds."""
        installs = {
            built.hash: {
                "spec": built.node,
                "ref_count": 0,
                "in_buildcache": not built.package.external,
            }
            for built in self.builds.values()
        }
        text = json.dumps({"database": {"version": self.database, "installs": installs}}).encode()
        (self.cache / "index.json").write_bytes(text)
        (self.cache / "index.json.hash").write_text(hashlib.sha256(text).hexdigest())

    def offer(self, keys: Mapping[str, bytes]) -> None:
        """Offer public keys, by fingerprint, with a key index."""
        area = self.cache / "_pgp"
        area.mkdir(parents=True, exist_ok=True)
        for name, text in keys.items():
            (area / f"{name}.pub").write_bytes(text)
        (area / "index.json").write_text(json.dumps({"keys": {name: {} for name in keys}}))


def old_mirror(root: Path, key: SigningKey | None = None) -> OldMirror:
    """A whole mirror with the default packages, index, and the key on offer."""
    made = OldMirror(root, key)
    for package in DEFAULT_PACKAGES:
        made.push(package)
    made.write_index()
    if key:
        made.offer({key.fingerprint: key.public})
    return made
