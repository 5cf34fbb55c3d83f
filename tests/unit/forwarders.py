"""Forwarders for tests: a loop in a thread of the test's process, and servers to lead to.

``HOSTSHIFT_TEST_ROUNDS=100`` runs the rounds of the slow tests that use :data:`ROUNDS` a hundred
times instead of five.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hostshift.forward.entry import Entry
from hostshift.forward.loop import Loop
from hostshift.forward.ports import Port, PortInUseError
from hostshift.forward.spec import Endpoint
from hostshift.forward.target import Answer, Locator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 20.0
"""How long a test waits for what must happen."""
ROUNDS = int(os.environ.get("HOSTSHIFT_TEST_ROUNDS", "5"))
"""How often tests repeat what takes a process or more each time."""


class Fixed(Locator):
    """Leads to one address, or refuses, and needs no look around."""

    def __init__(self, endpoint: Endpoint, port: int | None) -> None:
        super().__init__(endpoint)
        self.port = port

    def look(self) -> Answer:
        if self.port is None:
            return Answer(at=time.monotonic(), refusal="there is no target")
        peer = (int(socket.AF_INET), ("127.0.0.1", self.port))
        return Answer(at=time.monotonic(), peers=(peer,), shown=f"127.0.0.1:{self.port}")


def a_port() -> Port:
    """Listen on a port that is free on both addresses."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as chosen:
            number = chosen.getsockname()[1]
        try:
            return Port(number)
        except PortInUseError:
            continue


@contextmanager
def running(target: int | None, *, splices: bool = True) -> Iterator[Loop]:
    """Forward a free port to a port of this machine."""
    port = a_port()
    endpoint = Endpoint(local=port.number, port=target or 1)
    loop = Loop([Entry(endpoint, port, Fixed(endpoint, target))], splices=splices)
    with serving(loop):
        yield loop


@contextmanager
def serving(loop: Loop) -> Iterator[None]:
    """Run a loop in a thread."""
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield
    finally:
        loop.call(lambda: loop.stop(0))
        thread.join(SECONDS)
        assert not thread.is_alive()


def local(loop: Loop) -> int:
    """Return the port on which a loop listens."""
    return loop.entries[0].endpoint.local


@contextmanager
def server() -> Iterator[socket.socket]:
    """Listen on a free port."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        listener.settimeout(SECONDS)
        yield listener


@contextmanager
def connected(loop: Loop, listener: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Connect through a forwarder; give the client's and the server's end."""
    with (
        socket.create_connection(("127.0.0.1", local(loop)), SECONDS) as client,
        listener.accept()[0] as accepted,
    ):
        accepted.settimeout(SECONDS)
        yield client, accepted


def spec_for(target: socket.socket) -> tuple[int, str]:
    """Return a free port, and the SPEC that forwards it to a server here."""
    with a_port() as port:
        number = port.number
    return number, f"{number}=127.0.0.1:{target.getsockname()[1]}"


def read_all(sock: socket.socket) -> bytes:
    """Read to the end of the stream."""
    parts = []
    while part := sock.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait until something holds, and return True if it does."""
    ends = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.005)
    return True


def descriptors() -> int:
    """Count what this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
