"""A mirror, as configured."""

import re
from enum import StrEnum

from core.model.ident import Fingerprint, MirrorName
from core.model.value import Value


class Channel(StrEnum):
    """What stands behind the builds of a mirror: how much they were looked at, how they change."""

    RELEASE = "release"
    """The builds of a release: they do not change."""
    ROLLING = "rolling"
    """A branch, built anew again and again."""
    SNAPSHOT = "snapshot"
    """A branch as it was on one day."""
    SITE = "site"
    """A mirror of one's own, or one of which no more is known."""
    PR = "PR"
    """Builds of a pull request, which nobody has accepted yet."""


_BY_PATH = (
    (Channel.PR, re.compile(r"/(?:prs?|pulls?|pull-requests?|pr-?\d+(?:[_-][^/]*)?)(?=/|$)", re.I)),
    (Channel.SNAPSHOT, re.compile(r"/(?:develop-\d{4}-\d{2}-\d{2}|snapshots?)(?=/|$)")),
    (Channel.RELEASE, re.compile(r"/(?:releases(?=/)|v\d+\.\d+(?:\.\d+)?(?=/|$))")),
    (Channel.ROLLING, re.compile(r"/develop(?=/|$)")),
)
"""By the paths of Spack's public mirrors (https://binaries.spack.io). The most doubtful first."""


def guessed_channel(url: str) -> Channel:
    """What the path of a URL tells of the channel; `SITE` if it tells nothing."""
    _, is_url, rest = url.partition("://")
    path = rest.partition("/")[2] if is_url else url
    for channel, pattern in _BY_PATH:
        if pattern.search(f"/{path}"):
            return channel
    return Channel.SITE


class Connection(Value, frozen=True):
    """How to reach and log in at a mirror. Secrets are named here, never held.

    Keys of `mirrors.yaml` (Spack 1.x `mirrors/mirror.py`): `access_pair`, `access_token_variable`,
    `profile`, `endpoint_url`.
    """

    user: str = ""
    """User name, or id of an access key; empty if there is none or a variable has it."""
    user_variable: str = ""
    """Environment variable that has the user name."""
    secret_variable: str = ""
    """Environment variable that has the password, or the secret of the access key."""
    token_variable: str = ""
    """Environment variable that has a bearer token, for object stores a session token."""
    profile: str = ""
    """Profile in the configuration files of an object store's own tools."""
    endpoint_url: str = ""
    """Where the object store is, if not where its maker runs it."""


class Mirror(Value, frozen=True):
    """A place that offers builds."""

    name: MirrorName
    """Its name in the configuration."""
    url: str
    """Where it is: a URL without login and without a final slash, e.g. `https://host/path`."""
    signed: bool = True
    """True if its builds must be signed by a key trusted for it."""
    connection: Connection = Connection()
    """How to log in there."""
    origin: str = ""
    """Whose configuration names it: empty for ours, else e.g. `spack: /path/mirrors.yaml`."""
    stated_channel: Channel | None = None
    """Its channel, if the configuration says so."""
    keys_page: str = ""
    """URL of a document, apart from the mirror, that names its keys; may be empty."""
    view: str = ""
    """The index to read in place of the whole one: a view of the mirror; may be empty."""
    shares_store: bool = False
    """True if the user wants its builds in the shared store although nobody vouches for them."""
    include: tuple[str, ...] = ()
    """Specs; only builds that satisfy one of them are taken from it. None means all."""
    exclude: tuple[str, ...] = ()
    """Specs; no build that satisfies one of them is taken from it."""

    @property
    def has_filter(self) -> bool:
        """True if not all of its builds may be taken."""
        return bool(self.include or self.exclude)

    @property
    def channel(self) -> Channel:
        """Its channel: as configured, else as its URL looks."""
        return self.stated_channel or guessed_channel(self.url)

    @property
    def badge(self) -> str:
        """What to warn of wherever it is shown: `PR`, `UNSIGNED`, both, or nothing."""
        return badge_of(self.channel, signed=self.signed)

    @property
    def is_doubtful(self) -> bool:
        """True if nobody who answers for a release vouches for its builds: PR, or unsigned."""
        return bool(self.badge)

    @property
    def is_quarantined(self) -> bool:
        """True if its builds go to a store of their own."""
        return self.is_doubtful and not self.shares_store


def badge_of(channel: Channel, *, signed: bool) -> str:
    """See `Mirror.badge`."""
    warnings = ["PR"] if channel is Channel.PR else []
    return ", ".join(warnings if signed else [*warnings, "UNSIGNED"])


class BrokenMirror(Value, frozen=True):
    """An entry of a configuration that names no mirror we can read. Its texts are foreign."""

    name: str
    """Its name, as it stands there."""
    url: str
    """Its URL without login, empty if it has none."""
    origin: str
    """See `Mirror.origin`."""
    problem: str
    """Why it cannot be read, in plain sentences."""


class KnownMirror(Value, frozen=True):
    """A public mirror that we know of. It is offered, and never used unless somebody adds it."""

    name: MirrorName
    """The name it is offered under."""
    url: str
    """Where it is."""
    fingerprint: Fingerprint
    """Fingerprint of the key that those who run it say they sign with."""
    summary: str
    """What it holds."""
