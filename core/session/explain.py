"""Why a build can be used here, or why not: what a session knows, put into sentences."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from core.cancel import CancelToken
from core.host.externals import absent_externals
from core.host.verdict import runs_here
from core.model.explanation import (
    GOOD,
    Explanation,
    Nearest,
    Remedy,
    RemedyKind,
    Statement,
    StatementKind,
)
from core.model.graph import SpecGraph
from core.model.ident import DagHash
from core.model.plan import Disposition, Plan
from core.model.views import BuildView
from core.planning.explain import (
    READY,
    remedies_of,
    remedy_of_nearest,
    remedy_to_build,
    said_of_host,
    said_of_nearest,
    said_of_plan,
    written_spec,
)
from core.session.browse import Browser
from core.session.filters import filter_words
from core.session.fleet import FleetDesk
from core.session.mirrors import MirrorDesk
from core.session.snapshot import Snapshot
from core.session.subjects import (
    Subject,
    full_hash,
    hash_in,
    is_usable,
    measured,
    nearest_of,
    nearest_to,
    one_pattern,
    rows_named,
    said_of_name,
    subject_of,
)
from core.store.records import is_present

MakePlan = Callable[[SpecGraph, CancelToken], Plan]
"""Makes the plan of the roots of a graph."""


class ExplainDesk:
    """Answers why, and why not."""

    def __init__(
        self,
        mirrors: MirrorDesk,
        browser: Browser,
        fleet: FleetDesk,
        make_plan: MakePlan,
        *,
        is_here: bool,
    ) -> None:
        self._mirrors = mirrors
        self._browser = browser
        self._fleet = fleet
        self._make_plan = make_plan
        self._is_here = is_here

    def explain(self, text: str, cancel: CancelToken, plan: Plan | None) -> Explanation:
        """See `JudgeDesk.explain`."""
        now, asked = self._browser.snapshot(), text.strip()
        if prefix := hash_in(asked):
            hash_ = full_hash(now, prefix, plan)
            subject = subject_of(now, hash_, plan) if hash_ else None
            if subject:
                return self._of_build(now, asked, subject, cancel, plan)
            sentence = f"No index describes /{prefix}, and it is not installed"
            return self._without_build(asked, Statement(StatementKind.NOT_INDEXED, sentence))
        pattern = one_pattern(now, asked)
        rows = rows_named(now, pattern.name)
        if not rows:
            statement = said_of_name(pattern.name, now.catalog.package_names())
            return self._without_build(asked, statement, asked)
        found = measured(now, pattern, rows)
        fitting = now.best_first([item.build for item in found if not item.differences])
        best = subject_of(now, fitting[0].hash) if fitting else None
        if best:
            return self._of_build(now, asked, best, cancel, None)
        return self._of_other_builds(now, asked, found)

    def _of_other_builds(self, now: Snapshot, asked: str, found: list[Nearest]) -> Explanation:
        """For a spec that no build satisfies, of a package that indices list."""
        builds = [item for item in found if item.build.mirrors or is_usable(item.build)]
        nearest = nearest_of(now, builds)
        if nearest is None:
            sentence = f"Indices list the package, but nothing like {asked}, and no binary of it"
            statement = Statement(StatementKind.NO_BINARY, sentence)
        else:
            number = len(builds)
            others = f"{number} builds of it are on offer, and none is"
            one = "1 build of it is on offer, and it is not"
            sentence = f"{others if number > 1 else one} {asked}"
            statement = Statement(StatementKind.OTHER_BUILD, sentence)
        return self._without_build(asked, statement, asked, nearest)

    def _without_build(
        self, asked: str, statement: Statement, to_build: str = "", nearest: Nearest | None = None
    ) -> Explanation:
        return self._completed(Explanation(asked, None, (statement,), nearest), (), to_build)

    def _of_build(
        self, now: Snapshot, asked: str, subject: Subject, cancel: CancelToken, plan: Plan | None
    ) -> Explanation:
        statements = tuple(self._said_of(now, subject, cancel, plan))
        fleet = self._fleet.verdicts(subject.spec, subject.graph)
        view = now.view(subject.row)
        explanation = Explanation(asked, view, statements, fleet=fleet)
        if explanation.is_usable:
            return replace(explanation, remedies=tuple(_to_install(view)))
        if view.disposition is Disposition.CACHED:
            reason = next(item.sentence for item in statements if item.kind not in GOOD)
            view = replace(view, disposition=Disposition.BLOCKED, reason=reason)
        kinds = {statement.kind for statement in statements}
        keys = {status.name: status.trusted_keys for status in self._mirrors.statuses()}
        nearest = nearest_to(now, subject)
        if kinds == {StatementKind.TRUST}:
            # Another build, or one from source, is no answer while a key is to be looked at.
            nearest = nearest if nearest and nearest.build.disposition in READY else None
            wanted = ""
        else:
            runs = StatementKind.HOST not in kinds
            wanted = written_spec(subject.spec, subject.graph, with_target=runs)
        explanation = replace(explanation, build=view, nearest=nearest)
        return self._completed(explanation, remedies_of(kinds, view, keys), wanted)

    def _said_of(
        self, now: Snapshot, subject: Subject, cancel: CancelToken, plan: Plan | None
    ) -> Iterator[Statement]:
        """The chain for one build, up to other builds and the configuration."""
        spec, mirrors = subject.spec, subject.row.mirrors
        absent = absent_externals(subject.graph) if self._is_here else {}
        record = now.records.get(spec.hash)
        if spec.external:
            place = spec.external.path or "from a module"
            is_absent = spec.hash in absent
            kind = StatementKind.HOST if is_absent else StatementKind.SYSTEM
            yield Statement(kind, absent.get(spec.hash, f"The system provides it: {place}"))
            return
        if record and is_present(record):
            yield Statement(StatementKind.INSTALLED, f"It is installed at {record.prefix}")
            return
        if not subject.is_listed:
            yield Statement(StatementKind.NOT_INDEXED, f"No index lists {spec.label}")
        elif not mirrors:
            sentence = f"An index lists {spec.label}, and no mirror has a binary of it"
            yield Statement(StatementKind.NO_BINARY, sentence)
        verdict = runs_here(now.host, spec, subject.graph, absent)
        yield from said_of_host(verdict)
        if verdict.runs and mirrors:
            is_planned = plan is not None and _is_in(plan, spec.hash)
            made = plan if plan and is_planned else self._make_plan(subject.graph, cancel)
            yield from said_of_plan(made, spec.hash)
        elif mirrors and now.trusted.isdisjoint(mirrors):
            sentence = f"No key is trusted for mirror {' or '.join(mirrors)} yet"
            yield Statement(StatementKind.TRUST, sentence)

    def _completed(
        self, explanation: Explanation, remedies: tuple[Remedy, ...], to_build: str
    ) -> Explanation:
        """With the nearest build, the configuration, and the command to build it from source."""
        statements, found = list(explanation.statements), list(remedies)
        if explanation.nearest:
            statements.append(said_of_nearest(explanation.nearest))
            found += remedy_of_nearest(explanation.nearest)
        hash_ = explanation.build.hash if explanation.build else None
        if about := list(self._said_of_configuration(hash_)):
            statements += about
            found += self._remedies_of_configuration()
        if to_build:
            found.append(remedy_to_build(to_build))
        return replace(explanation, statements=tuple(statements), remedies=tuple(found))

    def _said_of_configuration(self, hash_: DagHash | None) -> Iterator[Statement]:
        """What the configuration keeps from being asked."""
        kind = StatementKind.CONFIGURATION
        left_out = self._mirrors.catalogs_left_out()
        for name in left_out.sources(hash_) if hash_ else left_out.counts:
            has = "has it" if hash_ else "may have it"
            yield Statement(kind, f"Mirror {name} {has}, and this command leaves it out")
        left_out.close()
        hidden = self._mirrors.catalog().hidden
        filtered = [name for name, hashes in hidden.items() if hash_ in hashes]
        for name in filtered:
            words = filter_words(self._mirrors.get(name))
            yield Statement(kind, f"Mirror {name} has it, and its entry leaves it out: {words}")
        for name in self._mirrors.sources.sources_only():
            yield Statement(kind, f"Mirror {name} is configured for sources, not for binaries")
        statuses = self._mirrors.statuses()
        for status in statuses:
            if not status.is_usable:
                yield Statement(kind, f"Mirror {status.name} cannot be used: {status.error}")
            elif status.refreshed is None:
                yield Statement(kind, f"The index of mirror {status.name} was never read")
        if not statuses:
            yield Statement(kind, "No mirror is configured")

    def _remedies_of_configuration(self) -> Iterator[Remedy]:
        statuses = self._mirrors.statuses()
        for status in statuses:
            if status.is_usable and status.refreshed is None:
                sentence = f"Read the index of mirror {status.name}"
                yield Remedy(RemedyKind.REFRESH, sentence, f"spackbin mirror refresh {status.name}")
        if self._mirrors.sources.left_out():
            yield Remedy(RemedyKind.CONFIGURE, "Ask all mirrors: leave --mirror out")
        if not statuses:
            sentence = "Add a mirror; see the well-known ones"
            yield Remedy(RemedyKind.CONFIGURE, sentence, "spackbin mirror known")


def _is_in(plan: Plan, hash_: DagHash) -> bool:
    return any(node.spec.hash == hash_ for node in plan.nodes)


def _to_install(view: BuildView) -> Iterator[Remedy]:
    if view.disposition is Disposition.CACHED:
        command = f"spackbin install /{view.hash}"
        yield Remedy(RemedyKind.INSTALL, "Install it", command, view.hash)
