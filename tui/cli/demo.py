"""`spackbin demo`: the main job on a small signed mirror that ships with spackbin.

Everything happens below one temporary directory; the user's own mirrors, keys and store are not
touched. On a terminal it opens the screen; without one it does the whole job by itself.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from core.cancel import CancelToken
from core.events import NodeFinished, RunStarted
from core.session import Session
from core.session.documents import plan_fields
from core.settings import Settings
from tui.cli.follow import follow
from tui.cli.keys import print_keys
from tui.cli.output import print_json, say
from tui.cli.plans import make_plan_of, obstacle_of, print_plan
from tui.text import count

MIRROR = Path(__file__).parents[1] / "demo" / "mirror"
"""The demo mirror: made by real Spack from toy packages of our own, signed by a key of no other
use."""
KEY = "559EE7965466D9E9E4AAD601E7B01DEF7EE06A2A"
"""Fingerprint of the key that signed it."""
PROGRAM = "beacon"
"""The package to install and the program to run."""


@click.command()
@click.option("--keep", is_flag=True, help="Keep the temporary store.")
@click.option("--headless", is_flag=True, help="Do the whole job without the screen.")
@click.option("--json", "as_json", is_flag=True, help="Headless, one JSON document.")
def demo(keep: bool, headless: bool, as_json: bool) -> None:
    """Try spackbin on a demo mirror and a temporary store."""
    directory = Path(tempfile.mkdtemp(prefix="spackbin-demo-"))
    session = Session(
        Settings(
            store=directory / "store",
            config_dir=directory / "config",
            cache_dir=directory / "cache",
            state_dir=directory / "state",
            use_spack=False,
        )
    )
    has_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        session.add_mirror("harbor", str(MIRROR))
        session.refresh("harbor", cancel=CancelToken(), progress=lambda *_: None)
        if has_terminal and not headless and not as_json:
            status = _on_screen(session)
            keep = keep or _has_installed(session)
        else:
            status = _headless(session, as_json=as_json)
    finally:
        session.close()
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    if keep and not as_json:
        _say_goodbye(session, directory)
    raise click.exceptions.Exit(status)


def _on_screen(session: Session) -> int:
    from tui.cli.root import open_screen

    return open_screen(session)


def _headless(session: Session, *, as_json: bool) -> int:
    if not as_json:
        _introduce(session)
    session.trust("harbor", KEY)
    plan = make_plan_of(session, [PROGRAM], exact=False)
    if not as_json:
        say()
        say(f"Trusted for harbor: {KEY}")
        say()
        print_plan(plan)
        say()
    obstacle = obstacle_of(plan)
    if obstacle:
        raise obstacle
    run = session.start_install(plan)
    status = follow(run, session, quiet=as_json, as_json=False, store=plan.store)
    if status:
        return status
    done = subprocess.run(
        [_program(session)], capture_output=True, text=True, check=False, errors="replace"
    )
    if as_json:
        print_json("demo", host=session.host(), **plan_fields(plan), said=done.stdout)
    else:
        say()
        say(f"$ {_program(session)}")
        for line in (done.stdout + done.stderr).splitlines():
            say(line)
    return 0 if done.returncode == 0 else 1


def _introduce(session: Session) -> None:
    host = session.host()
    libc = f"{host.libc.name} {host.libc.version}" if host.libc else "unknown C library"
    say(f"This machine: {host.target}, {host.os or 'unknown system'}, {libc}")
    for mirror in session.mirrors():
        say(f"Mirror {mirror.name}: layout {mirror.layout}, {count(mirror.builds)} builds, signed")
    say("It offers these keys:")
    print_keys(session.keys("harbor"))


def _program(session: Session) -> str:
    prefixes = [Path(event.prefix) for event in _finished(session)]
    own = [prefix for prefix in prefixes if prefix.name.startswith(f"{PROGRAM}-")]
    return str(own[-1] / "bin" / PROGRAM)


def _finished(session: Session) -> list[NodeFinished]:
    run = session.current_run()
    events = run.history() if run else []
    return [event for event in events if isinstance(event, NodeFinished)]


def _has_installed(session: Session) -> bool:
    return bool(_finished(session))


def _say_goodbye(session: Session, directory: Path) -> None:
    run = session.current_run()
    started = [event for event in run.history() if isinstance(event, RunStarted)] if run else []
    asked_for = {root for event in started for root in event.roots}
    for event in _finished(session):
        if event.node in asked_for:
            say(f"Installed, and ready to run: {_programs(Path(event.prefix))}")
    say(f"The demo store stays at {directory}; remove it with: rm -r {directory}")


def _programs(prefix: Path) -> str:
    """The programs of a package in one line that can be copied."""
    names = sorted(path.name for path in prefix.glob("bin/*"))
    same = [name for name in names if prefix.name.startswith(f"{name}-")]
    return str(prefix / "bin" / (same or names)[0]) if names else str(prefix)
