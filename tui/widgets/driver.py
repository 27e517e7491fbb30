"""What is said to the terminal besides the cells: modes, questions, the clipboard."""

import os
import select
import signal
from codecs import getincrementaldecoder
from collections.abc import Mapping

from textual import events
from textual._time import get_time
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

PLAIN = ("linux", "vt", "ansi", "cons", "wsvt", "sun")
"""Beginnings of the TERM of consoles, which know no modes of xterm and may print what they do not
know."""
ALWAYS_UNDERSTOOD = ("\x1b[?25", "\x1b[?7")
"""Private modes that they know: the cursor, and the end of a line."""
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
"""To the alternate screen, and back."""
CLEAR = "\x1b[m\x1b[2J\x1b[H"
IN_PLACE_OF = {ENTER: "\x1b[2J", LEAVE: CLEAR}
"""The only screen of a console is cleared."""
QUIETER = {
    # Movements of the mouse are reported only while a button is held.
    "\x1b[?1003h": "\x1b[?1002h",
    "\x1b[?1003l": "\x1b[?1002l",
}
READ_BYTES = 4096
"""At most so much is read at once."""
IDLE_SECONDS = 0.1
"""Between two looks whether the screen was left."""
POINTER_SHAPE = "\x1b]22;"
CLIPBOARD = "\x1b]52;"


def said_to(environ: Mapping[str, str], data: str) -> str:
    """What this terminal is to be told in place of `data`; empty for nothing.

    Args:
        environ: the environment, which says what the terminal is.
        data: one piece that Textual writes: a mode, a question, or a frame.
    """
    if data.startswith(POINTER_SHAPE):
        return ""
    if environ.get("TERM", "").startswith(PLAIN):
        is_foreign = data.startswith(("\x1b[?", "\x1b[>", "\x1b[<", "\x1b]"))
        is_left_out = is_foreign and not data.startswith(ALWAYS_UNDERSTOOD)
        return IN_PLACE_OF.get(data, "" if is_left_out else data)
    if data == LEAVE and environ.get("STY"):
        # GNU screen has a second one only if its user wants that (altscreen).
        return CLEAR + LEAVE
    if data.startswith(CLIPBOARD) and environ.get("STY"):
        # GNU screen hands on only what is wrapped into a device control string.
        return f"\x1bP{data}\x1b\\"
    return QUIETER.get(data, data)


class TerminalAnswered(Message):
    """The terminal answered a question of ours, at the time of the message."""


class TerminalDriver(LinuxDriver):
    """Textual's driver, which says to each terminal only what it understands."""

    def write(self, data: str) -> None:
        """Write a piece of output."""
        said = said_to(os.environ, data)
        if said:
            super().write(said)

    def ask(self) -> None:
        """Ask where the cursor is (DSR, ECMA-48 8.3.35): what matters is when the answer comes."""
        self.write("\x1b[6n")

    def process_message(self, message: Message) -> None:
        """Hand on what was typed, and that the terminal answered; called in a thread."""
        if isinstance(message, events.CursorPosition):
            self._app.post_message(TerminalAnswered())
        else:
            super().process_message(message)

    def run_input_thread(self) -> None:
        """Read what is typed until the screen is left; bytes that are no UTF-8 do no harm."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            # Until what has begun with an Esc is taken for the key.
            end = parser._timeout_time
            patience = IDLE_SECONDS if end is None else max(0.0, end - get_time())
            if select.select([self.fileno], [], [], patience)[0]:
                data = _read(self.fileno)
                if not data:
                    # The terminal has gone. Whose it is not would not hear of that.
                    os.kill(os.getpid(), signal.SIGHUP)
                    return
                for message in parser.feed(decode(data)):
                    self.process_message(message)
            # What has waited for more long enough was a key.
            for message in parser.tick():
                self.process_message(message)

    @property
    def is_busy(self) -> bool:
        """True if the terminal has not taken yet what was written."""
        writer = self._writer_thread
        return writer is not None and writer._queue.qsize() > 0


def _read(terminal: int) -> bytes:
    """What was typed; nothing if the terminal is no more."""
    try:
        return os.read(terminal, READ_BYTES)
    except OSError:
        return b""
