"""What an uninstall or an undo would remove, and what stays and why."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.model.graph import SpecGraph
from core.model.history import Added, History, Operation, OperationKind, Touched
from core.model.ident import DagHash
from core.model.installed import InstalledRecord
from core.model.removal import RemovalPlan
from core.model.spec import spec_from_node
from core.planning.removal import plan_undo, plan_uninstall

REEF = DagHash("pgxfx3bbzwipmvo4y66vtatgkp4tlmhq")
Records = dict[DagHash, InstalledRecord]


@pytest.fixture(scope="module")
def graph(golden: Path) -> SpecGraph:
    """Reef and all that it depends on."""
    document = json.loads((golden / "dev" / "specs" / f"{REEF}.json").read_text())
    specs = [spec_from_node(node) for node in document["spec"]["nodes"]]
    return SpecGraph((REEF,), {spec.hash: spec for spec in specs})


@pytest.fixture
def records(graph: SpecGraph) -> Records:
    """Reef is installed by name, and with it all that it needs to run."""
    return {
        spec.hash: InstalledRecord(
            spec,
            "/usr" if spec.external else f"/store/{spec.name}",
            installed=True,
            explicit=spec.hash == REEF,
            installation_time=50.0,
        )
        for spec in graph.order()
    }


def hash_of(records: Records, name: str) -> DagHash:
    return next(hash_ for hash_, record in records.items() if record.spec.name == name)


def changed(records: Records, name: str, **changes: object) -> Records:
    hash_ = hash_of(records, name)
    return {**records, hash_: replace(records[hash_], **changes)}  # type: ignore[arg-type]


def uninstall(records: Records, *names: str, **options: bool) -> RemovalPlan:
    asked = [hash_of(records, name) for name in names]
    return plan_uninstall("/store", records, asked, size_of=lambda _: 10, **options)


def operation(
    records: Records,
    *names: str,
    number: int = 1,
    kind: OperationKind = "install",
    roots: tuple[str, ...] = (),
    undoes: int = 0,
) -> Operation:
    added = [
        Added(record.spec.hash, record.spec.name, record.spec.version, record.prefix or "")
        for record in records.values()
        if record.spec.name in names
    ]
    root_hashes = tuple(hash_of(records, name) for name in roots)
    return Operation(
        number=number,
        kind=kind,
        id=f"run-{number}",
        started=0.0,
        ended=100.0,
        user="a",
        uid=1,
        host="h",
        spackbin="0",
        roots=root_hashes,
        added=tuple(added) if kind == "install" else (),
        explicit=tuple(
            Touched(hash_, records[hash_].spec.name, records[hash_].spec.version)
            for hash_ in root_hashes
        ),
        undoes=undoes,
    )


def undo(records: Records, *operations: Operation) -> RemovalPlan:
    history = History(operations)
    return plan_undo("/store", records, operations[0], history, size_of=lambda _: 10)


def removed(plan: RemovalPlan) -> list[str]:
    return [item.package.name for item in plan.removed]


def kept(plan: RemovalPlan) -> dict[str, str]:
    return {item.package.name: item.reason for item in plan.kept}


def test_what_nothing_needs_goes(records: Records) -> None:
    plan = uninstall(records, "reef")
    assert removed(plan) == ["reef"]
    assert plan.removed[0].reason == "You asked for it"
    assert plan.removed[0].explicit
    assert plan.bytes_freed == 10
    assert not plan.refused
    idle = {"beacon", "gcc-runtime", "kelp", "libharbor", "libtide"}
    assert {item.name for item in plan.unused} == idle


def test_what_only_it_needed_goes_as_well_if_asked_for(records: Records) -> None:
    plan = uninstall(records, "reef", unused=True)
    order = removed(plan)
    assert sorted(order) == ["beacon", "gcc-runtime", "kelp", "libharbor", "libtide", "reef"]
    assert order.index("reef") < order.index("beacon") < order.index("libharbor")
    assert order.index("libharbor") < order.index("libtide") < order.index("gcc-runtime")
    assert plan.unused == ()
    assert plan.removed[-1].reason == "Nothing else needs it"


def test_what_was_asked_for_or_is_needed_elsewhere_is_not_idle(records: Records) -> None:
    plan = uninstall(changed(records, "libharbor", explicit=True), "reef", unused=True)
    assert sorted(removed(plan)) == ["beacon", "kelp", "reef"]


def test_what_is_needed_is_refused_and_those_who_need_it_are_named(records: Records) -> None:
    plan = uninstall(records, "kelp", "beacon")
    assert not plan.removed
    reef = records[REEF]
    label = f"reef@{reef.spec.version}/{REEF[:7]}"
    assert kept(plan) == {"kelp": f"{label} needs it", "beacon": f"{label} needs it"}
    assert plan.refused == plan.kept
    many = kept(uninstall(records, "gcc-runtime"))["gcc-runtime"]
    assert many.endswith(" and 2 others need it")


def test_what_needs_it_goes_first_if_asked_for(records: Records) -> None:
    plan = uninstall(records, "libharbor", dependents=True)
    assert removed(plan) == ["reef", "beacon", "libharbor"]
    libharbor = f"libharbor@{records[hash_of(records, 'libharbor')].spec.version}"
    assert plan.removed[0].reason.startswith(f"It needs {libharbor}")


def test_what_is_asked_for_together_does_not_refuse_itself(records: Records) -> None:
    assert removed(uninstall(records, "libharbor", "reef", "beacon")) == [
        "reef",
        "beacon",
        "libharbor",
    ]


def test_a_dependent_is_found_through_one_that_is_absent(records: Records) -> None:
    records = changed(records, "beacon", installed=False)
    assert "reef" in kept(uninstall(records, "libharbor"))["libharbor"]


def test_what_the_system_provides_takes_no_room(records: Records) -> None:
    records = {hash_of(records, "glibc"): records[hash_of(records, "glibc")]}
    plan = uninstall(records, "glibc")
    assert plan.removed[0].is_external
    assert plan.bytes_freed == 0


def test_what_is_not_there_is_passed_over(records: Records) -> None:
    plan = uninstall(changed(records, "reef", installed=False), "reef")
    assert not plan.has_work
    assert plan.roots == ()


def test_a_deprecated_package_holds_the_one_that_stands_in_for_it(records: Records) -> None:
    kelp = hash_of(records, "kelp")
    records = changed(records, "reef", installed=False, deprecated_for=kelp)
    assert "reef" in kept(uninstall(records, "kelp"))["kelp"]
    assert removed(uninstall(records, "kelp", dependents=True)) == ["reef", "kelp"]
    assert removed(uninstall(records, "reef")) == ["reef"]


def test_undo_removes_what_the_operation_added(records: Records) -> None:
    first = operation(records, "reef", "beacon", "kelp", roots=("reef",))
    plan = undo(records, first)
    assert removed(plan)[0] == "reef"
    assert set(removed(plan)) == {"reef", "beacon", "kelp"}
    assert (plan.undoes, plan.kept, plan.implicit) == (1, (), ())
    assert plan.removed[0].reason == "Operation 1 installed it"


def test_undo_leaves_what_something_else_needs_and_what_that_needs(records: Records) -> None:
    first = operation(records, "kelp", "libharbor", "libtide", roots=("kelp",))
    plan = undo(records, first)
    assert removed(plan) == []
    assert set(kept(plan)) == {"kelp", "libharbor", "libtide"}
    assert "reef" in kept(plan)["kelp"]
    assert not plan.refused


def test_what_stays_no_longer_counts_as_asked_for(records: Records) -> None:
    records = changed(records, "kelp", explicit=True)
    plan = undo(records, operation(records, "kelp", roots=("kelp",)))
    assert [item.name for item in plan.implicit] == ["kelp"]
    mark = operation(records, kind="mark", roots=("kelp",))
    assert [item.name for item in undo(records, mark).implicit] == ["kelp"]
    later = operation(records, number=2, kind="mark", roots=("kelp",))
    assert undo(records, operation(records, "kelp", roots=("kelp",)), later).implicit == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"installed": False}, "It is not installed any more"),
        ({"installation_time": 101.0}, "It was installed again later"),
        ({"prefix": "/store/elsewhere"}, "It was installed again later"),
    ],
)
def test_what_is_no_longer_that_installation_stays(
    records: Records, changes: dict[str, object], reason: str
) -> None:
    first = operation(records, "reef", roots=("reef",))
    assert kept(undo(changed(records, "reef", **changes), first)) == {"reef": reason}


def test_what_the_database_has_lost_is_said(records: Records) -> None:
    first = operation(records, "reef", roots=("reef",))
    without = {hash_: record for hash_, record in records.items() if hash_ != REEF}
    assert kept(undo(without, first)) == {"reef": "It is not installed any more"}


def test_what_was_asked_for_since_stays(records: Records) -> None:
    first = operation(records, "reef", roots=())
    assert kept(undo(records, first)) == {"reef": "It was asked for by name since"}
    second = operation(records, number=2, roots=("reef",))
    asked = operation(records, "reef", roots=("reef",))
    assert kept(undo(records, asked, second)) == {"reef": "Operation 2 was asked for it by name"}
    third = operation(records, number=3, kind="undo", undoes=2)
    assert removed(undo(records, asked, second, third)) == ["reef"]
