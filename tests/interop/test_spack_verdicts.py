"""What runs where: our answers and those of a real Spack."""

import json
from pathlib import Path

import pytest
from real_spack import RealSpack
from spack_verdicts import SCRIPT

from tests.core.catalog.golden_index import records_of
from tests.core.host.machines import RECORDED

pytestmark = [pytest.mark.interop, pytest.mark.newest_spack]


def test_a_real_spack_still_answers_as_recorded(
    spack: RealSpack, golden: Path, tmp_path: Path
) -> None:
    hosts = {
        path.stem: json.loads(path.read_text())["host"] for path in sorted(RECORDED.glob("*.json"))
    }
    files = [tmp_path / "hosts.json", tmp_path / "records.json"]
    for path, document in zip(files, (hosts, records_of(golden)), strict=True):
        path.write_text(json.dumps(document))
    script = spack.script(SCRIPT)
    answers = json.loads(spack.run("python", script, *map(str, files)).stdout)
    assert answers == json.loads((golden / "dev" / "verdicts.json").read_text())
