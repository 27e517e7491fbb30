"""What the session in memory answers about what runs where, and why."""

import threading
from collections.abc import Callable

from msgspec.structs import replace

from core.cancel import CancelToken
from core.errors import SpackbinError, WrongUse
from core.model.explanation import (
    Aspect,
    Difference,
    Explanation,
    Nearest,
    Remedy,
    RemedyKind,
    Statement,
    StatementKind,
)
from core.model.forecast import Forecast
from core.model.host import Host, HostObstacle, HostVerdict, ObstacleKind, Verdict
from core.model.plan import Disposition, Plan
from core.model.tables import Matrix, VariantTable
from core.model.views import BuildView
from core.planning.tables import make_matrix, variant_table
from tests.core.planning.seed import seed_groups
from tests.tui.tui_values import build, default_builds, hash_of

SEED_HOST = Host(
    platform="linux",
    os="amzn2",
    target="skylake_avx512",
    targets=("skylake_avx512", "x86_64_v4", "x86_64_v3", "x86_64_v2", "x86_64"),
    libc=None,
)
"""A machine of the table that this program began with."""
WANTED = build("openblas", "0.3.28", disposition=Disposition.BLOCKED, reason="needs glibc 2.38")
NEAREST = build("openblas", "0.3.27")
LONG_SPEC = "spack install 'openblas@=0.3.28+fortran~ilp64 symbol_suffix=none threads=openmp'"


def refused() -> Explanation:
    """Two reasons, a nearest build, a recorded machine, and three things to do."""
    return Explanation(
        asked="openblas@0.3.28",
        build=WANTED,
        statements=(
            Statement(StatementKind.HOST, "It needs glibc 2.38, and this machine has 2.36"),
            Statement(StatementKind.TRUST, "No key is trusted for mirror harbor yet"),
            Statement(StatementKind.OTHER_BUILD, "The nearest build is openblas@0.3.27: ..."),
            Statement(StatementKind.CONFIGURATION, "The index of mirror site was never read"),
        ),
        nearest=Nearest(
            NEAREST,
            (
                Difference(Aspect.VERSION, "version", "@0.3.28", "@0.3.27"),
                Difference(Aspect.VARIANT, "mpi", "+mpi", "~mpi"),
                Difference(Aspect.DEPENDENCY, "zlib", "zlib@1.3.1", "zlib@1.2"),
            ),
        ),
        remedies=(
            Remedy(RemedyKind.TRUST, "Look at the keys of mirror harbor", "spackbin key list x"),
            Remedy(
                RemedyKind.INSTALL_NEAREST,
                "Install openblas@0.3.27 instead",
                f"spackbin install /{NEAREST.hash}",
                NEAREST.hash,
            ),
            Remedy(RemedyKind.BUILD, "Build it with Spack", LONG_SPEC),
            Remedy(RemedyKind.CONFIGURE, "Ask all mirrors: leave --mirror out"),
        ),
        fleet=(
            HostVerdict("gpu", Verdict()),
            HostVerdict(
                "old", Verdict((HostObstacle(ObstacleKind.LIBC_VERSION, "glibc is too old"),))
            ),
        ),
    )


def usable(asked: str) -> Explanation:
    """A build that can be installed."""
    found = build("hdf5", "1.14.6")
    statement = Statement(StatementKind.USABLE, "Mirror harbor has it, signed by Harbor Release")
    remedy = Remedy(RemedyKind.INSTALL, "Install it", f"spackbin install /{found.hash}", found.hash)
    return Explanation(asked, found, (statement,), remedies=(remedy,))


class FakeJudge:
    """Answers from what a test prepared.

    Args:
        enter: called at the beginning of each call, with its name.
    """

    def __init__(self, enter: Callable[[str], None]) -> None:
        self._enter = enter
        self.answer: Explanation | None = None
        self.asked: list[tuple[str, Plan | None]] = []
        self.was_cancelled = False
        self.made_forecast: Forecast | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.host = SEED_HOST
        self.groups = seed_groups()
        self.counted: list[str | None] = []
        self.offered = default_builds()
        self.above: dict[str, tuple[BuildView, ...]] = {
            hash_of("zlib"): (build("hdf5", "1.14.6"), build("libpng", "1.6", mirrors=()))
        }

    def explain(
        self, text: str, *, cancel: CancelToken | None = None, plan: Plan | None = None
    ) -> Explanation:
        self._enter("explain")
        assert cancel is not None
        self.asked.append((text, plan))
        try:
            while not self.gate.wait(0.02):
                cancel.check()
        except SpackbinError:
            self.was_cancelled = True
            raise
        if "%%" in text:
            raise WrongUse("The query cannot be understood", text, "See Spack's documentation")
        return replace(self.answer, asked=text) if self.answer else usable(text)

    def forecast(self, plan: Plan) -> Forecast:
        self._enter("forecast")
        return self.made_forecast or Forecast(len(plan.having(Disposition.BUILD)))

    def matrix(self, mirror: str | None = None) -> Matrix:
        self._enter("matrix")
        self.counted.append(mirror)
        groups = self.groups[:3] if mirror else self.groups
        return make_matrix(mirror or "", groups, self.host)

    def variants(self, package: str) -> VariantTable:
        self._enter("variants")
        return variant_table(package, [one for one in self.offered if one.name == package])

    def dependents(self, hash_: str) -> tuple[BuildView, ...]:
        self._enter("dependents")
        return self.above.get(hash_, ())
