"""Which mirrors there are: ours, and after them those of a Spack beside us."""

import hashlib
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WrongUse
from core.mirror.config import Configured, MirrorConfig, normalise_url, read_entries
from core.mirror.known import KNOWN
from core.model.ident import MirrorName, mirror_name
from core.model.mirror import BrokenMirror, KnownMirror, Mirror
from core.session.filters import check_filters
from core.settings import Settings
from core.spack.instance import find_spack

if TYPE_CHECKING:
    from core.spack.mirrors import SpackMirrors


class MirrorSources:
    """The configuration of mirrors. Spack's files are read once and never written."""

    def __init__(self, settings: Settings, only: tuple[str, ...] = ()) -> None:
        self._config = MirrorConfig(settings.config_dir / "mirrors.yaml")
        self._use_spack = settings.use_spack
        self._given_spack = settings.spack
        self._only = only

    def read(self) -> Configured:
        """The mirrors to use, first in priority first: all, or those the session is limited to.

        Raises:
            WrongUse: the session is limited to what is no mirror, URL or directory.
        """
        found = self._all()
        if not self._only:
            return found
        by_name = {mirror.name: mirror for mirror in found.mirrors}
        bad = {mirror.name: mirror for mirror in found.broken}
        named = [name for name in self._only if name not in bad]
        return Configured(
            tuple(by_name.get(MirrorName(name)) or _unnamed(name, by_name) for name in named),
            tuple(bad[name] for name in self._only if name in bad),
        )

    def get(self, name: str) -> Mirror:
        """The mirror of this name.

        Raises:
            WrongUse: there is none, or its entry cannot be read.
        """
        found = self.read()
        for mirror in found.mirrors:
            if mirror.name == name:
                return mirror
        for bad in found.broken:
            if bad.name == name:
                raise WrongUse(f"Mirror {name} cannot be used", bad.problem, _remedy(bad))
        known = ", ".join(mirror.name for mirror in found.mirrors) or "none is configured"
        raise WrongUse(f"There is no mirror called {name!r}", f"Known mirrors: {known}")

    def left_out(self) -> tuple[Mirror, ...]:
        """The mirrors that could be used and that the session is not limited to."""
        used = {mirror.name for mirror in self.read().mirrors}
        return tuple(mirror for mirror in self._all().mirrors if mirror.name not in used)

    def sources_only(self) -> tuple[str, ...]:
        """The names of mirrors that have sources and no binaries."""
        theirs = {str(item.name) for item in (self._spack.entries if self._spack else ())}
        found = self._all()
        known = {str(mirror.name) for mirror in (*found.mirrors, *found.broken)}
        return tuple(sorted((self._config.names() | theirs) - known))

    def notes(self) -> tuple[str, ...]:
        """What of Spack's configuration could not be read, as sentences."""
        return self._spack.notes if self._spack else ()

    def check_free(self, name: str) -> None:
        """Do nothing if a mirror can be added under this name.

        Raises:
            WrongUse: the name is taken in our configuration.
        """
        if name in self._config.names():
            raise WrongUse(
                f"There is a mirror called {name!r} already",
                "",
                "Choose another name, or remove it",
            )

    def add(self, mirror: Mirror) -> None:
        """Write a mirror into our configuration."""
        self._config.add(mirror)

    def remove(self, name: str) -> tuple[Mirror, ...]:
        """Take a mirror out of our configuration.

        Returns:
            The mirror, or nothing if its entry could not be read.

        Raises:
            WrongUse: there is none of this name, or it is Spack's.
        """
        if name not in self._config.names():
            self._check_not_spacks(name)
        removed = tuple(mirror for mirror in self._config.read().mirrors if mirror.name == name)
        self._config.remove(name)
        return removed

    def _check_not_spacks(self, name: str) -> None:
        found = self._all()
        for mirror in (*found.mirrors, *found.broken):
            if mirror.name == name:
                raise WrongUse(
                    f"Mirror {name} is configured in Spack, whose files spackbin never writes",
                    mirror.origin,
                    f"Use: spack mirror remove {name}; or ignore Spack with --no-spack",
                )

    @cached_property
    def _spack(self) -> "SpackMirrors | None":
        spack = find_spack(given=self._given_spack) if self._use_spack else None
        if spack is None:
            return None
        from core.spack.mirrors import mirrors_of

        return mirrors_of(spack)

    def _all(self) -> Configured:
        ours = self._config.read(check_filters)
        taken = self._config.names()
        entries = (
            (item.name, item.entry, item.file.parent, f"spack: {item.file}")
            for item in (self._spack.entries if self._spack else ())
            if str(item.name) not in taken
        )
        theirs = read_entries(entries, check_filters)
        return Configured(ours.mirrors + theirs.mirrors, ours.broken + theirs.broken)


def known_mirrors() -> tuple[KnownMirror, ...]:
    """The public mirrors that we know of."""
    return KNOWN


def known_url(name: str) -> str:
    """The URL of the known mirror of this name.

    Raises:
        WrongUse: we know none of this name.
    """
    for known in KNOWN:
        if known.name == name:
            return known.url
    raise WrongUse(
        f"No public mirror called {name!r} is known",
        hint="Give a URL too, or choose one of: spackbin mirror known",
    )


def _remedy(bad: BrokenMirror) -> str:
    if bad.origin:
        return f"Correct it in {bad.origin.removeprefix('spack: ')}"
    return f"Correct mirrors.yaml, or: spackbin mirror remove {bad.name}"


def _unnamed(url: str, known: Collection[str]) -> Mirror:
    """A mirror that is given by its URL for one command.

    Raises:
        WrongUse: it can only be meant as the name of a mirror.
    """
    if not any(sign in url for sign in ":/") and not Path(url).is_dir():
        raise WrongUse(
            f"There is no mirror called {url!r}",
            f"Known mirrors: {', '.join(known) or 'none is configured'}",
            "Name one of these, or give the URL or the directory of another",
        )
    url = normalise_url(url, Path.cwd())
    return Mirror(mirror_name("url-" + hashlib.sha256(url.encode()).hexdigest()[:8]), url, True)
