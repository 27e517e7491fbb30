"""What the front door hands to the faces: rows and cards, ready to be shown.

Text that came from a mirror stands in these values as it came; the faces escape it.
"""

from core.model.ident import DagHash, Fingerprint, MirrorName
from core.model.mirror import Channel
from core.model.plan import Disposition
from core.model.value import Value


class MirrorStatus(Value, frozen=True):
    """One mirror and how it stands."""

    name: MirrorName
    """Its name in the configuration."""
    url: str
    """Where it is."""
    signed: bool
    """True if its builds must be signed by a trusted key."""
    layout: str
    """`v3`, or empty if not known yet."""
    builds: int
    """Builds on offer, by the last good index; 0 if there is none."""
    refreshed: float | None
    """When the index was last found good, seconds since the epoch."""
    trusted_keys: int
    """Keys trusted for this mirror."""
    error: str = ""
    """Why the last refresh failed, or why it cannot be used; empty if all is well."""
    origin: str = ""
    """Whose configuration names it: empty for ours, else e.g. `spack: /path/mirrors.yaml`."""
    is_usable: bool = True
    """False if its entry in the configuration cannot be read."""
    channel: Channel = Channel.SITE
    """What stands behind its builds."""
    badge: str = ""
    """What to warn of wherever it is shown: `PR`, `UNSIGNED`, `PR, UNSIGNED`, or nothing."""
    quarantine: str = ""
    """The store that its builds go to instead of the shared one; empty if they share that."""
    note: str = ""
    """Something worth knowing that is no error, as a sentence without a final full stop."""
    read: int = 0
    """Records read so far of an index that is being read for the first time; else 0."""
    expected: int = 0
    """Records that this index will have, about; 0 if it is not being read for the first time."""
    filters: str = ""
    """The filters of its entry, as they stand there; empty if all its builds are on offer."""
    hidden: int = 0
    """How many of its builds they hide."""

    @property
    def is_partial(self) -> bool:
        """True if only a part of its index was read yet; what was read is on offer."""
        return self.expected > 0


class KeyStatus(Value, frozen=True):
    """One key of a mirror: offered, trusted, or both."""

    mirror: MirrorName
    """For which mirror."""
    fingerprint: Fingerprint
    """Full fingerprint of the primary key."""
    user_id: str
    """First user id. Foreign text."""
    algorithm: str
    """e.g. `RSA 4096`."""
    created: float
    """Seconds since the epoch."""
    expires: float | None
    """Seconds since the epoch, `None` if never."""
    trusted: bool
    """True if it is pinned for this mirror."""
    offered: bool
    """True if the mirror serves it now."""
    problem: str = ""
    """Why it cannot be trusted (expired, revoked, weak); empty if it can."""


class PackageView(Value, frozen=True):
    """One package in the list: its builds summed up."""

    name: str
    """Package name."""
    version: str
    """Version of the build that fits this host best."""
    disposition: Disposition
    """Disposition of that build."""
    builds: int
    """Builds on offer, for any host."""
    runs_here: int
    """Those of them that run here."""
    is_signed: bool | None = None
    """Whether that build comes from a mirror whose builds must be signed; `None` if no mirror has
    it."""


class BuildView(Value, frozen=True):
    """One build of a package."""

    hash: DagHash
    """DAG hash."""
    name: str
    """Package name."""
    version: str
    """Version."""
    os: str
    """Operating system it was built on."""
    target: str
    """Microarchitecture it was built for."""
    compiler: str
    """e.g. `gcc@12.2.0`; may be empty."""
    variants: tuple[tuple[str, str], ...]
    """(name, value) sorted by name; booleans as `+` and `~`, several values joined by commas."""
    mirrors: tuple[MirrorName, ...]
    """Mirrors that offer it, in order of configuration."""
    disposition: Disposition
    """Whether it is installed, usable, blocked, or for another host."""
    reason: str = ""
    """Why it is blocked or for another host, as a sentence."""

    @property
    def label(self) -> str:
        """`name@version/hash7`."""
        return f"{self.name}@{self.version}/{self.hash[:7]}"


class BuildDetails(Value, frozen=True):
    """One build in full."""

    build: BuildView
    """The row."""
    flags: tuple[tuple[str, str], ...]
    """(flag name, value) of the non-empty compiler flags."""
    dependencies: tuple[tuple[DagHash, str, str], ...]
    """(hash, `name@version`, deptypes joined by commas) of the direct dependencies."""
    needs: tuple[tuple[Disposition, int], ...]
    """How many nodes of the link/run closure have which disposition, itself excluded."""
    prefix: str
    """Where it is installed, or would be."""


class InstalledView(Value, frozen=True):
    """One installed package, whoever installed it."""

    hash: DagHash
    """DAG hash."""
    name: str
    """Package name."""
    version: str
    """Version."""
    os: str
    """Operating system it was built on."""
    target: str
    """Microarchitecture it was built for."""
    compiler: str
    """e.g. `gcc@12.2.0`; may be empty."""
    explicit: bool
    """True if a user asked for it by name."""
    prefix: str
    """Where it is."""
    is_there: bool
    """False if that directory is gone, though it is registered."""


class Choice(Value, frozen=True):
    """Which build a spec given by a user came to mean."""

    build: BuildView
    """The chosen one."""
    matches: int
    """How many matched."""


class SharedCache(Value, frozen=True):
    """A cache of somebody else."""

    directory: str
    """Where it is."""
    is_readable: bool
    """False if there is none, or we may not read it."""


class CacheReport(Value, frozen=True):
    """What the blob cache holds."""

    directory: str
    """Where it is."""
    limit: int
    """Bytes that it may have after a run."""
    size: int
    """Bytes that it has."""
    blobs: int
    """Whole blobs: archives, and small documents."""
    parts: int
    """Blobs of which a part has come so far."""
    manifests: int
    """Signed manifests that stand in for a mirror that does not answer."""
    shared: tuple[SharedCache, ...]
    """Caches of others, in the order in which they are looked at."""


class FileProblem(Value, frozen=True):
    """One difference between a prefix and what was registered."""

    path: str
    """Path of the file, relative to the prefix; `.` for the prefix itself."""
    problem: str
    """What is wrong, as a sentence."""


class VerifyReport(Value, frozen=True):
    """The result of verifying one installed package."""

    hash: DagHash
    """DAG hash."""
    label: str
    """`name@version/hash7`."""
    prefix: str
    """Where it is installed."""
    files: int
    """Entries compared."""
    problems: tuple[FileProblem, ...]
    """What was found; empty if all is well."""
    notes: tuple[FileProblem, ...] = ()
    """What is odd and no problem: it was packed so."""
