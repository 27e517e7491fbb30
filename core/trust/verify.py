"""The verifier: from what a mirror sent to what may be installed.

Three questions, in this order. Who says so: a good signature by a key that is pinned for this very
mirror. What do they say: a strict reading of the text that GnuPG found signed. Is it what was
asked for: the spec document must be for the name, version and hash that were asked for. In layout
v2 it is the signed text itself; in v3 that names no package, and holds the document's digest.
"""

import hashlib
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec

from core.errors import Refused, WrongUse
from core.model.artifact import (
    BlobRecord,
    FetchedArtifact,
    ManifestForm,
    RawManifest,
    Signature,
    VerifiedArtifact,
    VerifiedManifest,
    wanted_of,
)
from core.model.daghash import HashCheck, check_hash
from core.model.documents import as_list, as_object, gunzip, json_object
from core.model.ident import Fingerprint
from core.model.images import LAYER_TYPES
from core.model.mirror import Mirror
from core.model.nodes import check_spec_format
from core.model.spec import ConcreteSpec, spec_from_node, spec_from_nodes
from core.trust.clearsign import flaw_of, is_clearsigned
from core.trust.detached import parted
from core.trust.expiry import Expiry
from core.trust.gpg import Gpg
from core.trust.keyring import keyring_home, open_keyring
from core.trust.lately import Lately
from core.trust.manifests import check_document, read_manifest
from core.trust.pins import Pin
from core.trust.policy import Policy, exceptions
from core.trust.signature import Finding, Flaw, find_signature

MAX_SPEC_DOCUMENT = 64 << 20
"""Bytes that a spec document may have when unpacked."""
NEWEST_LAYOUT = 3
"""The newest `buildcache_layout_version` that we read (Spack 1.x `url_buildcache.py`)."""

_TELL = "Tell who runs the mirror; nothing was installed"


class _Good(msgspec.Struct, frozen=True):
    """What GnuPG said of a good signature."""

    keyring: str
    """Which keyring it had."""
    text: bytes
    """The text that was signed."""
    signer: str
    """Fingerprint of the key that signed."""
    primary: str
    """Fingerprint of its primary key."""
    until: float
    """When it counts no longer, seconds since the epoch; see `core.trust.expiry`."""

    @property
    def counts(self) -> bool:
        """False once something has expired that it rests on."""
        return time.time() < self.until


class _Root(msgspec.Struct, frozen=True):
    """What tells the root of a spec document."""

    name: str
    """Package name."""
    version: str
    """Version."""
    hash: str
    """DAG hash."""


class Verifier:
    """Decides what may be believed of one mirror. May be used by several threads at once."""

    def __init__(self, mirror: Mirror, pins: Sequence[Pin], policy: Policy, keyrings: Path) -> None:
        """Make ready; nothing is read or written yet.

        Args:
            mirror: the mirror.
            pins: the keys trusted for it.
            policy: whether its builds must be signed.
            keyrings: directory of our keyrings; made when needed.

        Raises:
            WrongUse: the policy accepts unsigned builds and the mirror is not configured so.
        """
        if policy.accepts_unsigned and mirror.signed:
            raise WrongUse(f"Mirror {mirror.name} is configured as signed, so signatures count")
        self._mirror = mirror
        self._pins = {pin.fingerprint: pin for pin in pins}
        self._policy = policy
        self._keyrings = keyrings
        # Documents that were found good, and not asked for yet.
        self._ahead: dict[bytes, _Good] = {}

    def manifest(self, raw: RawManifest) -> VerifiedManifest:
        """The manifest, if it may be acted upon.

        A signed manifest on a mirror that may be unsigned is still checked. If its key is
        unknown, it counts as unsigned: whoever could swap it could as well take the signature
        off. If a pinned key signed it and the signature is bad, it is refused all the same:
        then somebody did change it.

        Raises:
            Refused: it is not signed as it must be, or it cannot be understood.
            StoreError: the keyring cannot be written.
        """
        text, signature = self._text_of(raw)
        try:
            named = read_manifest(raw.form, text)
        except WrongUse as error:
            title = f"The manifest of {raw.wanted.label} cannot be accepted: {error.title}"
            raise Refused(title, self._where(raw), _TELL) from error
        return VerifiedManifest(
            raw.asked, raw.mirror, named.archive, named.spec_blob, signature, text
        )

    def recall(self, raws: Sequence[RawManifest]) -> list[RawManifest]:
        """Take note of which manifests were found good lately; the signed ones that were not."""
        unknown: list[RawManifest] = []
        for raw in raws:
            # What is kept of a manifest had the right form.
            good = self._recalled(_signed_name(raw.data)) if _is_whole(raw) else None
            if good:
                self._ahead[raw.data] = good
            elif _is_whole(raw) or raw.form is ManifestForm.DETACHED:
                unknown.append(raw)
        return unknown

    def look_ahead(self, raws: Sequence[RawManifest]) -> None:
        """Let GnuPG check many manifests in one run, so that `manifest` need not ask it for each.

        Nothing is refused here: what is not plainly good is checked again when it is asked for.

        Raises:
            StoreError: the keyring cannot be written.
            Refused: there is no GnuPG.
        """
        unknown = [
            raw.data for raw in self.recall(raws) if _is_whole(raw) and not flaw_of(raw.data)
        ]
        if len(unknown) < 2:
            return
        gpg = open_keyring(self._keyrings, list(self._pins.values()))
        for document, said in zip(unknown, gpg.read_all_signed(unknown) or (), strict=False):
            name = _signed_name(document)
            good = self._keep_if_good(name, said.data, find_signature(said), gpg)
            if good:
                self._ahead[document] = good

    def knows_spec_document(self, manifest: VerifiedManifest, size: int) -> bool:
        """True if the spec document was found good lately, and is for what was asked for.

        That is known by the digest in the manifest, the document itself is not looked at. So this
        is for plans: before anything is installed `artifact` checks the document.

        Args:
            manifest: the manifest that names the document.
            size: bytes of the document as stored.
        """
        if manifest.spec_blob.size not in (None, size):
            return False
        kept = self._lately.recall(_root_name(manifest, manifest.spec_blob.sha256))
        try:
            root = msgspec.json.decode(kept or b"", type=_Root)
        except msgspec.DecodeError:
            return False
        wanted = manifest.wanted
        return (root.name, root.version, root.hash) == (wanted.name, wanted.version, wanted.hash)

    def spec_document(self, manifest: VerifiedManifest, document: bytes) -> ConcreteSpec:
        """The root spec of the spec document, if it is the one that was asked for.

        Args:
            manifest: the manifest that names the document.
            document: the document as stored.

        Raises:
            Refused: the document is not what the manifest says, or is for another build.
        """
        size, digest = len(document), hashlib.sha256(document).hexdigest()
        self._same(manifest, "spec document", manifest.spec_blob, size, digest)
        wanted = manifest.wanted
        name = _root_name(manifest, digest)
        known = self._recalled_root(name)
        try:
            spec = known or _root_spec(gunzip(document, MAX_SPEC_DOCUMENT), manifest.archive)
        except WrongUse as error:
            title = f"The spec document of {wanted.label} cannot be accepted: {error.title}"
            raise Refused(title, f"Mirror {manifest.mirror}", _TELL) from error
        if wanted_of(spec) != wanted:
            raise Refused(
                f"The manifest at the place of {wanted.label} is for {wanted_of(spec).label}",
                f"Mirror {manifest.mirror}; asked for was {wanted.hash}, found {spec.hash}",
                "Somebody may have put another build in its place. " + _TELL,
            )
        if known is None and check_hash(spec) is HashCheck.DIFFERS:
            raise Refused(
                f"The spec document of {wanted.label} does not have the hash that it claims",
                f"Mirror {manifest.mirror}",
                _TELL,
            )
        if known is None:
            self._lately.keep(name, msgspec.json.encode(spec.node))
        return spec

    def artifact(self, fetched: FetchedArtifact) -> VerifiedArtifact:
        """The archive, if it is what the manifest says and for the build that was asked for.

        Raises:
            Refused: it is not.
        """
        manifest = fetched.manifest
        spec = self.spec_document(manifest, fetched.spec_document)
        self._same(
            manifest, "archive", manifest.archive, fetched.archive_size, fetched.archive_sha256
        )
        return VerifiedArtifact(manifest, fetched.archive, spec)

    def exceptions(self, manifest: VerifiedManifest) -> str:
        """Which exceptions let a manifest in that was found good here; see `core.trust.policy`."""
        signature = manifest.signature
        against_key = self._pins[signature.primary].exception if signature else ""
        return exceptions(self._mirror, is_signed=signature is not None, against_key=against_key)

    def _text_of(self, raw: RawManifest) -> tuple[bytes, Signature | None]:
        """What to believe, and whose word it is."""
        if raw.mirror != self._mirror.name:
            raise Refused(
                f"The manifest of {raw.wanted.label} comes from mirror {raw.mirror}",
                f"Expected was mirror {self._mirror.name}",
            )
        is_detached = raw.form is ManifestForm.DETACHED
        is_signed = bool(parted(raw.data)[1]) if is_detached else is_clearsigned(raw.data)
        if not is_signed:
            if self._policy.accepts_unsigned:
                return raw.data, None
            raise self._unsigned(raw)
        flaw = "" if is_detached or raw.data in self._ahead else flaw_of(raw.data)
        if flaw:
            raise Refused(f"The manifest of {raw.wanted.label} {flaw}", self._where(raw), _TELL)
        text, finding = self._read_signed(raw.data, is_detached)
        if finding.flaw is None and finding.primary not in self._pins:
            finding = Finding(Flaw.UNKNOWN_KEY, finding.primary)
        if finding.flaw is Flaw.UNKNOWN_KEY and self._policy.accepts_unsigned:
            return text, None
        if finding.flaw:
            raise self._badly_signed(raw, finding)
        pin = self._pins[Fingerprint(finding.primary)]
        return text, Signature(pin.fingerprint, Fingerprint(finding.signer), pin.user_id)

    @cached_property
    def _home(self) -> Path:
        return keyring_home(self._keyrings, list(self._pins.values()))

    @cached_property
    def _lately(self) -> Lately:
        return Lately(self._home)

    @cached_property
    def _expiry(self) -> Expiry:
        return Expiry(list(self._pins.values()), Lately(self._home, always=True))

    def _read_signed(self, document: bytes, is_detached: bool) -> tuple[bytes, Finding]:
        """The text that was signed, by GnuPG, and what there is to say of the signature."""
        name = _detached_name(document) if is_detached else _signed_name(document)
        kept = self._ahead.pop(document, None) or self._recalled(name)
        if kept and kept.counts:
            return kept.text, Finding(None, kept.signer, kept.primary)
        gpg = open_keyring(self._keyrings, list(self._pins.values()))
        if is_detached:
            text, signature = parted(document)
            said = gpg.read_detached(text, signature)
        else:
            said = gpg.read_signed(document)
            text = said.data
        finding = find_signature(said, detached=is_detached)
        self._keep_if_good(name, text, finding, gpg)
        return text, finding

    def _keep_if_good(self, name: str, text: bytes, finding: Finding, gpg: Gpg) -> _Good | None:
        if finding.flaw is not None:
            return None
        until = self._expiry.until(finding, gpg)
        good = _Good(self._lately.keyring, text, finding.signer, finding.primary, until)
        self._lately.keep(name, msgspec.msgpack.encode(good))
        return good

    def _recalled(self, name: str) -> _Good | None:
        try:
            good = msgspec.msgpack.decode(self._lately.recall(name) or b"", type=_Good)
        except msgspec.DecodeError:
            return None
        return good if good.keyring == self._lately.keyring else None

    def _recalled_root(self, name: str) -> ConcreteSpec | None:
        """The root of a spec document that was read, and had its hash, lately."""
        try:
            return spec_from_node(msgspec.json.decode(self._lately.recall(name) or b""))
        except msgspec.DecodeError:
            return None

    def _unsigned(self, raw: RawManifest) -> Refused:
        name = self._mirror.name
        return Refused(
            f"{raw.wanted.label} is not signed, and mirror {name} must be",
            self._where(raw),
            "Ask who runs the mirror to sign it; if you accept the danger, remove the mirror and"
            " add it again with --unsigned",
        )

    def _badly_signed(self, raw: RawManifest, finding: Finding) -> Refused:
        flaw = finding.flaw or Flaw.UNCLEAR
        name = self._mirror.name
        sentence = flaw.value.format(key=finding.signer, mirror=name, count=finding.count)
        hint = _TELL
        if flaw is Flaw.UNKNOWN_KEY:
            hint = (
                f"See what the mirror offers: spackbin key list {name}. If its owner confirms the"
                f" fingerprint to you: spackbin key trust {name} {finding.signer}"
            )
        elif flaw is Flaw.EXPIRED_KEY:
            hint = (
                "If the mirror offers the key with a later date:"
                f" spackbin key trust {name} {finding.signer}"
            )
        return Refused(f"{raw.wanted.label} {sentence}", self._where(raw), hint)

    def _same(
        self, manifest: VerifiedManifest, what: str, record: BlobRecord, size: int, digest: str
    ) -> None:
        is_size_right = record.size in (None, size)
        if is_size_right and digest == record.sha256:
            return
        problem = "has another checksum"
        if not is_size_right:
            problem = f"has {size:,} bytes instead of {record.size:,}"
        raise Refused(
            f"The {what} of {manifest.wanted.label} is not what its manifest says: it {problem}",
            f"Mirror {manifest.mirror}",
            _TELL,
        )

    def _where(self, raw: RawManifest) -> str:
        return f"Mirror {raw.mirror}, {raw.url}"


def _signed_name(document: bytes) -> str:
    """Under which name it is kept that a clearsigned document is good."""
    return "signed-" + hashlib.sha256(document).hexdigest()


def _detached_name(document: bytes) -> str:
    return "detached-" + hashlib.sha256(document).hexdigest()


def _root_name(manifest: VerifiedManifest, digest: str) -> str:
    """Under which name the root of the spec document with this digest is kept."""
    # With images the document is held against the archive too.
    what = "layer" if manifest.archive.media_type in LAYER_TYPES else "archive"
    return f"node-{digest}-{what}-{manifest.archive.sha256}"


def _is_whole(raw: RawManifest) -> bool:
    """True for a manifest that is one document with its signature."""
    return raw.form is not ManifestForm.DETACHED and is_clearsigned(raw.data)


def _root_spec(document: bytes, archive: BlobRecord) -> ConcreteSpec:
    """The first node of a spec document (Spack 1.x `spec.py:Spec.to_dict`)."""
    whole = json_object(document)
    check_document(archive, whole)
    layout = whole.get("buildcache_layout_version", 0)
    if type(layout) is not int or layout > NEWEST_LAYOUT:
        raise WrongUse("its layout needs a newer spackbin")
    fields = as_object(whole.get("spec"), "its spec")
    check_spec_format(as_object(fields.get("_meta"), "its _meta").get("version"))
    return spec_from_nodes(as_list(fields.get("nodes"), "its list of nodes"))
