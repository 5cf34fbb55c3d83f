"""A dockerd of the lab's own, for a machine on which no engine runs.

It is detached and outlives the process that started it, so that the next run
finds it. It keeps its images, pid file and settings in the lab's state
directory: the engine of the machine, should it ever start, is not affected.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import shell
from tests.lab.errors import EngineUnavailable, LabError
from tests.lab.processes import end, start_time
from tests.lab.progress import step
from tests.lab.state import state_dir

if TYPE_CHECKING:
    from collections.abc import Callable

# The address that every Docker client tries by itself.
SOCKET = Path("/var/run/docker.sock")
# Short, because the daemon's own sockets go below it and their length is limited.
_EXEC_ROOT = Path("/run/hostshift-lab")
_START_SECONDS = 60
# It writes its pid file before anything else, within a fraction of this.
_PID_FILE_SECONDS = 5
_STOP_SECONDS = 30
_CAP_SYS_ADMIN = 21
# An engine has room for 31 networks by itself, and processes that test side by side share
# them. These are its usual ranges but one, in smaller parts: there is room for 896. The
# default bridge keeps the address and the size that it has by itself.
_BRIDGE = "172.17.0.1/16"
_POOLS = [
    {"base": base, "size": 22}
    for base in ("172.18.0.0/15", "172.20.0.0/14", "172.24.0.0/14", "172.28.0.0/14")
]
_PROGRAM_PACKAGES = {"dockerd": "docker.io", "iptables": "iptables"}


def check_startable(remark: str = "") -> None:
    """Raise EngineUnavailable where this process cannot install or run dockerd."""
    nothing = f"no container engine answers on a local socket{remark}: "
    if not sys.platform.startswith("linux"):
        raise EngineUnavailable(nothing + "start Docker Desktop or a machine like it")
    if os.geteuid() != 0:
        raise EngineUnavailable(nothing + "start Docker, or run the lab as root")
    if not _may_mount():
        why = "this root lacks CAP_SYS_ADMIN, so it cannot run dockerd either"
        raise EngineUnavailable(nothing + why)
    if _missing() and not shell.which("apt-get"):
        raise EngineUnavailable(nothing + f"install {' and '.join(_missing())}")


def install() -> bool:
    """Install what is missing from Debian's packages; return True if anything was."""
    if not (packages := _missing()):
        return False
    with step(f"installing {' and '.join(packages)}", "15 s"):
        try:
            shell.apt_install(packages, state_dir() / "apt.log")
        except LabError as error:
            message = f"installing {' and '.join(packages)} failed: {error}"
            raise EngineUnavailable(message) from error
    return True


def running() -> int | None:
    """Give the pid of the engine that the lab started, while it runs."""
    return _process(_pid_file(), "dockerd")


def start(answers: Callable[[], bool]) -> None:
    """Start dockerd, detached, and wait until it answers."""
    with step("starting the lab's dockerd", "5 s"):
        if running() is None:
            _forget_the_dead()
            _launch()
        _await(answers)


def stop() -> bool:
    """Stop dockerd if the lab started it; return True if it did."""
    if (pid := running()) is None:
        return False
    with step("stopping the lab's dockerd", "3 s"):
        end(pid, start_time(pid), _STOP_SECONDS)
        _pid_file().unlink(missing_ok=True)
    return True


def log_file() -> Path:
    """Give the place of the engine's log."""
    return state_dir() / "dockerd.log"


def _launch() -> None:
    """Hand dockerd to init, so that it ends neither with us nor with our terminal."""
    command = [
        "setsid",
        "--fork",
        shell.which("dockerd") or "dockerd",
        f"--config-file={_settings()}",
        f"--pidfile={_pid_file()}",
    ]
    with log_file().open("wb") as log:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=shell.environment(),
            cwd="/",
            check=True,
        )


def _forget_the_dead() -> None:
    """Remove the pid files that a killed engine left: their numbers mislead the next.

    It refuses to start over its own. At its containerd's it waits for an answer,
    even from a process that is dead and that only nobody has taken notice of.
    """
    _pid_file().unlink(missing_ok=True)
    inner = _EXEC_ROOT / "containerd" / "containerd.pid"
    if inner.exists() and _process(inner, "containerd") is None:
        inner.unlink(missing_ok=True)


def _settings() -> Path:
    """Write a settings file of our own, or the machine's would be read and clash."""
    path = state_dir() / "daemon.json"
    settings = {
        "data-root": str(state_dir() / "docker"),
        "exec-root": str(_EXEC_ROOT),
        "hosts": [f"unix://{SOCKET}"],
        "bip": _BRIDGE,
        "default-address-pools": _POOLS,
    }
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def _await(answers: Callable[[], bool]) -> None:
    """Wait for the first answer; on failure show what the engine said last."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _START_SECONDS:
        if answers():
            return
        if waited > _PID_FILE_SECONDS and running() is None:
            break
        time.sleep(0.1)
    said = shell.tail(log_file())
    last = said.splitlines()[-1]
    message = f"dockerd does not start: {last}\nits log, {log_file()}, ends:\n{said}"
    raise EngineUnavailable(message)


def _pid_file() -> Path:
    return state_dir() / "dockerd.pid"


def _process(pid_file: Path, program: str) -> int | None:
    """Give the pid in a file, if it is still this program's and not another's."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return pid if name == program and start_time(pid) else None


def _missing() -> list[str]:
    """Name the packages of which the program is not there."""
    programs = _PROGRAM_PACKAGES.items()
    return [package for program, package in programs if not shell.which(program)]


def _may_mount() -> bool:
    """Tell a real root from the root of an ordinary container."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    capabilities = next(
        (line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")),
        "0",
    )
    return bool(int(capabilities, 16) >> _CAP_SYS_ADMIN & 1)
