"""What runs where, and why: the questions about builds that are no list and no plan."""

from functools import cached_property
from typing import TYPE_CHECKING

from core.cancel import CancelToken
from core.model.graph import ALL_DEPTYPES
from core.model.ident import DagHash, dag_hash
from core.model.plan import Plan
from core.model.views import BuildView
from core.session.browse import Browser
from core.session.fleet import FleetDesk
from core.session.mirrors import MirrorDesk
from core.session.snapshot import Snapshot
from core.settings import Settings
from core.store.records import is_present

if TYPE_CHECKING:
    # Loaded by the calls that need it: every plan asks for the fleet, and for nothing else.
    from core.model.explanation import Explanation
    from core.model.forecast import Forecast
    from core.model.tables import Matrix, VariantTable
    from core.session.explain import ExplainDesk, MakePlan


class JudgeDesk:
    """Judges builds for the machine of the session. Any thread may call it, and every call blocks.

    Args:
        settings: where things are.
        mirrors: the mirrors.
        browser: knows the builds.
        make_plan: makes the plan of the roots of a graph.
        is_here: True if the machine is this one, so that its file system can be looked at.
    """

    def __init__(
        self,
        settings: Settings,
        mirrors: MirrorDesk,
        browser: Browser,
        make_plan: "MakePlan",
        *,
        is_here: bool,
    ) -> None:
        self._state = settings.state_dir
        self._mirrors = mirrors
        self._browser = browser
        self._make_plan = make_plan
        self._is_here = is_here
        self.fleet = FleetDesk(settings.config_dir / "fleet")
        """The recorded machines of a cluster."""

    @cached_property
    def _explainer(self) -> "ExplainDesk":
        from core.session.explain import ExplainDesk

        return ExplainDesk(
            self._mirrors,
            self._browser,
            self.fleet,
            self._make_plan,
            is_here=self._is_here,
        )

    def explain(
        self, text: str, *, cancel: CancelToken | None = None, plan: Plan | None = None
    ) -> "Explanation":
        """Why something can be used here, or why not, and what to do.

        The mirrors are asked for manifests if nothing else is in the way, and no plan is given
        that has the build.

        Args:
            text: a spec of one package, or a hash as `/abc123`.
            cancel: to end the work early.
            plan: one whose nodes, of a lock file perhaps, are meant too.

        Raises:
            WrongUse: the spec cannot be parsed, names no package, several, or a virtual one; or
                the beginning of a hash fits several builds.
            Interrupted: `cancel` was cancelled.
        """
        return self._explainer.explain(text, cancel or CancelToken(), plan)

    def forecast(self, plan: Plan) -> "Forecast":
        """How long the builds of a plan may take, and which builds would save them.

        Known are the builds that Spack made for us, and those of which it left the time in the
        prefixes of the store. Nothing is asked of any mirror.
        """
        from core.session.forecast import forecast_of

        return forecast_of(self._browser.snapshot(), plan, self._state)

    def matrix(self, mirror: str | None = None) -> "Matrix":
        """What a mirror, or all together, offer by operating system and microarchitecture.

        Raises:
            WrongUse: there is no mirror of this name.
        """
        from core.planning.tables import make_matrix

        name = self._mirrors.get(mirror).name if mirror else None
        now = self._browser.snapshot()
        return make_matrix(name or "", now.catalog.groups(name), now.host)

    def variants(self, package: str) -> "VariantTable":
        """The builds of one package for every machine, and in what they differ."""
        from core.planning.tables import variant_table

        return variant_table(package, self._browser.builds(package, "", all_targets=True))

    def dependents(self, hash_: str) -> tuple[BuildView, ...]:
        """The builds, on offer or installed, that need this one directly; by name, best first."""
        wanted, now = dag_hash(hash_), self._browser.snapshot()
        rows = (now.row(found) for found in self._dependents(now, wanted))
        views = now.best_first([now.view(row) for row in rows if row])
        return tuple(sorted(views, key=lambda view: view.name))

    @staticmethod
    def _dependents(now: Snapshot, wanted: DagHash) -> set[DagHash]:
        installed = {
            hash_
            for hash_, record in now.records.items()
            if wanted in record.needs(*ALL_DEPTYPES) and is_present(record)
        }
        return installed | set(now.catalog.dependents(wanted))
