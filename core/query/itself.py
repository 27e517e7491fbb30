"""What a pattern asks of a spec itself, whatever that depends on, found by numbers."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from core.model.columns import BUILD
from core.model.version import ANY_VERSION
from core.query.pattern import NodePattern
from core.query.table import SpecTable


class Own:
    """What a pattern asks of a spec itself, in numbers."""

    def __init__(self, table: SpecTable, pattern: NodePattern) -> None:
        self._table = table
        self._pattern = pattern
        self.releases = _releases(table, pattern)
        """Numbers of the releases; `None` for any."""
        self.machines = _machines(table, pattern)
        """Numbers of the machines; `None` for any."""

    def specs(self, *, only_builds: bool) -> Sequence[int]:
        """The specs that are so."""
        if prefix := self._pattern.hash_prefix:
            found = self._table.specs_beginning(prefix, only_builds=only_builds)
            return self.among(found, only_builds=only_builds)
        found = self._table.specs_where(self.releases, self.machines, only_builds=only_builds)
        return self._with_parameters(found)

    def among(self, specs: Iterable[int], *, only_builds: bool) -> Sequence[int]:
        """Those of the specs that are so; all of them have a record."""
        columns = self._table.columns
        if only_builds:
            states = columns.states
            specs = [spec for spec in specs if states[spec] & BUILD]
        if (releases := self.releases) is not None:
            of_spec = columns.releases
            specs = [spec for spec in specs if of_spec[spec] in releases]
        if (machines := self.machines) is not None:
            of_spec = columns.machines
            specs = [spec for spec in specs if of_spec[spec] in machines]
        if prefix := self._pattern.hash_prefix:
            specs = [spec for spec in specs if columns.hash_of(spec).startswith(prefix)]
        return self._with_parameters(list(specs))

    def _with_parameters(self, specs: Sequence[int]) -> Sequence[int]:
        """Those of the specs that have the variants and flags."""
        pattern = self._pattern
        variants = [variant for variant in pattern.variants if not variant.everywhere]
        if not variants and not pattern.flags:
            return specs
        of_spec = self._table.columns.parameters
        used = {of_spec[spec] for spec in specs}
        known = self._table.parameters(used)
        fitting = {
            number
            for number in used
            if all(
                variant.name in known[number].variants
                and variant.fits(known[number].variants[variant.name])
                for variant in variants
            )
            and all(
                wanted <= set(known[number].flags.get(name, ())) for name, wanted in pattern.flags
            )
        }
        return [spec for spec in specs if of_spec[spec] in fitting]


def _releases(table: SpecTable, pattern: NodePattern) -> set[int] | None:
    if not (pattern.name or pattern.namespace or not pattern.versions.is_any):
        return None
    asked = replace(pattern, platform="", os="", target="", hash_prefix="")
    numbers = table.releases_named(pattern.name) if pattern.name else table.releases
    return {
        number
        for number in numbers
        if asked.admits(
            name=(found := table.releases[number]).name,
            version=found.version,
            namespace=found.namespace,
        )
    }


def _machines(table: SpecTable, pattern: NodePattern) -> set[int] | None:
    if not (pattern.platform or pattern.os or pattern.target):
        return None
    asked = replace(pattern, name="", namespace="", versions=ANY_VERSION, hash_prefix="")
    # Many machines differ in their compiler alone.
    found = {machine[:3] for machine in table.machines.values()}
    fitting = {
        place
        for place in found
        if asked.admits(name="", version="", platform=place[0], os=place[1], target=place[2])
    }
    return {number for number, machine in table.machines.items() if machine[:3] in fitting}
