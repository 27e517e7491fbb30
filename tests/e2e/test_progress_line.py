"""While an install goes on, a terminal shows how far it has come; a file does not."""

import signal

from tests.e2e.test_terminal import Terminal, terminal
from tests.program import Program
from tests.simulator.fixtures import Serve
from tests.simulator.mirror import SimulatedMirror
from tests.simulator.server import Fault, FaultyServer


def slow(program: Program, simulated: SimulatedMirror, serving: Serve) -> FaultyServer:
    server = serving(simulated.root)
    program.trusting(server.url, simulated.fingerprint)
    path = simulated.archive_path("boat").relative_to(simulated.root)
    server.fail(str(path), Fault(drip=0.02))
    return server


def ends(opened: Terminal) -> str:
    """What stands on the screen once the program has ended."""
    while opened.process.poll() is None:
        opened.read(0.05)
    opened.rests(0.2)
    return opened.text()


def test_it_is_shown_while_something_is_fetched_and_taken_away(
    program: Program, simulated: SimulatedMirror, serving: Serve
) -> None:
    server = slow(program, simulated, serving)
    with terminal(program, "install", "boat", "--yes", TERM="xterm") as opened:
        opened.sees(" of 2 installed ", "boat fetch")
        opened.sees("B/s  boat fetch")
        server.heal()
        text = ends(opened)
    assert "2 packages installed in" in text
    assert "of 2 installed" not in text
    assert "boat fetch" not in text


def test_it_makes_room_for_what_is_said(
    program: Program, simulated: SimulatedMirror, serving: Serve
) -> None:
    slow(program, simulated, serving)
    with terminal(program, "install", "boat", "--yes", TERM="xterm") as opened:
        opened.sees("boat fetch")
        opened.process.send_signal(signal.SIGINT)
        opened.sees("Cancelling; waiting for the engine to clean up.")
        text = ends(opened)
    assert opened.process.returncode == 130
    assert "boat fetch" not in text
    assert "Cancelling; waiting for the engine to clean up." in map(str.rstrip, text.splitlines())


def test_not_where_nobody_looks_or_no_line_can_be_written_over(
    program: Program, simulated: SimulatedMirror, serving: Serve
) -> None:
    server = slow(program, simulated, serving)
    with terminal(program, "install", "boat", "--yes", "--detach") as opened:
        ends(opened)
    with terminal(program, "attach", TERM="dumb") as dumb:
        dumb.rests(2.5)
        text = dumb.text()
    assert "of 2 installed" not in text
    with terminal(program, "--quiet", "attach", TERM="xterm") as quiet:
        quiet.rests(2.5)
        text = quiet.text()
    assert "of 2 installed" not in text
    server.heal()
    assert "of 2 installed" not in program.run("attach").stderr
