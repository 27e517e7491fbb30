"""A mirror, as configured."""

from dataclasses import dataclass

from core.model.ident import Fingerprint, MirrorName


@dataclass(frozen=True, slots=True)
class Connection:
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


@dataclass(frozen=True, slots=True)
class Mirror:
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


@dataclass(frozen=True, slots=True)
class BrokenMirror:
    """An entry of a configuration that names no mirror we can read. Its texts are foreign."""

    name: str
    """Its name, as it stands there."""
    url: str
    """Its URL without login, empty if it has none."""
    origin: str
    """See `Mirror.origin`."""
    problem: str
    """Why it cannot be read, in plain sentences."""


@dataclass(frozen=True, slots=True)
class KnownMirror:
    """A public mirror that we know of. It is offered, and never used unless somebody adds it."""

    name: MirrorName
    """The name it is offered under."""
    url: str
    """Where it is."""
    fingerprint: Fingerprint
    """Fingerprint of the key that those who run it say they sign with."""
    summary: str
    """What it holds."""
