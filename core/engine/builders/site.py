"""How a site has its builds done: the tables `local` and `slurm` of `config.toml`."""

import tomllib
from pathlib import Path

import msgspec

from core.errors import WrongUse


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every builder can be told."""

    cpus: int = 0
    """Processes of one build; 0 leaves it to Spack (local) or to Slurm's default."""
    environment: tuple[str, ...] = ()
    """Names of more variables that builds may see; `*` stands for anything."""
    setup: tuple[str, ...] = ()
    """Lines of shell that every build begins with, e.g. `module load gcc`."""


class LocalSettings(_Table, frozen=True):
    """Builds on this machine."""

    limit: int = 1
    """How many at once."""
    nice: int = 10
    """How much they step back behind others, 0 to 19."""


class SlurmNeeds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a job asks for instead of what the others do."""

    partition: str = ""
    """Partition."""
    qos: str = ""
    """Quality of service."""
    time: str = ""
    """Longest time, in Slurm's form, e.g. `4:00:00`."""
    memory: str = ""
    """Memory per node, e.g. `16G`."""
    cpus: int = 0
    """Processors."""
    constraint: str = ""
    """Features that the node must have."""


class SlurmSettings(_Table, frozen=True):
    """Builds on a cluster. What is empty is left to Slurm's own defaults."""

    account: str = ""
    """Account that pays."""
    partition: str = ""
    """Partition."""
    qos: str = ""
    """Quality of service."""
    time: str = ""
    """Longest time of a job, in Slurm's form, e.g. `4:00:00`."""
    memory: str = ""
    """Memory per node, e.g. `16G`."""
    constraint: str = ""
    """Features that the node must have."""
    options: tuple[str, ...] = ()
    """More options for `sbatch`, one each, e.g. `--exclusive`."""
    limit: int = 50
    """Jobs in Slurm's hands at once."""
    targets: dict[str, str] = {}
    """Microarchitecture of the nodes of a partition, by its name, in Spack's words."""
    packages: dict[str, SlurmNeeds] = {}
    """What some packages need, by name."""
    install: SlurmNeeds = SlurmNeeds()
    """What a job needs that installs what is cached."""

    def needs(self, package: str) -> SlurmNeeds:
        """What the job of a package asks for."""
        return self._filled(self.packages.get(package, SlurmNeeds()))

    def install_needs(self) -> SlurmNeeds:
        """What the job asks for that installs what is cached."""
        return self._filled(self.install)

    def _filled(self, own: SlurmNeeds) -> SlurmNeeds:
        return SlurmNeeds(
            partition=own.partition or self.partition,
            qos=own.qos or self.qos,
            time=own.time or self.time,
            memory=own.memory or self.memory,
            cpus=own.cpus or self.cpus,
            constraint=own.constraint or self.constraint,
        )


class SiteSettings(msgspec.Struct, frozen=True):
    """All of it; other tables and settings of the file are for others."""

    local: LocalSettings = LocalSettings()
    """Builds on this machine."""
    slurm: SlurmSettings = SlurmSettings()
    """Builds on a cluster."""


def read_site(config_dir: Path) -> SiteSettings:
    """What `config.toml` says of builders.

    Raises:
        WrongUse: it cannot be read, or one of the tables has the wrong form.
    """
    path = config_dir / "config.toml"
    try:
        text = path.read_text()
    except FileNotFoundError:
        return SiteSettings()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    try:
        site = msgspec.convert(tomllib.loads(text), SiteSettings)
        _check(site)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise _unreadable(path, error) from error
    return site


def _check(site: SiteSettings) -> None:
    """Raise `ValueError` for numbers that make no sense."""
    if site.local.limit < 1 or site.slurm.limit < 1:
        raise ValueError("limit must be 1 or more")
    needs = (site.slurm.install, *site.slurm.packages.values())
    if min(site.local.cpus, site.slurm.cpus, *(need.cpus for need in needs)) < 0:
        raise ValueError("cpus must be 0 or more")
    if not 0 <= site.local.nice < 20:
        raise ValueError("nice must be 0 to 19")


def _unreadable(path: Path, error: Exception) -> WrongUse:
    return WrongUse(
        f"The config file cannot be read: {error}",
        str(path),
        "Correct it; docs/building.md shows the tables",
    )
