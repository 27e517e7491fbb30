"""The whole path on the screen: add a mirror, trust its key, browse, plan, install, done."""

from pathlib import Path

from core.model.host import Host, Libc
from core.session import Session
from core.settings import Settings
from tests.program import KEY, Program
from tests.tui.tui_drive import opened

HOST = Host(
    platform="linux",
    os="debian12",
    target="x86_64_v3",
    targets=("x86_64_v3", "x86_64_v2", "x86_64"),
    libc=Libc("glibc", "2.36", "/usr"),
)


async def test_from_nothing_to_an_installed_program(program: Program, golden: Path) -> None:
    world = program.directory
    settings = Settings(
        program.store, world / "config", world / "cache", world / "state", use_spack=False
    )
    session = Session(settings, host=HOST)
    async with opened(session) as screen:
        await screen.sees("No mirror", "M")

        await screen.press("M")
        await screen.sees("Mirrors")
        await screen.press("a")
        await screen.sees("Add a mirror")
        await screen.type("harbor")
        await screen.press("tab")
        await screen.type(str(golden / "dev" / "mirror-signed"))
        await screen.press("enter")
        await screen.sees("First use of harbor: 1 key on offer", "559E E796 5466 D9E9 E4AA")
        await screen.press("t")
        await screen.sees("Trust a key for mirror", "Do not trust")
        await screen.press("enter")
        await screen.misses("Trust a key for mirror")
        assert not session.keys("harbor")[0].trusted
        await screen.press("t")
        await screen.sees("Trust for this mirror")
        await screen.press("y")
        await screen.sees("Trusted for harbor")
        assert [key.fingerprint for key in session.keys("harbor") if key.trusted] == [KEY]

        await screen.press("escape")
        await screen.sees("harbor", "16 builds")
        await screen.press("escape")
        await screen.sees("8 of 8 packages")
        await screen.press("slash")
        await screen.type("beac")
        await screen.press("enter")
        await screen.sees("1 of 8 packages", "beacon: 2 builds")
        await screen.press("t")
        await screen.sees("libharbor@0.9.3", "glibc@2.36", "external")
        await screen.press("escape")
        await screen.press("i")
        await screen.sees("Install beacon@1.3.0", "To fetch         4", "875.7 kB", "Cancel")
        assert not program.store.exists()
        await screen.press("y")
        await screen.sees("4 of 4 installed")
        for phase in ("fetch", "verify", "extract", "relocate", "register"):
            assert f"─ {phase} ─" in screen.text()

        await screen.press("escape")
        await screen.sees("■ beacon", "installed")
    session.close()
    assert (program.prefix("beacon") / "bin" / "beacon").exists()
    listed = program.json("list", "beacon@1.3.0")["builds"]
    assert [build["disposition"] for build in listed] == ["installed"]
