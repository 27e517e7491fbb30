"""Where the command `spackbin` begins."""

import contextlib
import gc
import os
import sys

from core.errors import Interrupted, SpackbinError

RARELY = 100_000
"""New objects between two searches for garbage; what a command makes is seldom any."""


def main() -> None:
    """Run the command line and exit with its status."""
    gc.set_threshold(RARELY)
    try:
        status = _run()
        # What cannot be written now would be said by nobody later.
        sys.stdout.flush()
    except SpackbinError as error:
        status = _said(error)
    except BrokenPipeError:
        # The reader of our output has seen enough.
        status = 1
    except KeyboardInterrupt:
        status = _said(Interrupted("Interrupted"))
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    # All is written and closed; to tidy up memory takes as long as many a command.
    os._exit(status)


def _said(error: SpackbinError) -> int:
    from tui.cli.output import is_debugging, print_error

    if is_debugging():
        raise error
    print_error(error)
    return error.exit_status


def _run() -> int:
    import click

    from tui.cli.root import root

    try:
        status = root.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort as error:
        raise Interrupted("Interrupted") from error
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()
