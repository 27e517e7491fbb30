"""Build caches of layout v2, written by Spack 0.17 to 0.23 (`binary_distribution.py`).

build_cache/index.json, build_cache/index.json.hash
build_cache/_pgp/index.json, build_cache/_pgp/FINGERPRINT.pub
build_cache/STEM.spec.json.sig, or STEM.spec.json if it is not signed
build_cache/PLATFORM-OS-TARGET/COMPILER-VERSION/NAME-VERSION/STEM.spack

where STEM is PLATFORM-OS-TARGET-COMPILER-VERSION-NAME-VERSION-HASH. Nothing but the archive's
digest is known of it before it is fetched: the manifest holds no size. Archives of Spack 0.17 are
signed inside, see `wrapped`.
"""

import re
from urllib.parse import quote

from core.errors import MirrorError, NotFound
from core.mirror.documents import MAX_DOCUMENT, first_found, key_names, read, sanitised
from core.mirror.layout import Document, IndexRecord, Place
from core.mirror.wrapped import is_wrapped, unwrapped
from core.model.artifact import ManifestForm, VerifiedManifest
from core.model.blobs import SPEC_DOCUMENT
from core.model.ident import Sha256
from core.model.spec import ConcreteSpec
from core.net.transport import Transport

_DIGEST = re.compile(rb"[0-9a-f]{64}")
_NO_COMPILER = ("none", "none")


class LayoutV2:
    """The build cache at one URL."""

    name = "v2"
    form = ManifestForm.SPEC

    def __init__(self, root: str) -> None:
        self._root = f"{root}/build_cache"

    def is_here(self, transport: Transport) -> bool:
        """See `Layout.is_here`; in a directory, `build_cache` itself is enough."""
        places = ("index.json", "_pgp/index.json", "")
        return any(transport.exists(self._url(place)) for place in places)

    def index_record(self, transport: Transport) -> IndexRecord:
        """See `Layout.index_record`; a hash file that cannot be had or read is as good as none."""
        url = self._url("index.json")
        try:
            noted = transport.get(f"{url}.hash", limit=MAX_DOCUMENT)[:64]
        except MirrorError:
            noted = b""
        is_digest = _DIGEST.fullmatch(noted) is not None
        digest = Sha256(noted.decode()) if is_digest else None
        return IndexRecord(url, digest, size=None, is_binding=False)

    def key_texts(self, transport: Transport) -> tuple[bytes, ...]:
        """See `Layout.key_texts`."""
        try:
            names = read(transport, self._url("_pgp/index.json"), key_names)
        except NotFound:
            return ()
        urls = (self._url(f"_pgp/{name}.pub") for name in names)
        return tuple(transport.get(url, limit=MAX_DOCUMENT) for url in urls)

    def manifest(self, transport: Transport, spec: ConcreteSpec) -> Document:
        """See `Layout.manifest`; the signed one if there are both."""
        urls = tuple(
            self._url(f"{stem}.spec.json{ending}")
            for stem in (stem for _, stem in _places(spec))
            for ending in (".sig", "")
        )
        try:
            found = first_found(transport, urls, SPEC_DOCUMENT.max_size)
        except NotFound:
            self._refuse_yaml(transport, spec)
            raise
        if found.url.endswith(".sig") or not is_wrapped(found.data):
            return found
        # Who signs such a one signs the document inside of the archive.
        url = self._archive_url(transport, spec)
        inside = unwrapped(transport, url)
        return Document(url, inside.spec + inside.signature, ManifestForm.DETACHED)

    def spec_document(
        self,
        transport: Transport,  # noqa: ARG002 - nothing is to be fetched
        manifest: VerifiedManifest,
    ) -> bytes:
        """See `Layout.spec_document`: the manifest is the spec document."""
        return manifest.text

    def archive_place(self, transport: Transport, manifest: VerifiedManifest) -> Place:
        """See `Layout.archive_place`."""
        url = self._archive_url(transport, manifest.asked)
        if not is_wrapped(manifest.text):
            return Place(url)
        inside = unwrapped(transport, url)
        return Place(url, inside.start, inside.size)

    def _archive_url(self, transport: Transport, spec: ConcreteSpec) -> str:
        *others, last = (
            self._url(f"{directory}/{stem}.spack") for directory, stem in _places(spec)
        )
        return next((url for url in others if transport.exists(url)), last)

    def _refuse_yaml(self, transport: Transport, spec: ConcreteSpec) -> None:
        urls = (self._url(f"{stem}.spec.yaml") for _, stem in _places(spec))
        if any(transport.exists(url) for url in urls):
            raise MirrorError(
                "The spec of the build is in YAML, as Spack 0.16 and older wrote it, and cannot"
                " be read",
                hint="Ask who runs the mirror for a build made by Spack 0.17 or newer",
            )

    def _url(self, path: str) -> str:
        return f"{self._root}/{quote(path)}"


def _places(spec: ConcreteSpec) -> tuple[tuple[str, str], ...]:
    """Directory and stem: as Spack 0.21 and later has them, then as before it, if they differ.

    Before, no character was replaced.
    """
    architecture = f"{spec.platform}-{spec.os}-{spec.target}"
    compiler = "-".join(spec.compiler.split("@", 1) if spec.compiler else _NO_COMPILER)
    package = f"{spec.name}-{spec.version}"
    stem = f"{architecture}-{compiler}-{package}-{spec.hash}"
    now = "/".join(sanitised(part) for part in (architecture, compiler, package))
    before = f"{architecture}/{compiler}/{package}"
    places = [(now, sanitised(stem))]
    # The index is anybody's word: it must not lead out of the mirror.
    if ".." not in before.split("/"):
        places.append((before, stem))
    return tuple(dict.fromkeys(places))
