"""Real servers on the host itself, each a process of its own.

A process of its own, because hostshift tells its own sockets from others'.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from tests.lab.errors import LabError
from tests.lab.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["HostServer", "free_port", "host_server"]

_SERVERS = Path(__file__).parent / "servers"
_START_SECONDS = 60
_END_SECONDS = 5
_LOG_TAIL = 2000


@dataclass(frozen=True)
class HostServer:
    """A server that runs on the host."""

    address: str
    port: int
    pid: int


@contextmanager
def host_server(
    kind: Literal["mongo", "greeting", "any"],
    port: int | None = None,
    *,
    address: str = "127.0.0.1",
    environment: Mapping[str, str] | None = None,
) -> Iterator[HostServer]:
    """Run a server on the host: SecantusDB, one that greets, or one for any protocol.

    Asked who it is, it answers "host"; `environment` may set another `WHO`, and
    `REPLSET` and `ANNOUNCE` for a replica set.
    """
    port = free_port() if port is None else port
    own = {"WHO": "host", **(environment or {}), "LISTEN": address, "UNTIL_EOF": "1"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, str(_SERVERS / f"serve_{kind}.py"), str(port)],
            # Its end of file is our end, however we end.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **own},
        )
        with process:
            try:
                _await(process, (address, port), log)
                yield HostServer(address, port, process.pid)
            finally:
                _end(process)


def _await(process: subprocess.Popen[bytes], where: tuple[str, int], log: IO[bytes]) -> None:
    """Wait until the server accepts; when it ends instead, say what it said."""
    address, port = where
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log.seek(0)
    said = log.read().decode(errors="replace")[-_LOG_TAIL:]
    message = f"no server on {address}:{port}: {said or 'it does not accept'}"
    raise LabError(message)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End this process and no other; one that does not listen is killed."""
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
