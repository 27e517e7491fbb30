"""Values for the tests of history, removals and environments."""

from core.model.environment import Environment, EnvironmentRoot
from core.model.graph import SpecGraph
from core.model.history import Added, History, Operation, Removed, Touched
from core.model.plan import Disposition, Plan
from core.model.removal import Leaving, RemovalPlan, Staying
from tests.tui.tui_values import KEY, NOW, hash_of, node, plan_of, spec

STORE = "/home/ada/spackbin"


def touched(name: str, version: str = "1.0") -> Touched:
    """A package of the store."""
    return Touched(hash_of(name), name, version, f"{STORE}/{name}-{version}")


def added(name: str, version: str = "1.0", **changes: object) -> Added:
    """A package that an operation installed from harbor; `changes` are fields of `Added`."""
    values = {
        "hash": hash_of(name),
        "name": name,
        "version": version,
        "prefix": f"{STORE}/{name}-{version}",
        "mirror": "harbor",
        "archive_sha256": "ab" * 32,
        "signer": KEY,
        "signer_name": "Harbor Release <r@harbor.example>",
    }
    return Added(**{**values, **changes})  # type: ignore[arg-type]


def operation(number: int, kind: str = "install", **changes: object) -> Operation:
    """One operation; `changes` are fields of `Operation`."""
    values = {
        "number": number,
        "kind": kind,
        "id": f"{kind}-{number}",
        "started": NOW + number * 3600 - 5,
        "ended": NOW + number * 3600,
        "user": "ada",
        "uid": 1000,
        "host": "login1",
        "spackbin": "0.2.0",
    }
    return Operation(**{**values, **changes})  # type: ignore[arg-type]


def history() -> History:
    """An install, an uninstall, and an undo of the first."""
    hdf5, zlib = added("hdf5", "1.14.6"), added("zlib", "1.3.1", signer="", exception="may be so")
    gone = Removed(hash_of("kelp"), "kelp", "0.1", f"{STORE}/kelp-0.1", explicit=True)
    return History(
        (
            operation(1, roots=(hdf5.hash,), added=(zlib, hdf5), explicit=(touched("hdf5"),)),
            operation(2, "uninstall", roots=(gone.hash,), removed=(gone,)),
            operation(3, roots=(hash_of("reef"),), exit_status=3),
            operation(4, "undo", undoes=1, implicit=(touched("zlib", "1.3.1"),)),
            operation(5, roots=(hash_of("beacon"),), added=(added("beacon", "1.3.0"),)),
        )
    )


def undo_plan() -> RemovalPlan:
    """Of operation 5: beacon goes, libtide stays."""
    beacon = touched("beacon", "1.3.0")
    return RemovalPlan(
        kind="undo",
        store=STORE,
        roots=(beacon.hash,),
        removed=(Leaving(beacon, "Operation 5 installed it", 4_200_000, explicit=True),),
        kept=(Staying(touched("libtide", "2.0.1"), "reef@5.0.0/reefqqq needs it"),),
        implicit=(touched("tide", "1.0"),),
        undoes=5,
    )


def uninstall_plan(dependents: bool, unused: bool) -> RemovalPlan:
    """Of hdf5, which netcdf-c needs, and which is the last that needs zlib."""
    hdf5, netcdf, zlib = touched("hdf5", "1.14.6"), touched("netcdf-c", "4.9.2"), touched("zlib")
    roots = (hdf5.hash,)
    if not dependents:
        kept = (Staying(hdf5, f"{netcdf.label} needs it"),)
        return RemovalPlan("uninstall", STORE, roots, removed=(), kept=kept)
    goes = [
        Leaving(netcdf, f"It needs {hdf5.label}", 2_000_000, explicit=True),
        Leaving(hdf5, "You asked for it", 14_000_000, explicit=True),
    ]
    if unused:
        goes.append(Leaving(zlib, "Nothing else needs it", 0, explicit=False, is_external=True))
    left = () if unused else (zlib,)
    return RemovalPlan("uninstall", STORE, roots, removed=tuple(goes), unused=left)


def environment() -> Environment:
    """Four roots: hdf5, gromacs, zlib, and one that was taken over."""
    specs = (
        spec("zlib", "1.3.1"),
        spec("openblas", "0.3.28"),
        spec("ncurses", "6.5"),
        spec("fftw", "3.3.10"),
        spec("hdf5", "1.14.6", "zlib", "ncurses"),
        spec("gromacs", "2022.5", "fftw", "openblas"),
        spec("py-h5py", "3.11.0", "hdf5"),
    )
    wanted = (
        ("hdf5", "hdf5+mpi", ""),
        ("gromacs", "gromacs", ""),
        ("zlib", "zlib", ""),
        ("py-h5py", "py-h5py@3:", "/home/ada/base"),
    )
    roots = tuple(
        EnvironmentRoot(hash_of(name), text, included_from=base) for name, text, base in wanted
    )
    graph = SpecGraph(tuple(root.hash for root in roots), {one.hash: one for one in specs})
    return Environment(roots, graph)


def environment_plan() -> Plan:
    """hdf5 cached, gromacs without openblas, zlib installed, py-h5py blocked."""
    graph = environment().graph
    states = {
        "zlib": (Disposition.INSTALLED, ""),
        "openblas": (Disposition.BUILD, "No mirror has it"),
        "ncurses": (Disposition.CACHED, ""),
        "fftw": (Disposition.CACHED, ""),
        "hdf5": (Disposition.CACHED, ""),
        "gromacs": (Disposition.CACHED, ""),
        "py-h5py": (Disposition.BLOCKED, "No key is trusted for mirror prbot"),
    }
    nodes = [
        node(graph[hash_of(name)], state, reason=reason) for name, (state, reason) in states.items()
    ]
    return plan_of(nodes, "hdf5", "gromacs", "zlib", "py-h5py")
