"""Which process is meant, beyond a number that another one may get later."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
# /proc/PID/stat after the closing bracket of the name: state is field 3 of
# proc(5), the start time field 22.
_STATE, _START = 0, 19


def start_time(pid: int) -> str:
    """When the process started, in clock ticks; "" when it does not run."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "" if _PROC.joinpath("self").exists() else _answers(pid)
    fields = stat.rpartition(")")[2].split()
    return "" if fields[_STATE] in "ZX" else fields[_START]


def _answers(pid: int) -> str:
    """Tell where there is no /proc: alive, but nothing to know it again by."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return "?"
    except OSError:
        return ""
    return "?"


def end(pid: int, started: str, patience: float) -> None:
    """Ask this very process to end, and after `patience` seconds make it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + patience
        if started and start_time(pid) == started:
            os.kill(pid, number)
        while time.monotonic() < deadline:
            if not started or start_time(pid) != started:
                return
            time.sleep(0.05)


@dataclass(frozen=True)
class Owner:
    """The process that made something: what it made outlives it when it is killed."""

    boot: str
    namespace: str
    pid: int
    started: str

    @classmethod
    def me(cls) -> Owner:
        """Describe the process that asks."""
        return cls(_boot(), _namespace(), os.getpid(), start_time(os.getpid()))

    @classmethod
    def parse(cls, label: str) -> Owner | None:
        """Read what `label` wrote; None when it is something else."""
        match label.split("/"):
            case [boot, namespace, pid, started] if pid.isdigit():
                return cls(boot, namespace, int(pid), started)
        return None

    @property
    def label(self) -> str:
        """Itself as text, for a label."""
        return f"{self.boot}/{self.namespace}/{self.pid}/{self.started}"

    @property
    def dead(self) -> bool:
        """Return True if it is surely gone; across PID namespaces nobody knows."""
        if self.boot != _boot():
            return True
        if self.namespace != _namespace():
            return False
        return start_time(self.pid) != self.started


def _boot() -> str:
    """Give a text that is another one each time the machine starts."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _namespace() -> str:
    """Name the PID namespace, outside of which a PID means nothing."""
    try:
        return (_PROC / "self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        return ""
