"""Build info belongs to the package in whose archive it lies."""

import io
import tarfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.archive.buildinfo import BuildInfo, parse_build_info
from core.archive.identity import check_build_info
from core.archive.members import BUILD_INFO
from core.errors import Refused
from core.model.documents import as_list, as_object, json_object
from core.model.ident import DagHash
from core.model.spec import ConcreteSpec, spec_from_nodes
from tests.simulator.mirror import SimulatedMirror


def read(archive: Path) -> tuple[BuildInfo, ConcreteSpec]:
    """The build info of an archive, and the spec beside it."""
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as found:
        names = found.getnames()
        inside = {
            end: found.extractfile(next(name for name in names if name.endswith(end)))
            for end in (BUILD_INFO, ".spack/spec.json")
        }
        info, document = (stream.read() for stream in inside.values() if stream)
    nodes = as_list(as_object(json_object(document).get("spec"), "spec").get("nodes"), "nodes")
    return parse_build_info(info), spec_from_nodes(nodes)


def archives(root: Path) -> list[Path]:
    """All archives of a mirror, whatever its layout."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return [path for path in files if tarfile.is_tarfile(path)]


@pytest.mark.parametrize("place", ["dev/mirror-signed", "v1.1.0", "v0.23.1", "v0.18.1"])
def test_every_spack_names_the_package_itself(place: str, golden: Path) -> None:
    found = archives(golden / place)
    assert found
    for archive in found:
        check_build_info(*read(archive))


def test_build_info_of_another_package_is_refused(simulated: SimulatedMirror) -> None:
    info, spec = read(simulated.archive_path("boat"))
    check_build_info(info, spec)
    other, _ = read(simulated.archive_path("tide"))
    with pytest.raises(Refused) as caught:
        check_build_info(other, spec)
    assert f"its build info is not that of boat@3.0/{spec.hash[:7]}" in str(caught.value)
    with pytest.raises(Refused):
        check_build_info(replace(info, prefixes={DagHash("a" * 32): "/x"}), spec)
