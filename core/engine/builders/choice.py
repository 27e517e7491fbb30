"""The table of builders, by name."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from core.engine.builders.local import LocalBuilder
from core.engine.builders.protocol import Builder, BuildTask
from core.engine.builders.site import SiteSettings, read_site
from core.engine.builders.slurm import SlurmBuilder
from core.errors import NotAvailable, WrongUse
from core.settings import Settings
from core.spack.install import InstallCommands, install_commands
from core.spack.instance import SpackInstance


def _local(spack: SpackInstance, store: Path, site: SiteSettings) -> Builder:
    def commands(task: BuildTask) -> InstallCommands:
        return install_commands(spack, store, task.directory, task.hash, site.local.cpus)

    return LocalBuilder(commands, site.local, spack.environ)


def _slurm(spack: SpackInstance, store: Path, site: SiteSettings) -> Builder:
    if not shutil.which("sbatch", path=spack.environ.get("PATH", "")):
        raise NotAvailable(
            "Slurm is not here: there is no sbatch on PATH",
            hint="Go to a machine of the cluster, or use the builder `local`",
        )

    def commands(task: BuildTask, cpus: int) -> InstallCommands:
        return install_commands(spack, store, task.directory, task.hash, cpus)

    return SlurmBuilder(commands, site.slurm, spack.environ)


_BUILDERS: Mapping[str, Callable[[SpackInstance, Path, SiteSettings], Builder]] = {
    "local": _local,
    "slurm": _slurm,
}
BUILDERS = tuple(_BUILDERS)
"""Names of all builders."""


def choose_builder(settings: Settings, name: str, spack: Path) -> Builder:
    """The builder of this name, as the site's `config.toml` has it.

    Args:
        settings: where things are.
        name: one of `BUILDERS`.
        spack: prefix of the Spack that builds.

    Raises:
        WrongUse: there is none of this name, or the config file is not right.
        NotAvailable: it cannot be used here.
    """
    if name not in _BUILDERS:
        raise WrongUse(f"There is no builder {name!a}", hint=f"There are: {', '.join(BUILDERS)}")
    site = read_site(settings.config_dir)
    return _BUILDERS[name](SpackInstance(spack, os.environ), settings.store, site)
