"""``hostshift.forwarding()``: in a thread of the process, with ``with`` and ``async with``."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

import hostshift
from hostshift.forward import poller
from tests.unit.forwarders import (
    ROUNDS,
    SECONDS,
    a_port,
    descriptors,
    eventually,
    read_all,
    server,
    spec_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it counts in /proc")


@pytest.fixture
def target() -> Iterator[socket.socket]:
    with server() as listener:
        yield listener


def _round_trip(port: int, target: socket.socket) -> bytes:
    with socket.create_connection(("localhost", port), SECONDS) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        with target.accept()[0] as accepted:
            accepted.settimeout(SECONDS)
            accepted.sendall(read_all(accepted)[::-1])
        return read_all(client)


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_with_a_hundred_times_and_nothing_is_left(target: socket.socket) -> None:
    port, spec = spec_for(target)
    with hostshift.forwarding(spec):  # whatever a first use loads is loaded
        assert _round_trip(port, target) == b"olleh"
    before, threads = descriptors(), threading.active_count()
    for _ in range(100):
        with hostshift.forwarding(spec) as forwarding:
            assert forwarding.ports == (port,)
            assert _round_trip(port, target) == b"olleh"
        assert not _is_open(port)
        assert not forwarding.ports
    assert eventually(lambda: descriptors() == before)
    # Fewer is possible: a thread of the first use may not have ended before it was counted.
    assert eventually(lambda: threading.active_count() <= threads)


def test_async_with(target: socket.socket) -> None:
    port, spec = spec_for(target)

    async def use() -> bytes:
        async with hostshift.forwarding(spec):
            return await asyncio.to_thread(_round_trip, port, target)

    assert asyncio.run(use()) == b"olleh"
    assert not _is_open(port)


def test_an_enter_that_is_cancelled_leaves_nothing(target: socket.socket) -> None:
    """Whether the cancel comes before the ports are open, or after: the next one has them."""
    port, spec = spec_for(target)

    async def cancelled(seconds: float) -> None:
        async def enter() -> None:
            async with hostshift.forwarding(spec):
                await asyncio.sleep(SECONDS)

        task = asyncio.ensure_future(enter())
        await asyncio.sleep(seconds)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    for number in range(ROUNDS):
        asyncio.run(cancelled(number % 5 * 0.001))  # asyncio.run() waits for the threads
        assert not _is_open(port)


def test_where_no_thread_can_start_nothing_listens(
    target: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at the limit of threads, and from Python 3.12 on at the end of the interpreter."""

    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    port, spec = spec_for(target)
    forwarding, before = hostshift.forwarding(spec), descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        with pytest.raises(hostshift.ForwardError, match="cannot start: can't start new thread"):
            forwarding.__enter__()
    assert (descriptors(), forwarding.ports) == (before, ())
    with forwarding:
        assert _round_trip(port, target) == b"olleh"


def test_where_no_descriptor_is_free_nothing_listens(
    target: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    _, spec = spec_for(target)
    before = descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(poller, "best", refused)
        with pytest.raises(hostshift.ForwardError, match="cannot start: Too many open files"):
            hostshift.forwarding(spec).__enter__()
    assert descriptors() == before


def test_ports_may_be_numbers_and_on_the_host_nothing_listens() -> None:
    with a_port() as port:
        number = port.number
    policy = {"HOSTSHIFT_NETWORK": "host"}
    program = (
        "import hostshift, socket\n"
        f"with hostshift.forwarding({number}) as made:\n"
        "    print(made.ports)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, **policy},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "()\n"


@pytest.mark.parametrize("spec", [0, 65_536, "klingon", "1=2,1=3", ""])
def test_a_wrong_spec_raises_and_nothing_listens(spec: str | int) -> None:
    before = descriptors()
    with pytest.raises(hostshift.ForwardError), hostshift.forwarding(spec):
        pass
    assert descriptors() == before


def test_a_port_in_use_raises_and_nothing_listens(target: socket.socket) -> None:
    port, spec = spec_for(target)
    taken = target.getsockname()[1]
    with (
        pytest.raises(hostshift.ForwardError, match=f"port {taken} is in use"),
        hostshift.forwarding(spec, f"{taken}=127.0.0.1:1"),
    ):
        pass
    assert not _is_open(port)


def test_entering_twice_raises(target: socket.socket) -> None:
    port, spec = spec_for(target)
    forwarding = hostshift.forwarding(spec)
    with forwarding:
        with pytest.raises(hostshift.ForwardError, match="entered already"):
            forwarding.__enter__()
        assert _round_trip(port, target) == b"olleh"
