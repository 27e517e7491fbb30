"""The recorded machines of a cluster, and what runs on them."""

from pathlib import Path

from msgspec.structs import replace

from core.errors import WrongUse
from core.host.fleet import Fleet
from core.host.verdict import node_runs_here, runs_here
from core.model.fleet import FleetWarning
from core.model.graph import SpecGraph
from core.model.host import Host, HostVerdict, RecordedHost
from core.model.plan import Disposition, Plan
from core.model.spec import ConcreteSpec


class FleetDesk:
    """What a session knows of other machines. Every call reads their records anew.

    Args:
        directory: where the records are.
    """

    def __init__(self, directory: Path) -> None:
        self._fleet = Fleet(directory)

    def hosts(self) -> tuple[RecordedHost, ...]:
        """The recorded machines by name, those that cannot be read included."""
        return self._fleet.hosts()

    def add(self, name: str, profile: Path | bytes) -> RecordedHost:
        """Keep a machine under a name.

        Args:
            name: what to call it; a machine of this name is replaced.
            profile: what `spackbin host --json` printed on it, or a file with that.

        Raises:
            WrongUse: the name has odd characters, or this is no recorded machine.
            StoreError: the record cannot be written.
        """
        if isinstance(profile, bytes):
            return RecordedHost(name, self._fleet.add(name, profile, "standard input"))
        try:
            text = profile.read_bytes()
        except OSError as error:
            raise WrongUse(
                f"The recorded machine cannot be read: {error.strerror or error}",
                str(profile),
                "Record it on that machine: spackbin host --json > FILE",
            ) from error
        return RecordedHost(name, self._fleet.add(name, text, str(profile)))

    def remove(self, name: str) -> None:
        """Forget a machine; raises `WrongUse` if there is none of this name."""
        self._fleet.remove(name)

    def verdicts(self, spec: ConcreteSpec, graph: SpecGraph) -> tuple[HostVerdict, ...]:
        """On which of the machines a build runs, by name."""
        return tuple(
            HostVerdict(name, runs_here(host, spec, graph)) for name, host in self._readable()
        )

    def warnings(self, plan: Plan) -> tuple[FleetWarning, ...]:
        """The machines on which something would not run that the plan puts into the store."""
        new = [
            node.spec
            for node in plan.nodes
            if node.disposition in (Disposition.CACHED, Disposition.INSTALLED)
        ]
        found: list[FleetWarning] = []
        for name, host in self._readable():
            stuck = {
                spec.hash: (spec.label, verdict.reasons[0])
                for spec in new
                if not (verdict := node_runs_here(host, spec, plan.graph)).runs
            }
            if stuck:
                first, reason = next(iter(stuck.values()))
                found.append(FleetWarning(name, tuple(stuck), first, reason))
        return tuple(found)

    def noted(self, plan: Plan) -> Plan:
        """The plan with a note for each of the machines on which something would not run."""
        warnings = self.warnings(plan)
        notes = tuple(warning.sentence for warning in warnings)
        return replace(plan, notes=(*plan.notes, *notes)) if warnings else plan

    def _readable(self) -> list[tuple[str, Host]]:
        return [(item.name, item.host) for item in self._fleet.hosts() if item.host]
