"""Measures a way to the server: through a forwarder, or none."""

from __future__ import annotations

import socket
import time

from tests.lab.forward.peer import COUNT, ECHO, GREET, HOLD

CHUNK = bytes(1 << 18)
TIMEOUT = 30.0


def _connect(port: int, kind: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(kind)
    return client


def throughput(port: int, size: int = 512 << 20) -> float:
    """Return bytes a second of one connection that sends as fast as it can."""
    with _connect(port, COUNT) as client:
        began = time.perf_counter()
        for _ in range(size // len(CHUNK)):
            client.sendall(CHUNK)
        client.shutdown(socket.SHUT_WR)
        total = int.from_bytes(client.recv(8), "big")
        took = time.perf_counter() - began
    if total != size // len(CHUNK) * len(CHUNK):
        raise ValueError(f"{total} bytes of {size} arrived")
    return total / took


def round_trip(port: int, rounds: int = 3000) -> float:
    """Return the median seconds of a small message and its echo."""
    message, times = b"x" * 100, []
    with _connect(port, ECHO) as client:
        for _ in range(rounds):
            began = time.perf_counter()
            client.sendall(message)
            got = 0
            while got < len(message):
                got += len(client.recv(1000))
            times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


def first_byte(port: int, rounds: int = 200) -> float:
    """Return the median seconds from a connect to the first byte of the server."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        with _connect(port, GREET) as client:
            if client.recv(1) != b"!":
                raise ConnectionResetError
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


def many(port: int, count: int) -> int:
    """Connect many times, eight at once, and return how many failed."""
    from concurrent.futures import ThreadPoolExecutor

    def once(_: int) -> bool:
        try:
            with _connect(port, GREET) as client:
                return client.recv(1) == b"!"
        except OSError:
            return False

    with ThreadPoolExecutor(8) as pool:
        return count - sum(pool.map(once, range(count)))


def idle(port: int, count: int) -> list[socket.socket]:
    """Return connections that are open and do nothing."""
    return [_connect(port, HOLD) for _ in range(count)]
