"""Where the command `spackbin` begins."""

import sys

from core.errors import Interrupted, SpackbinError


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        sys.exit(_run())
    except SpackbinError as error:
        sys.exit(_said(error))
    except BrokenPipeError:
        # The reader of our output has seen enough.
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(_said(Interrupted("Interrupted")))


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
