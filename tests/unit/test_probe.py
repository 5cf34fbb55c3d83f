"""Dialling: every outcome against real sockets, and never longer than allowed."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from hostshift import probe
from hostshift.greetings import GREETINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a loopback port and hand each connection to a function."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    handle(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _wait(connection: socket.socket) -> None:
    connection.settimeout(5)
    connection.recv(1)


def _unused() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_a_server_that_waits_is_open() -> None:
    with serving(_wait) as port:
        assert probe.reach([("127.0.0.1", port)], 2) == ("open",)


def test_a_server_that_speaks_first_is_open() -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"hello")

    with serving(speak) as port:
        assert probe.reach([("127.0.0.1", port)], 2) == ("open",)


def test_a_proxy_that_hangs_up_is_closed() -> None:
    with serving(lambda _: None) as port:
        assert probe.reach([("127.0.0.1", port)], 2) == ("closed",)


def test_nobody_there_is_refused() -> None:
    assert probe.reach([("127.0.0.1", _unused())], 2) == ("refused",)
    assert probe.reach([("::1", _unused())], 2)[0] in ("refused", "unreachable")


def test_all_at_once_and_in_order() -> None:
    with serving(_wait) as one, serving(lambda _: None) as two:
        wanted = [("127.0.0.1", port) for port in (two, _unused(), one)]
        assert probe.reach(wanted, 2) == ("closed", "refused", "open")
    assert probe.reach([], 2) == ()


def test_a_full_backlog_is_silent_and_costs_only_the_budget() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(address)
        started = time.monotonic()
        assert probe.reach([address] * 16, 0.3) == ("silent",) * 16
        assert time.monotonic() - started < 0.3 + 1  # generous: the machine may be busy
        for one in crowd:
            one.close()


ANSWERS = {
    "postgresql": (b"\0\0\0\x08\x04\xd2\x16\x2f", b"N"),
    "redis": (b"*1\r\n$4\r\nPING\r\n", b"-NOAUTH Authentication required.\r\n"),
    "mysql": (b"", b"\x4a\0\0\0\x0a8.0.36\0"),
    "amqp": (b"AMQP\0\0\x09\x01", b"\x01\0\0\0\0\x01\xf4\0\x0a\0\x0a"),
    "memcached": (b"version\r\n", b"VERSION 1.6.18\r\n"),
}


@pytest.mark.parametrize("protocol", ANSWERS)
def test_greetings(protocol: str) -> None:
    question, answer = ANSWERS[protocol]
    heard: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        connection.settimeout(5)
        if question:
            heard.append(connection.recv(100))
        connection.sendall(answer)

    with serving(speak) as port:
        assert probe.greets([("127.0.0.1", port)], protocol, 2) == (True,)
        others = [name for name in GREETINGS if name != protocol]
        spoken = [probe.greets([("127.0.0.1", port)], name, 0.2) for name in others]
    assert spoken == [(False,)] * len(others)
    assert heard[:1] == ([question] if question else [])


def test_no_greeting_is_known_for_http() -> None:
    with serving(_wait) as port:
        assert probe.greets([("127.0.0.1", port)], "http", 2) == (False,)


def test_mongodb_hello_is_well_formed() -> None:
    question = GREETINGS["mongodb"].question
    assert int.from_bytes(question[:4], "little") == len(question)
    assert int.from_bytes(question[21:25], "little") == len(question) - 21
