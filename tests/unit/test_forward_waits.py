"""What a forwarder and those around it wait for: a server, a free descriptor, and no log."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from hostshift import Policy
from hostshift.detect import forwarders, listeners, netlink
from hostshift.errors import ForwardError
from hostshift.forward import plan, workers
from hostshift.forward.attempt import LONGEST_LOOK
from hostshift.forward.entry import Entry
from hostshift.forward.loop import Loop
from hostshift.forward.ports import Port
from hostshift.forward.spec import Endpoint
from hostshift.resolution import readiness, resolver
from tests.unit.forwarders import (
    SECONDS,
    Fixed,
    a_port,
    eventually,
    local,
    running,
    server,
    serving,
)
from tests.unit.test_forward_exec import COMMAND, PATH, ROOT, _free, _run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.detect.procfs import Listener
    from hostshift.forward.target import Answer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs Linux")

# --- a server that is not there ------------------------------------------------------------------


@contextmanager
def _target(state: str) -> Iterator[int]:
    """Give a port: one where a server accepts, none listens, or nobody answers."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        number = listener.getsockname()[1]
        if state != "refuses":
            listener.listen(4096 if state == "accepts" else 0)
        if state == "drops":  # its queue is full, so the kernel drops what else comes
            for _ in range(4):
                client = stack.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", number))
        yield number


@pytest.mark.parametrize("state", ["accepts", "refuses", "drops"])
@pytest.mark.parametrize("where", ["beside", "another"])
def test_exec_waits_for_the_server_behind_a_forwarder(state: str, where: str) -> None:
    """SQL Server does not greet, and a forwarder accepts in any case."""
    port = _free()
    env = {
        "PATH": PATH,
        "HOSTSHIFT_ENV": "X_URL",
        "HOSTSHIFT_NETWORK": "host",
        "X_URL": f"mssql://localhost:{port}/x",
    }
    with _target(state) as target, ExitStack() as stack:
        spec = f"{port}=127.0.0.1:{target}"
        if where == "another":
            words = [COMMAND, "forward", spec]
            forwarder = stack.enter_context(
                subprocess.Popen(words, env={"PATH": PATH}, stderr=subprocess.PIPE, text=True)
            )
            stack.callback(forwarder.kill)
            assert forwarder.stderr is not None
            assert forwarder.stderr.readline().endswith("is open\n")
        options = ["--forward", spec] if where == "beside" else []
        ran = _run([COMMAND, "exec", *options, "--wait", "X_URL=1", "--", "echo", "ran"], env)
    not_ready = f"X_URL: localhost:{port} is not ready (waited 1 s)"
    assert (ran.returncode, ran.stdout) == ((0, "ran\n") if state == "accepts" else (124, ""))
    assert (not_ready in ran.stderr) == (state != "accepts")


def test_a_forwarder_tells_where_a_connection_would_go() -> None:
    with server() as listener, running(listener.getsockname()[1]) as loop:
        behind = listeners.forwarded_to("127.0.0.1", local(loop), SECONDS)
        assert behind == (("127.0.0.1", listener.getsockname()[1]),)
        assert listeners.forwarded_to("127.0.0.1", listener.getsockname()[1], SECONDS) is None
    with running(None) as loop:
        assert listeners.forwarded_to("127.0.0.1", local(loop), SECONDS) == ()


def test_who_asks_nothing_keeps_nobody_from_asking() -> None:
    with server() as listener, running(listener.getsockname()[1]) as loop, ExitStack() as stack:
        inode = os.fstat(loop.entries[0].port.sockets[0].fileno()).st_ino
        for _ in range(200):
            silent = stack.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(forwarders.name(inode))
        assert forwarders.peers(inode, SECONDS) == (("127.0.0.1", listener.getsockname()[1]),)
        assert len(loop.acceptor.inquiries._open) <= 64


def test_a_forwarder_that_does_not_answer_is_no_server() -> None:
    """It is stopped, or so old that it does not know the question."""
    with a_port() as port:
        assert listeners.forwarded_to("127.0.0.1", port.number, 0.1) == ()
        assert not readiness.is_ready("127.0.0.1", port.number, "sqlserver")


@pytest.mark.parametrize("host", ["6432", "1", "0x1", "00001"])
def test_a_number_that_is_no_destination_is_not_dialled(host: str) -> None:
    assert readiness._addresses(host, 5432) == ()


# --- no descriptor is free ------------------------------------------------------------------------

LOOKS = """
import os, resource, sys, time
from hostshift.base import log
from hostshift.forward.target import Answer
from tests.unit import forwarders

class Looking(forwarders.Fixed):
    '''Its look takes some descriptors, and refuses without them, as that of the rules does.'''
    def look(self):
        taken = []
        try:
            for _ in range(3):
                taken.append(os.open("/", os.O_RDONLY))
            time.sleep(0.002)
        except OSError as error:
            return Answer(at=time.monotonic(), refusal=str(error))
        finally:
            for each in taken:
                os.close(each)
        return super().look()

forwarders.Fixed = Looking
lines = []
log.to(lambda level, message: lines.append(message))
target, free = map(int, sys.argv[1:])
with forwarders.running(target) as loop:
    used = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + free, used + free))
    print(forwarders.local(loop), flush=True)
    for line in sys.stdin:  # takes or gives back what the rest of the program has open
        if line == "take\\n":
            taken = []
            try:
                while True:
                    taken.append(os.dup(0))
            except OSError:
                os.close(taken.pop())  # enough to accept a client
        else:
            while taken:
                os.close(taken.pop())
        print("done", flush=True)
    print(loop.entries[0].stats.accepted, loop.entries[0].stats.failures, flush=True)
"""


@contextmanager
def _short(target: int, free: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    words = [sys.executable, "-P", "-c", LOOKS, str(target), str(free)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def _echo(accepted: socket.socket) -> None:
    with accepted, suppress(OSError):
        while data := accepted.recv(100):
            accepted.sendall(data)


@contextmanager
def _echoing(listener: socket.socket) -> Iterator[None]:
    """Serve all connections side by side."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                threading.Thread(target=_echo, args=(accepted,), daemon=True).start()

    listener.settimeout(None)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(SECONDS)


def test_clients_wait_for_the_descriptors_of_a_look_too() -> None:
    """They end in the order of their coming, so the lowest numbers of descriptors are free."""
    clients = 200
    with (
        server() as listener,
        _echoing(listener),
        _short(listener.getsockname()[1], 64) as (process, port),
    ):
        for _ in range(3):
            with ExitStack() as stack:
                some = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
                    for _ in range(clients)
                ]
                for client in some:
                    client.sendall(b"x")
                for client in some:
                    assert client.recv(1) == b"x"
                    client.close()
        out, _ = process.communicate(timeout=SECONDS)
        assert out == f"{3 * clients} {{}}\n"


def test_a_client_waits_while_the_rest_of_the_program_has_all_descriptors() -> None:
    with (
        server() as listener,
        _echoing(listener),
        _short(listener.getsockname()[1], 64) as (process, port),
        ExitStack() as stack,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        some = []
        for order in ("take\n", "give\n"):
            process.stdin.write(order)
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"
            if order == "take\n":
                for _ in range(5):
                    client = socket.create_connection(("127.0.0.1", port), SECONDS)
                    some.append(stack.enter_context(client))
                    client.sendall(b"x")
                time.sleep(6)  # longer than a look may take
        assert [client.recv(1) for client in some] == [b"x"] * 5
        for client in some:
            client.close()
        out, _ = process.communicate(timeout=SECONDS)
        assert out == "5 {}\n"


# --- a decision that waits for a thread -----------------------------------------------------------


class _Slow(Fixed):
    """Its look takes half as long as a look may take."""

    def look(self) -> Answer:
        time.sleep(LONGEST_LOOK / 2)
        return super().look()


def test_the_time_of_a_decision_begins_once_a_thread_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve ports have four threads: the last ones begin when the time of one is over."""
    monkeypatch.setattr(workers, "MOST", 4)
    with server() as listener, _echoing(listener), ExitStack() as stack:
        entries = []
        for _ in range(3 * workers.MOST):
            port = stack.enter_context(a_port())
            endpoint = Endpoint(local=port.number, port=listener.getsockname()[1])
            entries.append(Entry(endpoint, port, _Slow(endpoint, endpoint.port)))
        stack.enter_context(serving(Loop(entries)))
        clients = []
        for entry in entries:
            client = socket.create_connection(("127.0.0.1", entry.port.number), SECONDS)
            clients.append(stack.enter_context(client))
            client.sendall(b"x")
        assert [client.recv(1) for client in clients] == [b"x"] * len(clients)


@pytest.fixture
def dead_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a name server that never answers for some names: a look-up takes half a minute then."""
    over, real = threading.Event(), socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **more: Any) -> Any:
        if host.endswith(".dead.test"):
            over.wait(2 * SECONDS)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    over.set()


@pytest.mark.usefixtures("dead_names")
def test_names_that_nobody_answers_for_hold_up_no_other_port() -> None:
    with server() as listener, _echoing(listener), ExitStack() as stack:
        healthy = listener.getsockname()[1]
        ends = [Endpoint(local=0, host=f"db{at}.dead.test", port=5432) for at in range(9)]
        ends.append(Endpoint(local=0, port=healthy))
        entries = []
        for end in ends:
            port = stack.enter_context(a_port())
            at_port = end.replace(local=port.number)
            locator = Fixed(at_port, healthy) if end is ends[-1] else None
            entries.append(Entry(at_port, port, locator))
        stack.enter_context(serving(Loop(entries)))
        *dead, good = [
            stack.enter_context(socket.create_connection(("127.0.0.1", entry.port.number), SECONDS))
            for entry in entries
        ]
        good.sendall(b"x")
        assert good.recv(1) == b"x"
        for client in dead:
            with pytest.raises(ConnectionResetError):
                client.recv(1)


# --- a log that nobody takes ----------------------------------------------------------------------


def _fill(fd: int) -> None:
    os.set_blocking(fd, False)
    with suppress(BlockingIOError):
        while True:
            os.write(fd, b"x" * 512)
    with suppress(BlockingIOError):
        while True:
            os.write(fd, b"x")
    os.set_blocking(fd, True)


def _is_served(port: int) -> bool:
    """Return True once a forwarder's loop runs, so that it handles signals, and echoes."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), SECONDS) as client:
        client.sendall(b"x")
        return client.recv(1) == b"x"
    return False


@contextmanager
def _log(kind: str) -> Iterator[int]:
    """Give an end of a pipe, a socket or a terminal whose other end nobody reads."""
    if kind == "pipe":
        reading, writing = os.pipe()
    elif kind == "socket":
        reading, writing = (each.detach() for each in socket.socketpair())
    else:
        reading, writing = pty.openpty()
    try:
        yield writing
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("verbose", [False, True], ids=["notices", "verbose"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "terminal"])
def test_a_log_that_nobody_reads_stops_no_connection_and_no_end(kind: str, verbose: bool) -> None:
    port, other, missing = _free(), _free(), _free()
    with (
        server() as listener,
        _echoing(listener),
        _log(kind) as log,
    ):
        spec = f"{port}=127.0.0.1:{listener.getsockname()[1]},{other}=127.0.0.1:{missing}"
        words = [COMMAND, *["-v"] * verbose, "forward", spec, "--stats"]
        with subprocess.Popen(words, env={"PATH": PATH}, stderr=log, cwd="/") as process:
            try:
                assert eventually(lambda: _is_served(port))
                _fill(log)
                for _ in range(3):
                    process.send_signal(signal.SIGUSR1)
                    with (
                        suppress(ConnectionResetError),
                        socket.create_connection(("127.0.0.1", other), SECONDS) as client,
                    ):
                        assert client.recv(1) == b""
                    with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
                        client.sendall(b"x")
                        assert client.recv(1) == b"x"
                process.terminate()
                assert process.wait(SECONDS) == 0
            finally:
                process.kill()


def test_a_log_that_is_full_from_the_start_does_not_stop_the_start() -> None:
    port = _free()
    with server() as listener, _echoing(listener), _log("pipe") as log:
        _fill(log)
        words = [COMMAND, "forward", f"{port}=127.0.0.1:{listener.getsockname()[1]}"]
        with subprocess.Popen(words, env={"PATH": PATH}, stderr=log, cwd="/") as process:
            try:
                assert eventually(lambda: _is_served(port))
                process.terminate()
                assert process.wait(SECONDS) == 0
            finally:
                process.kill()


def test_it_ends_with_0_where_all_streams_are_closed() -> None:
    port = _free()
    with server() as listener, _echoing(listener):
        spec = f"{port}=127.0.0.1:{listener.getsockname()[1]}"
        script = f"exec {COMMAND} forward {spec} 2>&- >&- <&-"
        with subprocess.Popen(["sh", "-c", script], env={"PATH": PATH}, cwd="/") as process:
            try:
                assert eventually(lambda: _is_served(port))
                process.terminate()
                assert process.wait(SECONDS) == 0
            finally:
                process.kill()


# --- ports that this user may not have ------------------------------------------------------------


@ROOT
@pytest.mark.parametrize("spec", ["auto", "389", "LDAP_URL"])
def test_auto_warns_of_a_port_that_this_user_may_not_have(spec: str) -> None:
    env = {
        "PATH": PATH,
        "HOSTSHIFT_MAP": "localhost:389=127.0.0.1:1,localhost:5432=127.0.0.1:1",
        "LDAP_URL": "ldap://localhost:389",
        "DATABASE_URL": "postgresql://u@localhost:5432/d",
    }
    setpriv = "setpriv --reuid 65534 --clear-groups --bounding-set -all"
    command = "exec --forward" + f" {spec}" * (spec != "auto") + " -- printenv LDAP_URL"
    script = (
        "echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start; ip link set lo up;"
        f" exec {setpriv} {sys.executable} -P -m hostshift {command}"
    )
    ran = _run(["sh", "-c", script], env, "unshare", "--net")
    line = "no permission to listen on port 389: ports below 1024 need root,"
    if spec == "389":
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith(f"hostshift: {line}")
    else:
        assert (ran.returncode, ran.stdout) == (0, "ldap://127.0.0.1:1\n"), ran.stderr
        assert ran.stderr.startswith(f"hostshift: warning: localhost:389 stays as it is: {line}")
    assert ran.stderr.count("\n") == 1


# --- the start ------------------------------------------------------------------------------------


def _free_below_the_range(count: int) -> list[int]:
    """Return ports that no client gets as its own, so that they may be a server's elsewhere."""
    free = []
    for number in range(20_000, 32_000):
        with suppress(ForwardError), Port(number):
            free.append(number)
        if len(free) == count:
            break
    return free


def test_no_decision_before_the_start_reads_of_the_sockets_of_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The start would take a time that grows with the square of the number of ports."""
    policy = Policy(
        isolation="docker", network="own", naming="plain", host_address="192.0.2.1", sources="saved"
    )
    numbers = _free_below_the_range(10)
    read: list[int] = []
    real = netlink.listeners

    def counted() -> tuple[Listener, ...]:
        rows = real()
        read.append(sum(row.port in numbers for row in rows))
        return rows

    monkeypatch.setattr(netlink, "listeners", counted)
    place = resolver.enter(resolver.Resolver(policy=policy))
    try:
        endpoints = [Endpoint(local=number, port=number) for number in numbers]
        entries = plan.opened(plan.with_something_to_do(endpoints), [])
    finally:
        resolver.leave(place)
    for entry in entries:
        entry.port.close()
    assert [entry.endpoint.local for entry in entries] == numbers
    assert len(read) >= len(numbers)
    assert sum(read) == 0
