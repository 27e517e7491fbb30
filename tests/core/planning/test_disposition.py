"""What a list says of a build, and which build is the best one."""

import random

import pytest

from core.model.host import HostObstacle, ObstacleKind, Verdict
from core.model.ident import MirrorName
from core.model.plan import Disposition
from core.planning.disposition import RowDisposition, fitness, row_disposition
from tests.core.host.machines import ICELAKE

HARBOR, PRBOT = MirrorName("harbor"), MirrorName("prbot")
RUNS, STUCK = (
    Verdict(),
    Verdict(
        (
            HostObstacle(ObstacleKind.TARGET, "built for zen2"),
            HostObstacle(ObstacleKind.LIBC_VERSION, "needs glibc 2.40"),
        )
    ),
)


@pytest.mark.parametrize(
    ("installed", "verdict", "mirrors", "trusted", "expected"),
    [
        (True, STUCK, (), (), RowDisposition(Disposition.INSTALLED)),
        (False, RUNS, (HARBOR, PRBOT), {PRBOT}, RowDisposition(Disposition.CACHED)),
        (
            False,
            STUCK,
            (HARBOR,),
            {HARBOR},
            RowDisposition(Disposition.OTHER_HOST, "built for zen2; needs glibc 2.40"),
        ),
        (
            False,
            RUNS,
            (HARBOR, PRBOT),
            set[MirrorName](),
            RowDisposition(Disposition.BLOCKED, "no key is trusted for harbor or prbot yet"),
        ),
        (False, RUNS, (), {HARBOR}, RowDisposition(Disposition.BUILD, "no mirror has it")),
    ],
)
def test_dispositions(
    installed: bool,
    verdict: Verdict,
    mirrors: tuple[MirrorName, ...],
    trusted: set[MirrorName],
    expected: RowDisposition,
) -> None:
    assert expected == row_disposition(
        installed=installed, verdict=verdict, mirrors=mirrors, trusted=trusted
    )


BEST_FIRST = [
    (Disposition.INSTALLED, "zen2", "1.0", "a"),
    (Disposition.CACHED, "icelake", "1.0", "a"),
    (Disposition.CACHED, "x86_64_v4", "1.9", "a"),
    (Disposition.CACHED, "x86_64_v3", "develop", "a"),
    (Disposition.CACHED, "x86_64_v3", "1.10", "b"),
    (Disposition.CACHED, "x86_64_v3", "1.10", "a"),
    (Disposition.CACHED, "x86_64_v3", "1.9", "a"),
    (Disposition.BUILD, "icelake", "3.0", "a"),
    (Disposition.BLOCKED, "icelake", "2.0", "a"),
    (Disposition.OTHER_HOST, "zen2", "2.0", "a"),
]


def test_the_best_build_comes_first() -> None:
    def key(row: tuple[Disposition, str, str, str]) -> tuple[object, ...]:
        disposition, target, version, hash_ = row
        return fitness(
            ICELAKE, disposition=disposition, target=target, version=version, hash_=hash_
        )

    shuffled = random.Random(3).sample(BEST_FIRST, len(BEST_FIRST))
    assert sorted(shuffled, key=key, reverse=True) == BEST_FIRST
    assert max(shuffled, key=key) == BEST_FIRST[0]
