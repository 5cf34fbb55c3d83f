"""Note each look at the engine and each probe of this process, in one file for all of them."""

from __future__ import annotations

import os
import sys
from typing import Any

_FILE = os.open("dials.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    if str(arguments[1]).endswith("docker.sock"):
        os.write(_FILE, f"engine {os.getpid()}\n".encode())
    elif _by_a_probe():
        os.write(_FILE, f"probe {os.getpid()}\n".encode())


def _by_a_probe() -> bool:
    """Tell hostshift's own dials from the driver's."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_globals.get("__name__") == "hostshift.machine.probe":
            return True
    return False


sys.addaudithook(_note)
