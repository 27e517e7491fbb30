"""What runs where, and why: the commands host, why, matrix, info, dependents and fleet."""

import json
import subprocess
from pathlib import Path

import pytest

from core.model.host import Host
from core.planning.tables import make_matrix
from tests.core.host.machines import RECORDED, machine, recorded
from tests.core.planning.seed import seed_groups
from tests.program import KEY, Program
from tui.cli.matrix import coverage, print_matrix

HERE = ("--host", str(RECORDED / "zen4.json"))
"""Judge for a machine on which the golden builds run, wherever the tests do."""


@pytest.fixture
def harbor(program: Program, golden: Path) -> Program:
    return program.trusting(golden / "dev" / "mirror-signed")


def test_a_machine_is_its_own_record(program: Program) -> None:
    own = program.json("host")
    assert own["kind"] == "host"
    path = program.directory / "login.json"
    path.write_text(json.dumps(own))
    assert program.json("host", "--host", str(path))["host"] == own["host"]
    other = program.json("host", "--target", "zen2", "--os", "rhel8", "--libc", "glibc@2.28")
    assert other["host"]["targets"][:3] == ["zen2", "zen", "x86_64_v3"]
    assert (other["host"]["os"], other["host"]["libc"]["version"]) == ("rhel8", "2.28")
    shown = program.good("host", "--host", str(RECORDED / "power9le.json"))
    assert "gpu\tTesla V100-SXM2-16GB, driver nvidia 535.183.01" in shown
    assert "zen2" in program.refused(2, "host", "--target", "zenn2")
    assert "No such file" in program.refused(2, "list", "--host", "nowhere.json")


def test_commands_judge_for_another_machine(harbor: Program) -> None:
    old = ("--target", "zen2", "--os", "rhel8", "--libc", "2.28")
    assert {item["name"] for item in harbor.json("list", *old)["builds"]} == {"kelp", "trawl"}
    zen2 = ("--target", "zen2", "--os", "debian12", "--libc", "2.36")
    listed = harbor.json("list", "libtide", *zen2)["builds"]
    assert {item["target"] for item in listed} == {"x86_64", "x86_64_v3"}
    done = harbor.run("plan", "beacon", *old)
    assert done.returncode == 4
    assert "needs glibc 2.36, this machine has 2.28" in done.stdout
    assert harbor.json("plan", "beacon@1.3", *HERE)["is_ready"]
    shown = harbor.json("show", "/wjen3pl", *zen2)["details"]["build"]
    assert shown["disposition"] == "other host"


def test_an_install_for_another_machine(harbor: Program) -> None:
    said = harbor.refused(4, "install", "/wjen3pl", "--yes", "--target", "zen2")
    assert "this machine (zen2) lacks avx512bw" in said
    assert harbor.left_in_store() == []
    harbor.good("install", "/wjen3pl", "--yes", *HERE)
    assert harbor.prefix("libtide").is_dir()


def test_why(harbor: Program) -> None:
    assert "Mirror harbor has it, signed by Harbor Release" in harbor.good("why", "beacon", *HERE)
    done = harbor.run("why", "libtide@2.0.1", "target=x86_64_v4", "--target", "zen2")
    assert done.returncode == 4
    lines = done.stdout.splitlines()
    assert lines[0] == "libtide@2.0.1/wjen3pl for x86_64_v4 on debian12, gcc@12.2.0  other host"
    assert lines[1].startswith("- Built for x86_64_v4, this machine (zen2) lacks avx512bw, ")
    assert "What to do:" in lines
    assert "    spack install 'libtide@=2.0.1+pic+shared gauge=metric %gcc@12.2.0'" in lines
    assert harbor.run("why", "nosuch").returncode == 4
    assert "wave-api is a virtual package" in harbor.refused(2, "why", "wave-api")


def test_why_not_for_want_of_a_key(program: Program, golden: Path) -> None:
    program.good("mirror", "add", "harbor", str(golden / "dev" / "mirror-signed"))
    done = program.run("why", "beacon@1.3", *HERE)
    assert done.returncode == 3
    assert "- No key is trusted for mirror harbor yet." in done.stdout
    assert done.stdout.splitlines()[-1] == "    spackbin key list harbor"


def test_a_build_that_is_installed_beside_it_does_not_hide_that_a_key_is_wanting(
    harbor: Program,
) -> None:
    harbor.good("install", "beacon@1.3.0", "--yes")
    harbor.good("key", "distrust", "harbor", KEY)
    done = harbor.run("why", "beacon@1.2.9")
    assert "The nearest build that can be used here is beacon@1.3.0" in done.stdout
    assert done.returncode == 3


def test_why_as_a_document(harbor: Program) -> None:
    found = json.loads(harbor.run("why", "libtide@2.0.1 ~pic", *HERE, "--json").stdout)
    assert (found["schema"], found["kind"], found["is_usable"]) == (1, "explanation", False)
    assert found["build"] is None
    assert [item["kind"] for item in found["statements"]] == ["other build", "other build"]
    assert found["nearest"]["differences"] == [
        {
            "aspect": "variant",
            "subject": "pic",
            "wanted": "~pic",
            "offered": "+pic",
            "package": "",
        }
    ]
    install, build = found["remedies"]
    assert install["command"] == f"spackbin install /{found['nearest']['build']['hash']}"
    assert build["command"] == "spack install 'libtide@2.0.1 ~pic'"


def test_matrix(harbor: Program) -> None:
    done = harbor.run("matrix", *HERE)
    assert done.stdout.splitlines() == [
        "debian12\tx86_64_v4\t1\t1\t1",
        "debian12\tx86_64_v3\t10\t8\t10",
        "debian12\tx86_64\t3\t2\t3",
        "amzn2\tneoverse_v1\t2\t2\t0",
    ]
    assert done.stderr == ("8 of 8 packages have a build that runs here; of 16 builds, 14 do.\n")
    matrix = harbor.json("matrix", "harbor", *HERE)["matrix"]
    assert matrix["mirror"] == "harbor"
    assert (matrix["packages"], matrix["packages_here"]) == (8, 8)
    assert [cell["is_host"] for cell in matrix["cells"]] == [True, False, False, False]
    assert "no mirror called 'x'" in harbor.refused(2, "matrix", "x")


def drawn(host: Host, width: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_matrix(make_matrix("", seed_groups(), host), width)
    return capsys.readouterr().out.splitlines()


def test_the_table_that_it_began_with(capsys: pytest.CaptureFixture[str]) -> None:
    lines = drawn(recorded("graviton2"), 80, capsys)
    assert lines == [
        "             graviton2  aarch64  x86_64  x86_64_v4",
        "amzn2               3*       2+      .          4",
        "ubuntu18.04         .        .       1          .",
        "",
        "* this machine  + runs here  / runs here in part",
    ]
    assert all(line.isascii() and len(line) <= 80 for line in lines)
    narrow = drawn(recorded("graviton2"), 34, capsys)
    assert all(len(line) <= 34 for line in narrow[:-1])
    assert narrow[0].split() == ["graviton2", "aarch64"]
    assert narrow[4].split() == ["x86_64", "x86_64_v4"]
    assert coverage(make_matrix("", [], machine("zen2"))) == "There are no builds on offer."


def test_info(harbor: Program) -> None:
    done = harbor.run("info", "libtide", *HERE)
    first = done.stdout.splitlines()[0]
    assert first == "cached\t2.0.1\tx86_64_v4\tdebian12\tmetric\t+\twjen3pl"
    assert done.stderr == ("6 builds. The same for all: compiler gcc@12.2.0, pic +, from harbor.\n")
    table = harbor.json("info", "libtide", *HERE)["table"]
    assert [column["title"] for column in table["columns"]][-1] == "hash"
    assert "spackbin why nosuch" in harbor.refused(4, "info", "nosuch")


def test_dependents(harbor: Program) -> None:
    found = harbor.json("dependents", "libtide@2.0.1 target=x86_64_v3", *HERE)
    assert found["of"]["hash"].startswith("puk55bh")
    assert {build["name"] for build in found["builds"]} == {"beacon", "libharbor", "wreck"}
    assert "Nothing needs it." in harbor.run("dependents", "reef", *HERE).stderr


def test_fleet(harbor: Program) -> None:
    assert harbor.json("fleet", "list")["machines"] == []
    harbor.good("fleet", "add", "old", str(RECORDED / "haswell.json"))
    piped = subprocess.run(
        harbor.arguments("fleet", "add", "gpu", "-"),
        env=harbor.environment,
        input=(RECORDED / "zen4.json").read_bytes(),
        capture_output=True,
        check=True,
    )
    assert piped.stderr.decode() == "Recorded gpu: zen4 on debian12.\n"
    rows = [line.split("\t")[:4] for line in harbor.good("fleet").splitlines()]
    assert rows == [
        ["gpu", "zen4", "debian12", "glibc@2.36"],
        ["old", "haswell", "ubuntu18.04", "glibc@2.27"],
    ]
    said = harbor.good("why", "beacon@1.3", *HERE)
    assert "- gpu: it runs." in said
    assert "- old: needs glibc 2.36, this machine has 2.27." in said
    (note,) = harbor.json("plan", "beacon@1.3", *HERE)["notes"]
    assert note.startswith("On old, ")
    assert "Note       On old, " in harbor.good("plan", "beacon@1.3", *HERE)
    harbor.good("fleet", "remove", "old")
    assert harbor.json("plan", "beacon@1.3", *HERE)["notes"] == []
    assert "No machine is recorded as old" in harbor.refused(2, "fleet", "remove", "old")
    assert "not a name for a machine" in harbor.refused(
        2, "fleet", "add", "../x", str(RECORDED / "zen4.json")
    )
