"""An engine that misbehaves, on a unix socket. What is true of engines is shown in the lab."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from hostshift.base.deadline import Deadline
from hostshift.discovery import Topology, engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Handler = Callable[["Call"], None]

PLENTY = 20.0
"""Seconds, for what is not about time."""

ID = "70c760101f4b85c1eba9187b931211ebbccbbdbbb18ef72c7e4f2586c8c382b1"
LISTED: dict[str, Any] = {
    "Id": ID,
    "Names": ["/shop-db-1"],
    "Ports": [{"IP": "0.0.0.0", "PrivatePort": 5432, "PublicPort": 15432, "Type": "tcp"}],
    "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "db"},
    "State": "running",
    "Status": "Up 2 seconds (healthy)",
    "HostConfig": {"NetworkMode": "shop_default"},
    "NetworkSettings": {"Networks": {"shop_default": {"Aliases": None, "IPAddress": "172.29.0.2"}}},
    "Mounts": [],
}
INSPECTED: dict[str, Any] = {
    "Id": ID,
    "Name": "/shop-db-1",
    "State": {"Status": "running", "Health": {"Status": "healthy"}},
    "Mounts": [{"Type": "bind", "Source": "/home/me/shop", "Destination": "/code"}],
    "HostConfig": {
        "NetworkMode": "shop_default",
        "PortBindings": {"5432/tcp": [{"HostIp": "", "HostPort": "15432"}]},
        "PublishAllPorts": False,
    },
    "Config": {
        "ExposedPorts": {"5432/tcp": {}},
        "Labels": {
            "com.docker.compose.project": "shop",
            "com.docker.compose.service": "db",
            "com.docker.compose.container-number": "1",
            "com.docker.compose.oneoff": "False",
            "com.docker.compose.project.working_dir": "/home/me/shop",
        },
    },
    "NetworkSettings": {
        "Ports": {"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": "15432"}]},
        "Networks": {
            "shop_default": {
                "Aliases": ["db", ID[:12]],
                "IPAddress": "172.29.0.2",
                "GlobalIPv6Address": "",
            }
        },
    },
}


class Call:
    """One request, and the connection that it came by."""

    def __init__(self, connection: socket.socket, ended: threading.Event) -> None:
        self._connection, self.ended = connection, ended
        # It is left unread for now: who closes a socket with something unread resets it.
        self._request = connection.recv(65536, socket.MSG_PEEK)
        self._unread = True

    @property
    def path(self) -> str:
        return self._request.split(b" ")[1].decode() if self._request else ""

    def take(self) -> None:
        """Read the request, once."""
        if self._unread:
            self._unread = False
            self._connection.recv(65536)

    def send(self, data: bytes) -> None:
        self.take()
        self._connection.sendall(data)

    def answer(self, said: Any, status: str = "200 OK") -> None:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        self.send(head.encode() + body)

    def reset(self) -> None:
        """Hang up with something unread: the other side gets an error, not an end."""
        if not self._unread:
            self._connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self._unread = False
        self._connection.close()

    def drip(self, data: bytes) -> None:
        """Send a byte now and then, for as long as somebody takes it."""
        for byte in data:
            if self.ended.wait(0.02):
                return
            self.send(bytes([byte]))


def truthful(call: Call, listed: Any = LISTED, inspected: Any = INSPECTED) -> None:
    """Answer as an engine does."""
    if call.path == "/version":
        call.answer({"Components": [{"Name": "Engine"}]})
    elif call.path.startswith("/containers/json"):
        call.answer([listed])
    else:
        call.answer(inspected)


class FakeEngine:
    """Listens; each request is left to a handler."""

    def __init__(self, path: Path | str, handler: Handler) -> None:
        self.paths: list[str] = []
        self._handler, self._ended = handler, threading.Event()
        self._threads: list[threading.Thread] = []
        if isinstance(path, str):
            self._listener = socket.create_server((path, 0))
            self.port: int = self._listener.getsockname()[1]
        else:
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.bind(str(path))
            self._listener.listen()
        self._start(self._listen)

    def close(self) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        with suppress(OSError):
            while not self._ended.is_set():
                self._start(self._serve, self._listener.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            call = Call(connection, self._ended)
            if not call.path:  # it was dialled and let go
                return
            self.paths.append(call.path)
            self._handler(call)
            call.take()


@contextmanager
def fake_engine(path: Path | str, handler: Handler = truthful) -> Iterator[FakeEngine]:
    """Listen on a path; or on a free port of an address, if it is a text."""
    engine = FakeEngine(path, handler)
    try:
        yield engine
    finally:
        engine.close()


def read_engine(
    at: Path, seconds: float = PLENTY, own: tuple[str, ...] = (), limit: float = PLENTY
) -> Topology:
    """Read the engine at a socket, and no other."""
    deadline = Deadline(seconds, limit)
    return engine.read(own, {"DOCKER_HOST": f"unix://{at}"}, deadline=deadline, directory="/")


def the_note(found: Topology) -> str:
    """Return the one note that stands where nothing was found, and nothing is missing."""
    assert found.gaps == ()
    return _alone(found)


def the_gap(found: Topology, *, passing: bool) -> str:
    """Return the one gap that stands where an engine could not say; a note says the same."""
    (gap,) = found.gaps
    assert (gap.source, gap.passing) == ("engine", passing), str(gap)
    assert gap.what in _alone(found)
    return str(gap)


def _alone(found: Topology) -> str:
    assert (found.services, found.project, found.me, found.engine) == ((), None, None, "")
    (note,) = found.notes
    assert note.source == "engine"
    return str(note)


def hangs(call: Call) -> None:
    call.ended.wait(10)
