"""See `tests.starting.Starter`: has spackbin loaded, and becomes one for each order.

An order is a packet on the socket whose descriptor is the argument: JSON with `arguments`,
`environment` and `directory`, and with it the descriptors for the answer, standard output and
standard error. The answer is a line with the process id, and at the end one with the exit status.
"""

import json
import os
import pkgutil
import runpy
import socket
import sys
import traceback
from importlib import import_module
from typing import Any

import core
import tui.cli

LIBRARIES = ("archspec.cpu", "distro", "elftools.elf.elffile", "gnupg", "httpx", "sqlite3", "yaml")
"""What nearly every command loads in the end."""
ORDER = 1 << 18
"""Bytes that an order may have."""
APART = "core.spack.inside"
"""Runs in the Python of a Spack."""


def load() -> None:
    for package in (core, tui.cli):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__") and found.name != APART:
                import_module(found.name)
    for name in LIBRARIES:
        import_module(name)


def become_program(order: dict[str, Any], output: int, errors: int) -> None:
    """As `python -m tui.cli` is: never returns."""
    os.dup2(output, 1)
    os.dup2(errors, 2)
    os.closerange(3, max(output, errors) + 1)
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["spackbin", *order["arguments"]]
    try:
        runpy.run_module("tui.cli", run_name="__main__", alter_sys=True)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


def attend(order: dict[str, Any], answer: int, output: int, errors: int) -> None:
    """Start a program and tell its end."""
    pid = os.fork()
    if pid == 0:
        become_program(order, output, errors)
    os.write(answer, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(answer, b"%d\n" % os.waitstatus_to_exitcode(status))


def main() -> None:
    load()
    orders = socket.socket(fileno=int(sys.argv[1]))
    attendants: set[int] = set()
    while True:
        text, descriptors, _, _ = socket.recv_fds(orders, ORDER, 3)
        if not text:
            return
        pid = os.fork()
        if pid == 0:
            orders.close()
            try:
                attend(json.loads(text), *descriptors)
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
        attendants.add(pid)
        attendants -= {one for one in attendants if os.waitpid(one, os.WNOHANG)[0]}


if __name__ == "__main__":
    main()
