"""A forwarder that is stopped for a while refuses nobody: what came meanwhile is in the kernel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hostshift.forward import poller
from hostshift.forward.pipes import Pipes
from hostshift.forward.relay import Flow, Relay
from hostshift.forward.sweep import PAUSE, Sweep
from tests.unit.forwarders import ROUNDS, SECONDS, eventually, read_all, server
from tests.unit.test_forward_exec import COMMAND, PATH, _free, _is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it stops a process")

CLIENTS = 100
LONGER_THAN_A_CONNECT, LONGER_THAN_THE_GRACE, LONGER_THAN_A_LOOK = 1.6, 5.4, 5.4
DATA = b"x" * 200_000

LOOKS = """
import socket, sys, time
from hostshift.base.deadline import DIAL_LIMIT, Deadline
from hostshift.forward.target import Answer
from tests.unit import forwarders

target, source = map(int, sys.argv[1:])

class Asking(forwarders.Fixed):
    def look(self):
        deadline = Deadline(1.0, DIAL_LIMIT)
        with socket.create_connection(("127.0.0.1", source)) as asked:
            for _ in range(2):  # the second question has no time if this process stood still
                asked.settimeout(None)
                asked.sendall(b"?")
                def answered(seconds):
                    asked.settimeout(seconds)
                    try:
                        return bool(asked.recv(1))
                    except (BlockingIOError, TimeoutError):
                        return False
                if not deadline.wait(answered):
                    return Answer(at=time.monotonic(), refusal="the source is silent")
        return super().look()

forwarders.Fixed, fixed = Asking, forwarders.Fixed
with forwarders.running(target) as loop:
    print(forwarders.local(loop), flush=True)
    sys.stdin.readline()
    print(loop.entries[0].stats.failures, flush=True)
"""


@contextmanager
def _forwarding(target: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run `hostshift forward` to a port of this machine; give it and the port it listens on."""
    local = _free()
    with subprocess.Popen(
        [COMMAND, "forward", f"{local}=127.0.0.1:{target}"],
        env={"PATH": PATH},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().endswith("is open\n")
            yield process, local
        finally:
            process.kill()


@contextmanager
def _serving(listener: socket.socket, serve: Callable[[socket.socket], None]) -> Iterator[None]:
    """Serve each connection in turn, for as long as the listener is open."""

    def accept() -> None:
        with suppress(OSError):
            while True:
                with listener.accept()[0] as accepted:
                    accepted.settimeout(SECONDS)
                    serve(accepted)

    listener.settimeout(None)
    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(SECONDS)


@contextmanager
def _stopped(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """Stop a process for some seconds, and at least for as long as the block takes."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    try:
        ends = time.monotonic() + seconds
        yield
        time.sleep(max(0.0, ends - time.monotonic()))
    finally:
        process.send_signal(signal.SIGCONT)


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), SECONDS)


def test_clients_whose_target_has_accepted_are_not_refused() -> None:
    """It is stopped in the middle of a hundred connects, a little later in each round."""
    with (
        server() as listener,
        _serving(listener, lambda accepted: accepted.sendall(b"x")),
        _forwarding(listener.getsockname()[1]) as (process, local),
    ):
        for number in range(ROUNDS):
            with ExitStack() as clients:
                with _stopped(process, 0):
                    some = [clients.enter_context(_connect(local)) for _ in range(CLIENTS)]
                time.sleep(0.004 * (number % 8 + 1))
                with _stopped(process, LONGER_THAN_A_CONNECT):
                    pass
                assert [read_all(client) for client in some] == [b"x"] * CLIENTS


def test_what_came_before_the_end_of_the_grace_arrives() -> None:
    """It gets SIGTERM, and is stopped for longer than its connections may go on."""
    received: list[bytes] = []
    with (
        server() as listener,
        _forwarding(listener.getsockname()[1]) as (process, local),
        _connect(local) as client,
        listener.accept()[0] as accepted,
    ):
        client.sendall(b"x")
        assert accepted.recv(1) == b"x"
        process.terminate()
        assert eventually(lambda: not _is_open(local))
        with _stopped(process, LONGER_THAN_THE_GRACE):
            client.sendall(DATA)
            client.shutdown(socket.SHUT_WR)
        accepted.settimeout(SECONDS)
        received.append(read_all(accepted))
        accepted.shutdown(socket.SHUT_WR)
        assert process.wait(SECONDS) == 0
    assert received == [DATA]


def test_a_look_during_which_it_did_not_run_is_made_again() -> None:
    """The source answers at once, but the time of the look is over when the process goes on."""
    with server() as listener, server() as source:
        words = [str(each.getsockname()[1]) for each in (listener, source)]
        with (
            subprocess.Popen(
                [sys.executable, "-c", LOOKS, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as process,
            _serving(listener, lambda accepted: accepted.sendall(b"x")),
        ):
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                client = _connect(int(process.stdout.readline()))
                with client, source.accept()[0] as asked:
                    asked.settimeout(SECONDS)
                    assert asked.recv(1) == b"?"
                    with _stopped(process, LONGER_THAN_A_LOOK):
                        asked.sendall(b"!")
                    with _serving(source, _answer):
                        with suppress(OSError):
                            _answer(asked)
                        assert client.recv(1) == b"x"
                process.stdin.write("\n")
                process.stdin.flush()
                assert process.stdout.readline() == "{}\n"
                assert process.wait(SECONDS) == 0
            finally:
                process.kill()


def _answer(asked: socket.socket) -> None:
    for _ in iter(partial(asked.recv, 1), b""):
        asked.sendall(b"!")


def test_a_client_whose_last_bytes_have_come_is_not_silent() -> None:
    """The loop has not read them yet: it did not run between its two looks at this client."""
    waits = poller.best()
    pipes = Pipes(splices=False)
    ended: list[str] = []
    with ExitStack() as opened:
        client, ours = map(opened.enter_context, socket.socketpair())
        target, theirs = map(opened.enter_context, socket.socketpair())
        for each in (ours, theirs):
            each.setblocking(False)
        flow = Flow(Relay(waits, pipes, {}), ours, theirs, lambda _, why: ended.append(why))
        sweep = Sweep()
        sweep.look([flow])
        client.sendall(b"x")
        time.sleep(2 * PAUSE)
        sweep.look([flow])
        assert not ended
        flow.client.read()
        assert target.recv(1) == b"x"
        for _ in range(2):
            time.sleep(2 * PAUSE)
            sweep.look([flow])
        assert ended == ["reset"]
    pipes.close()
    waits.close()
