"""The root of the command line: global options, and commands that load when they are called."""

import gc
import importlib
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from core import __version__

if TYPE_CHECKING:
    # Loaded when a command needs it: `--version` and `--help` answer at once.
    from core.model.host import HostChoice
    from core.session import Session
    from core.session.standby import Standby

COMMANDS = {
    "attach": "tui.cli.installs:attach",
    "cache": "tui.cli.cache:cache",
    "completion": "tui.cli.completion:completion",
    "concretize": "tui.cli.spack:concretize",
    "demo": "tui.cli.demo:demo",
    "dependents": "tui.cli.dependents:dependents",
    "fleet": "tui.cli.fleet:fleet",
    "history": "tui.cli.history:history",
    "host": "tui.cli.host:host",
    "info": "tui.cli.matrix:info",
    "install": "tui.cli.installs:install",
    "key": "tui.cli.keys:key",
    "list": "tui.cli.browse:list_builds",
    "log": "tui.cli.building:log",
    "matrix": "tui.cli.matrix:matrix",
    "mirror": "tui.cli.mirrors:mirror",
    "pause": "tui.cli.pausing:pause",
    "plan": "tui.cli.plans:plan",
    "resume": "tui.cli.pausing:resume",
    "show": "tui.cli.browse:show",
    "spack": "tui.cli.spack:spack",
    "undo": "tui.cli.undo:undo",
    "uninstall": "tui.cli.uninstall:uninstall",
    "verify": "tui.cli.verify:verify",
    "why": "tui.cli.why:why",
}
"""Command name to where it is defined."""
LONGEST_HELP = 400
"""Characters of the first sentence of a command's help."""


class Globals:
    """What the global options said; opens the session when a command needs it."""

    def __init__(
        self, options: dict[str, str | None], mirrors: tuple[str, ...], *, is_quiet: bool
    ) -> None:
        self.options = options
        """Settings by field name, as given."""
        self.mirrors = mirrors
        """Names or URLs to which the command is limited."""
        self.is_quiet = is_quiet
        """True to leave out progress."""
        self.machine: HostChoice | None = None
        """For which machine to judge; this one if not given."""
        self.standby: Standby | None = None
        """An engine that loads while the command is still at its plan, from when that has work."""

    @contextmanager
    def expecting_install(self) -> Generator[None]:
        """Have the engine process started as soon as the plan has work.

        At the end it is gone, unless a run was given to it.
        """
        from core.session.standby import Standby

        self.standby = Standby(may_fork=True)
        try:
            yield
        finally:
            self.standby.dismiss()

    @cached_property
    def session(self) -> "Session":
        """The front door of the core."""
        from core.session import Session
        from core.settings import load_settings

        return Session(
            load_settings(self.options), self.mirrors, host=self.machine, standby=self.standby
        )


class Group(click.Group):
    """A group whose help says of each command the whole first sentence."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Wrap what click cuts."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(limit=LONGEST_HELP)) for name, one in named if one]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class LazyGroup(Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, `None` if there is none."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        if ctx.resilient_parsing:
            _equip(command)
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The options before the command complete, too."""
        if extra.get("resilient_parsing"):
            _equip(self)
        return super().make_context(info_name, args, parent, **extra)


def _equip(command: click.Command) -> None:
    """A shell asks how the line could go on."""
    from tui.cli.complete import equip

    equip(command)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--store", metavar="DIR", help="Root of the install tree.")
@click.option("--config", "config_dir", metavar="DIR", help="Where mirrors and keys are kept.")
@click.option(
    "--mirror", "mirrors", metavar="NAME_OR_URL", multiple=True, help="Only these mirrors."
)
@click.option("--no-spack", is_flag=True, help="Ignore any Spack beside us.")
@click.option(
    "--slow/--no-slow",
    default=None,
    help="On the screen: few repaints, for a slow line; by default it is measured.",
)
@click.option(
    "--mouse/--no-mouse",
    default=None,
    help="On the screen: whether clicks are for spackbin, or for the terminal.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@click.version_option(__version__, prog_name="spackbin")
@click.pass_context
def root(
    ctx: click.Context,
    store: str | None,
    config_dir: str | None,
    mirrors: tuple[str, ...],
    no_spack: bool,
    slow: bool | None,
    mouse: bool | None,
    quiet: bool,
) -> None:
    """Browse and install Spack binaries: signed, relocated, registered with Spack.

    Without a command, opens the full-screen program.
    """
    ctx.obj = given_by(store, config_dir, mirrors, no_spack, slow, mouse, quiet)
    if ctx.invoked_subcommand is None:
        if mirrors:
            # A name that is none is said before the screen opens.
            ctx.obj.session.mirrors()
        ctx.exit(open_screen(ctx.obj.session))


def given_by(
    store: str | None,
    config_dir: str | None,
    mirrors: tuple[str, ...],
    no_spack: bool,
    slow: bool | None,
    mouse: bool | None,
    quiet: bool,
) -> Globals:
    """What the options before the command say."""
    options = {
        "store": store,
        "config_dir": config_dir,
        "use_spack": "false" if no_spack else None,
        "slow": _given(slow),
        "mouse": _given(mouse),
    }
    return Globals(options, mirrors, is_quiet=quiet)


def _given(switch: bool | None) -> str | None:
    """A switch as the settings take it."""
    return None if switch is None else str(switch).lower()


def open_screen(session: "Session") -> int:
    """Open the full-screen program; returns the exit status."""
    # Milliseconds until Esc alone is taken for the key; set before Textual is loaded.
    os.environ.setdefault("ESCDELAY", "20")
    # A job in a thread lets go sooner when a key comes.
    sys.setswitchinterval(0.0005)
    from tui.app import run_app
    from tui.tidy import THRESHOLDS

    # It runs for hours, unlike a command; what is loaded is no garbage.
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    return run_app(session)
