"""A forwarder in a network namespace of its own, as a container has it: which port leads where."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift.detect import forwarders, listeners
from hostshift.errors import ForwardError
from hostshift.forward import ports
from hostshift.forward.entry import Entry
from hostshift.forward.loop import Loop
from hostshift.forward.spec import Endpoint
from hostshift.forward.target import Answer
from tests.unit.forwarders import SECONDS, Fixed, a_port, connected, eventually, local, server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.machine,  # a namespace and its addresses
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip"),
        reason="it needs root on Linux, and ip",
    ),
]

COMMAND = str(Path(sys.executable).with_name("hostshift"))
HOST, HERE = "10.231.77.1", "10.231.77.2"
NAMESPACE = f"hsf{os.getpid()}"
PATH = os.environ.get("PATH", os.defpath)
ENV = {
    "PATH": PATH,
    "HOSTSHIFT_ISOLATION": "docker",
    "HOSTSHIFT_NETWORK": "own",
    "HOSTSHIFT_HOST_ADDRESS": HOST,
    "HOSTSHIFT_SOURCES": "saved",
}
PORT = 15_432
STRANGER = 12_345
"""A user who is neither root nor any other of this machine."""
ASKS = """
import socket, sys
try:
    with socket.create_connection(("localhost", int(sys.argv[1])), 10) as client:
        client.sendall(b"x")
        print(client.recv(100).decode() or "closed")
except OSError as error:
    print(type(error).__name__)
"""


@pytest.fixture(scope="module", autouse=True)
def namespace() -> Iterator[None]:
    """Make a namespace whose default way leads to this machine."""
    veth = ["hsf-host", "type", "veth", "peer", "name", "hsf-here", "netns", NAMESPACE]
    inside = ["ip", "netns", "exec", NAMESPACE, "ip"]
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        for words in (
            ["ip", "link", "add", *veth],
            ["ip", "addr", "add", f"{HOST}/30", "dev", "hsf-host"],
            ["ip", "link", "set", "hsf-host", "up"],
            [*inside, "addr", "add", f"{HERE}/30", "dev", "hsf-here"],
            [*inside, "link", "set", "hsf-here", "up"],
            [*inside, "link", "set", "lo", "up"],
        ):
            subprocess.run(words, check=True)
        yield
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=True)


def _inside(*words: str) -> list[str]:
    return ["ip", "netns", "exec", NAMESPACE, *words]


def _run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _inside(*words),
        env={**ENV, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd="/",
    )


def _asked(*options: str, port: int = PORT, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program with a hard-coded address beside a forwarder."""
    return _run(COMMAND, "exec", *options, "--", sys.executable, "-c", ASKS, str(port), **env)


@contextmanager
def _answering(name: str, host: str = HOST, port: int = PORT) -> Iterator[None]:
    """Serve what answers with a name, on the host."""
    listener = socket.create_server((host, port))

    def serve() -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            with accepted:
                if data := accepted.recv(100):
                    accepted.sendall(b"+PONG\r\n" if b"PING" in data else name.encode())

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


SERVES = """
import socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
print(flush=True)
while True:
    accepted, _ = listener.accept()
    with accepted:
        if accepted.recv(1):
            accepted.sendall(b"mine")
"""


@contextmanager
def _started(*words: str, stream: str = "stdout", **env: str) -> Iterator[subprocess.Popen[str]]:
    """Run something in the namespace that says a line when it is ready."""
    with subprocess.Popen(
        _inside(*words),
        env={**ENV, **env},
        cwd="/",
        text=True,
        stdout=subprocess.PIPE if stream == "stdout" else None,
        stderr=subprocess.PIPE if stream == "stderr" else None,
    ) as process:
        try:
            pipe = getattr(process, stream)
            assert pipe.readline()
            yield process
        finally:
            process.kill()


def _serving(host: str = "127.0.0.1", port: int = PORT) -> list[str]:
    return [sys.executable, "-c", SERVES, host, str(port)]


@pytest.mark.parametrize(
    "options", [[], ["--forward", str(PORT)], ["--forward", "URL"], ["--forward"]]
)
def test_a_hard_coded_port_leads_to_the_host_with_it_and_nowhere_without(
    options: list[str],
) -> None:
    with _answering("host"):
        ran = _asked(*options, URL=f"redis://localhost:{PORT}")
    assert ran.stdout == ("host\n" if options else "ConnectionRefusedError\n")


def test_it_listens_on_no_address_that_others_reach() -> None:
    with _answering("host"), _started(COMMAND, "forward", str(PORT), stream="stderr"):
        assert _run(sys.executable, "-c", ASKS, str(PORT)).stdout == "host\n"
        with socket.socket() as client:
            assert client.connect_ex((HERE, PORT))


def test_a_port_that_something_else_has_is_not_taken_over() -> None:
    with _answering("host"), _started(*_serving()):
        ran = _asked("--forward", str(PORT))
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr == (
            f"hostshift: port {PORT} is in use here: something else listens on it\n"
        )
        ran = _asked("--forward", URL=f"redis://localhost:{PORT}")
        assert (ran.returncode, ran.stdout) == (0, "mine\n")
        line = f"localhost:{PORT} is not forwarded: something else listens here on {PORT}"
        assert ran.stderr == f"hostshift: warning: {line}\n"


def test_a_server_on_one_address_of_localhost_alone_counts() -> None:
    with _answering("host"), _started(*_serving("::ffff:127.0.0.1")):
        assert _asked("--forward", str(PORT)).returncode == 2


def test_other_processes_of_hostshift_see_through_a_forwarder() -> None:
    """It is no server: what an address means does not change because it is forwarded."""
    with _answering("host"), _started(COMMAND, "forward", str(PORT), stream="stderr"):
        ran = _run(COMMAND, "resolve", f"redis://localhost:{PORT}")
        assert ran.stdout == f"redis://{HOST}:{PORT}\n"
    with _answering("host"), _started(*_serving()):
        ran = _run(COMMAND, "resolve", f"redis://localhost:{PORT}")
        assert ran.stdout == f"redis://localhost:{PORT}\n"


def test_a_second_forwarder_for_a_port_starts_nothing() -> None:
    with _answering("host"), _started(COMMAND, "forward", str(PORT), stream="stderr"):
        ran = _run(COMMAND, "forward", str(PORT))
        assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
        assert f"port {PORT} is in use here" in ran.stderr


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "localhost.", "0.0.0.0", "0", "[::]", "[::ffff:0.0.0.0]"]
)
def test_a_forwarder_does_not_lead_to_another_or_to_itself(host: str) -> None:
    """Linux connects the unspecified addresses to loopback (ip(7)): that circle has no end."""
    spec = f"{PORT}={host}:{PORT + 1},{PORT + 1}={host}:{PORT}"
    with _started(COMMAND, "forward", spec, stream="stderr", HOSTSHIFT_NETWORK="host"):
        assert _run(sys.executable, "-c", ASKS, str(PORT)).stdout == "ConnectionResetError\n"


def test_without_a_target_a_client_is_refused_within_the_budget_and_told_why_once() -> None:
    """Nothing answers: the port leads to no server that happens to be there."""
    with (
        _answering("another", port=PORT + 1),
        _started(COMMAND, "forward", str(PORT), stream="stderr") as forwarder,
    ):
        began = time.monotonic()
        for _ in range(3):
            assert _run(sys.executable, "-c", ASKS, str(PORT)).stdout == "ConnectionResetError\n"
        assert time.monotonic() - began < 3 * 3.0
        forwarder.kill()
        assert forwarder.stderr is not None
        refusals = [line for line in forwarder.stderr if "connection refused" in line]
        would = f"it would go to {HOST}:{PORT} ({HOST}:{PORT}: connection refused)"
        assert refusals == [f"hostshift: warning: localhost:{PORT}: connection refused: {would}\n"]


def test_a_target_that_starts_later_is_found_and_one_that_ends_is_refused() -> None:
    with _started(COMMAND, "forward", str(PORT), stream="stderr"):
        for _ in range(5):
            assert _run(sys.executable, "-c", ASKS, str(PORT)).stdout == "ConnectionResetError\n"
            with _answering("host"):
                assert _run(sys.executable, "-c", ASKS, str(PORT)).stdout == "host\n"


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"HOSTSHIFT_MODE": "off"}, "HOSTSHIFT_MODE=off"),
        ({"HOSTSHIFT_KEEP": str(PORT)}, f"HOSTSHIFT_KEEP lists {PORT}"),
        ({"HOSTSHIFT_NETWORK": "host"}, "loopback is the host's own from here"),
        ({"HOSTSHIFT_ISOLATION": "kubernetes", "HOSTSHIFT_NETWORK": "own"}, "loopback only moves"),
    ],
    ids=["off", "kept", "the host", "a pod"],
)
def test_a_port_that_stays_gets_no_listener(env: dict[str, str], why: str) -> None:
    with _answering("host"):
        ran = _run(COMMAND, "forward", str(PORT), **env)
    assert ran.returncode == 0
    assert f"localhost:{PORT} is not forwarded" in ran.stderr
    assert why in ran.stderr
    assert ran.stderr.endswith(
        "there is nothing to forward: connections to localhost lead where they mean\n"
    )


def test_a_target_by_its_name_is_opened_on_the_host_too() -> None:
    with _answering("host"):
        spec = f"{PORT + 1}={HOST}:{PORT}"
        words = ("exec", "--forward", spec, "--", sys.executable, "-c", ASKS, str(PORT + 1))
        ran = subprocess.run(
            [COMMAND, *words], env={"PATH": PATH}, capture_output=True, text=True, check=True
        )
    assert ran.stdout == "host\n"


# --- marks ---------------------------------------------------------------------------------------

MARKS = """
import os, socket, sys
from hostshift.detect import forwarders
os.setgid({user}); os.setuid({user})
listener = socket.create_server(("127.0.0.1", 0))
sign = forwarders.mark(listener)
print(listener.getsockname()[1], sign is not None, flush=True)
sys.stdin.read()
"""
SEES = """
import os
from hostshift.detect import forwarders, listeners, netlink
os.setgid({user}); os.setuid({user})
print(listeners.has_foreign_listener("localhost", {port}))
"""


@contextmanager
def _marked(user: int) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-P", "-c", MARKS.format(user=user)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port, is_marked = process.stdout.readline().split()
        assert is_marked == "True"
        yield int(port)
        process.communicate()


@pytest.mark.parametrize(
    ("marks", "asks", "foreign"),
    [
        (0, 0, False),
        (0, STRANGER, False),
        (STRANGER, STRANGER, False),
        (STRANGER, 0, True),
        (STRANGER, STRANGER + 1, True),
        (65_534, 65_534, False),
    ],
    ids=["root's", "root's to a user", "mine", "a user's to root", "another's", "nobody's own"],
)
def test_only_marks_of_root_and_of_this_user_count(marks: int, asks: int, foreign: bool) -> None:
    """Another user who marks a server as a forwarder's does not send us past it."""
    with _marked(marks) as port:
        ran = subprocess.run(
            [sys.executable, "-P", "-c", SEES.format(user=asks, port=port)],
            capture_output=True,
            text=True,
            check=True,
        )
    assert ran.stdout == f"{foreign}\n"


def test_a_mark_whose_name_is_taken_is_an_error_and_the_port_counts_as_a_servers() -> None:
    with server() as listener:
        inode = os.fstat(listener.fileno()).st_ino
        with socket.socket(socket.AF_UNIX) as squatter:
            squatter.bind(forwarders.name(inode))
            with pytest.raises(forwarders.NameTakenError):
                forwarders.mark(listener)
            assert forwarders.is_forwarder(inode) is False


@contextmanager
def _next_names_taken(count: int) -> Iterator[None]:
    """Have the names of the marks of the next sockets: each processor counts its inodes up."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, allowed)
        squatters = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(count)]
        first = os.fstat(squatters[-1].fileno()).st_ino + 1
        for number, squatter in enumerate(squatters):
            with suppress(OSError):
                squatter.bind(forwarders.name(first + number))
        yield


def test_a_port_has_its_marks_although_another_has_the_names_of_the_next_ones() -> None:
    with a_port() as found:
        number = found.number
    with _next_names_taken(300), ports.Port(number) as port:
        inodes = [os.fstat(each.fileno()).st_ino for each in port.sockets]
        assert [forwarders.is_forwarder(inode) for inode in inodes] == [True] * len(inodes)


def test_a_port_without_a_mark_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarders, "name", lambda _: "\0hostshift/forward/test")
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind("\0hostshift/forward/test")
        with pytest.raises(ForwardError, match="has the names"):
            ports.Port(1)


def test_a_mark_that_nobody_serves_is_unknown_and_not_a_server() -> None:
    """Its queue is full: what listens there may be a forwarder."""
    with server() as listener:
        sign = forwarders.mark(listener)
        assert sign is not None
        inode = os.fstat(listener.fileno()).st_ino
        with sign:
            assert forwarders.is_forwarder(inode) is True
            asked = 1
            while forwarders.is_forwarder(inode) and asked < 10_000:
                asked += 1
            assert asked > 100
            assert forwarders.is_forwarder(inode) is None


def test_a_mark_ends_with_its_port() -> None:
    port = a_port()
    assert listeners.is_forwarded("localhost", port.number)
    inodes = [os.fstat(each.fileno()).st_ino for each in port.sockets]
    port.close()
    assert not any(map(forwarders.is_forwarder, inodes))


# --- giving way ----------------------------------------------------------------------------------


class Leaving(Fixed):
    """Says after some connections that the port is somebody else's now."""

    def __init__(self, endpoint: Endpoint, port: int) -> None:
        super().__init__(endpoint, port)
        self.gives_way = False

    def look(self) -> Answer:
        if self.gives_way:
            return Answer(at=time.monotonic(), refusal="something else listens", gives_way=True)
        return super().look()


def test_a_port_that_becomes_somebody_elses_is_closed_and_open_connections_go_on() -> None:
    with server() as listener:
        port = a_port()
        target = listener.getsockname()[1]
        endpoint = Endpoint(local=port.number, port=target)
        locator = Leaving(endpoint, target)
        loop = Loop([Entry(endpoint, port, locator)])
        thread = threading.Thread(target=loop.run)
        thread.start()
        with connected(loop, listener) as (client, accepted):
            locator.gives_way = True
            time.sleep(0.1)  # one look serves the connections of a moment
            with (
                pytest.raises(ConnectionResetError),
                socket.create_connection(("127.0.0.1", local(loop)), SECONDS) as other,
            ):
                other.recv(1)
            with socket.socket() as late:
                assert eventually(lambda: late.connect_ex(("127.0.0.1", local(loop))) != 0)
            client.sendall(b"x")
            assert accepted.recv(1) == b"x"
        loop.call(lambda: loop.stop(0))
        thread.join(SECONDS)
        assert not thread.is_alive()
