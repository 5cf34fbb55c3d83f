"""`hostshift exec --forward`: the command is as without it, and the forwarder ends with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hostshift.forward import beside
from tests.unit import forwarders
from tests.unit.forwarders import SECONDS, a_port, eventually, read_all, server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it needs Linux")

COMMAND = str(Path(sys.executable).with_name("hostshift"))
PATH = os.environ.get("PATH", os.defpath)
ROUNDS, FEW = 100, max(10, forwarders.ROUNDS)
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="root alone has namespaces of its own")
FIRST = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
"""Makes what follows the first process of a process namespace, as a container's is."""


def _free() -> int:
    with a_port() as port:
        return port.number


@pytest.fixture
def echo() -> Iterator[int]:
    """Serve what answers each connection with what it gets."""
    with server() as listener:

        def answer(accepted: socket.socket) -> None:
            with accepted:
                try:
                    while data := accepted.recv(65_536):
                        accepted.sendall(data)
                except OSError:
                    return

        def serve() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(accepted,), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _env(port: int, target: int, **more: str) -> dict[str, str]:
    return {"PATH": PATH, "HOSTSHIFT_MAP": f"localhost:{port}=127.0.0.1:{target}", **more}


def _words(port: int, *command: str) -> list[str]:
    return [COMMAND, "exec", "--forward", str(port), "--", *command]


def _to(port: int, target: int, *command: str) -> list[str]:
    """Forward to a port of this machine without any setting, which starts sooner."""
    return [COMMAND, "exec", "--forward", f"{port}=127.0.0.1:{target}", "--", *command]


def _run(words: list[str], env: dict[str, str], *before: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd="/",
    )


def _forwarders() -> set[int]:
    """Return the forwarders that run on this machine."""
    return {
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/comm")
        if _text(path) == "hostshift-fwd\n"
    }


def _forwarder_of(port: int) -> int:
    """Return the forwarder of a command that runs with ``OF_TEST``; others run here as well."""
    mark = f"OF_TEST={port}\0"
    (found,) = (each for each in _forwarders() if mark in _text(Path(f"/proc/{each}/environ")))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.fixture(autouse=True)
def none_is_left() -> Iterator[None]:
    before = _forwarders()
    yield
    assert eventually(lambda: _forwarders() <= before)


CONNECTS = """
import os, socket, sys
with socket.create_connection(("localhost", int(sys.argv[1]))) as client:
    client.sendall(b"hello")
    print(client.recv(5).decode(), os.environ.get("DATABASE_URL"))
"""


@pytest.mark.parametrize("before", [[], pytest.param(FIRST, marks=ROOT)], ids=["child", "first"])
def test_a_hard_coded_address_works_and_the_variable_stays(before: list[str], echo: int) -> None:
    port = _free()
    url = f"postgresql://u@localhost:{port}/d"
    env = _env(port, echo, DATABASE_URL=url)
    ran = _run(_words(port, sys.executable, "-c", CONNECTS, str(port)), env, *before)
    assert (ran.stdout, ran.stderr, ran.returncode) == (f"hello {url}\n", "", 0)
    plain = _run([COMMAND, "exec", "--", "printenv", "DATABASE_URL"], env)
    assert plain.stdout == f"postgresql://u@127.0.0.1:{echo}/d\n"


def test_auto_forwards_what_exec_would_rewrite(echo: int) -> None:
    port, other = _free(), _free()
    url = f"postgresql://u@localhost:{port}/d"
    env = _env(port, echo, DATABASE_URL=url, CACHE_URL=f"redis://localhost:{other}")
    words = [COMMAND, "exec", "--forward", "--", sys.executable, "-c", CONNECTS, str(port)]
    ran = _run(words, env)
    assert (ran.stdout, ran.stderr, ran.returncode) == (f"hello {url}\n", "", 0)


def test_a_variable_is_forwarded_by_its_name(echo: int) -> None:
    port = _free()
    env = _env(port, echo, PGHOST="localhost", PGPORT=str(port))
    words = [COMMAND, "exec", "--forward", "PGHOST", "--", sys.executable, "-c", CONNECTS]
    assert _run([*words, str(port)], env).stdout == "hello None\n"


FAMILY = """
import os, signal, sys
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
if os.fork() == 0:
    os._exit(3)
print(os.wait()[1] >> 8)
try:
    print(os.wait())
except ChildProcessError:
    print("no child")
print(sorted(map(int, os.listdir("/proc/self/fd")))[:-1])
sys.exit(7)
"""


@pytest.mark.parametrize("before", [[], pytest.param(FIRST, marks=ROOT)], ids=["child", "first"])
def test_the_command_has_no_child_that_it_did_not_start(before: list[str], echo: int) -> None:
    port = _free()
    program = [sys.executable, "-c", FAMILY]
    with_it = _run(_words(port, *program), _env(port, echo), *before)
    without = _run([COMMAND, "exec", "--", *program], _env(port, echo), *before)
    assert with_it.stdout == without.stdout
    assert with_it.stdout.startswith("no child\n3\nno child\n")
    assert (with_it.returncode, without.returncode) == (7, 7)


SUBREAPER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_a_command_that_adopts_orphans_does_not_get_this_one(echo: int) -> None:
    port = _free()
    before = [sys.executable, "-c", SUBREAPER]
    ran = _run(_words(port, sys.executable, "-c", FAMILY), _env(port, echo), *before)
    assert ran.stdout.startswith("no child\n3\nno child\n")
    assert ran.returncode == 7


@pytest.mark.parametrize("code", [0, 1, 255])
@pytest.mark.parametrize("before", [[], pytest.param(FIRST, marks=ROOT)], ids=["child", "first"])
def test_exit_codes(before: list[str], code: int, echo: int) -> None:
    port = _free()
    assert (
        _run(_words(port, "sh", "-c", f"exit {code}"), _env(port, echo), *before).returncode == code
    )


@contextmanager
def _waiting(port: int, target: int, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that says when it runs, and then waits."""
    process = subprocess.Popen(
        [*before, *_to(port, target, "sh", "-c", "echo; exec sleep 60")],
        env={"PATH": PATH},
        stdout=subprocess.PIPE,
        cwd="/",
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_forwarder_ends_with_the_command_however_that_ends(
    number: signal.Signals, echo: int
) -> None:
    port = _free()
    for _ in range(ROUNDS if number == signal.SIGKILL else FEW):
        with _waiting(port, echo) as process:
            assert _is_open(port)
            process.send_signal(number)
            assert process.wait(SECONDS) == -number
            assert eventually(lambda: not _is_open(port))


@ROOT
def test_it_ends_with_the_first_process_of_a_container(echo: int) -> None:
    port = _free()
    for _ in range(FEW):
        with _waiting(port, echo, *FIRST) as process:
            assert _is_open(port)
            process.kill()
            process.wait(SECONDS)
            assert eventually(lambda: not _is_open(port))


def test_signals_for_the_group_of_the_command_do_not_end_the_forwarder_before_it(
    echo: int,
) -> None:
    """A server that ends in order still talks to its database."""
    port = _free()
    program = "trap 'echo; sleep 1; exit 5' TERM; echo; while :; do sleep 0.05; done"
    with subprocess.Popen(
        _words(port, "sh", "-c", program),
        env=_env(port, echo),
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)
        process.stdout.readline()
        with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
            client.sendall(b"late")
            assert client.recv(4) == b"late"
        assert process.wait(SECONDS) == 5


def test_the_last_bytes_of_a_command_that_ends_at_once_arrive() -> None:
    port, size = _free(), 4 << 20
    program = (
        f"import socket; c = socket.create_connection(('localhost', {port}));"
        f" c.sendall(b'x' * {size})"
    )
    for _ in range(10):
        with server() as listener:
            target = listener.getsockname()[1]
            received: list[bytes] = []

            def serve(listener: socket.socket = listener, into: list[bytes] = received) -> None:
                with listener.accept()[0] as accepted:
                    time.sleep(0.05)
                    into.append(read_all(accepted))

            thread = threading.Thread(target=serve)
            thread.start()
            ran = _run(_to(port, target, sys.executable, "-c", program), {"PATH": PATH})
            assert ran.returncode == 0
            thread.join(SECONDS)
            assert list(map(len, received)) == [size]


def test_the_forwarder_has_nothing_of_the_command_open(echo: int) -> None:
    """Whoever waits for the end of a pipe that the command got does not wait for us."""
    port = _free()
    reading, writing = os.pipe()
    program = f"import os, time; os.close({writing}); print(flush=True); time.sleep(60)"
    with subprocess.Popen(
        _words(port, sys.executable, "-c", program),
        env=_env(port, echo),
        stdout=subprocess.PIPE,
        pass_fds=[writing],
        cwd="/",
    ) as process:
        os.close(writing)
        assert process.stdout is not None
        process.stdout.readline()
        with os.fdopen(reading, "rb") as end:
            assert end.read() == b""
        process.kill()
        process.stdout.read()  # it has no copy of the command's output either


def test_the_last_bytes_of_many_connections_arrive() -> None:
    """More wait in the kernel's queue at the end of the command than are accepted at a time."""
    port, clients, received = _free(), 400, []
    program = (
        f"import os, socket; made = [socket.create_connection(('127.0.0.1', {port}))"
        f" for _ in range({clients})]; [each.sendall(b'x') for each in made]; os._exit(0)"
    )
    with server() as listener:

        def serve() -> None:
            for _ in range(clients):
                with listener.accept()[0] as accepted:
                    accepted.settimeout(SECONDS)
                    received.append(read_all(accepted))

        thread = threading.Thread(target=serve)
        thread.start()
        target = listener.getsockname()[1]
        assert _run(_to(port, target, sys.executable, "-c", program), {"PATH": PATH}).stderr == ""
        thread.join(SECONDS)
        assert received == [b"x"] * clients


@pytest.mark.parametrize("closed", ["0", "1", "2", "0 1", "0 2", "1 2", "0 1 2"])
def test_streams_that_are_closed_stay_so_and_are_no_others(closed: str, echo: int) -> None:
    """Without them, what the forwarder opens first has their numbers."""
    port = _free()
    program = (
        "import os, socket, sys\n"
        "there = [fd for fd in range(3) if os.path.exists(f'/proc/self/fd/{fd}')]\n"
        f"client = socket.create_connection(('127.0.0.1', {port}))\n"
        "client.sendall(b'hello')\n"
        "sys.exit(client.recv(5) != b'hello' or any(str(fd) in sys.argv[1] for fd in there))"
    )
    words = _to(port, echo, sys.executable, "-S", "-c", program, closed)
    closing = " ".join(f"{fd}>&-" for fd in closed.split())
    ran = _run(["sh", "-c", f'exec "$@" {closing}', "sh", *words], {"PATH": PATH})
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", "", 0)


def test_a_log_that_nobody_reads_stops_no_connection(echo: int) -> None:
    """And the forwarder ends with the command, although the pipe is full."""
    port, other, missing = _free(), _free(), _free()
    reading, writing = os.pipe()
    spec = f"{port}=127.0.0.1:{echo},{other}=127.0.0.1:{missing}"
    words = [COMMAND, "exec", "--forward", spec, "--", "sh", "-c", "echo; exec sleep 60"]
    with (
        os.fdopen(reading, "rb"),
        os.fdopen(writing, "wb", buffering=0) as full,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=full, cwd="/") as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()
        os.set_blocking(full.fileno(), False)
        while full.write(b"x" * 4096):
            pass
        os.set_blocking(full.fileno(), True)
        with pytest.raises(ConnectionResetError):
            _one_byte(other)
        assert _one_byte(port) == b"x"
        process.kill()
        assert eventually(lambda: not _is_open(port))


LEADERLESS = """
import ctypes, threading, time
def run():
    while open("/proc/self/stat").read().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.001)
    print(flush=True)
    time.sleep(60)
threading.Thread(target=run).start()
ctypes.CDLL(None).pthread_exit(0)
"""


def test_a_process_whose_first_thread_has_ended_has_not() -> None:
    """Where the kernel has no pidfd, the forwarder looks whether the command is a zombie."""
    words = [sys.executable, "-c", LEADERLESS]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        assert beside._start_time(process.pid) is not None
        process.kill()
        assert eventually(lambda: beside._start_time(process.pid) is None)


def test_lists_of_processes_show_no_words_of_the_command(echo: int) -> None:
    """A program may write over a password in its words; the forwarder's copy would stay."""
    port = _free()
    words = _to(port, echo, "sh", "-c", "echo; exec sleep 60", "-phunter2")
    env = {"OF_TEST": str(port), "PATH": PATH}
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, cwd="/") as process:
        assert process.stdout is not None
        process.stdout.readline()
        shown = Path(f"/proc/{_forwarder_of(port)}/cmdline").read_bytes()
        process.kill()
    assert shown.rstrip(b"\0") == b"hostshift-fwd"


@pytest.mark.parametrize("command", ["exec", "forward"])
def test_the_limit_of_descriptors_is_raised_before_the_ports_need_it(command: str) -> None:
    ports = sorted({_free() for _ in range(40)})
    spec = ",".join(f"{port}=127.0.0.1:1" for port in ports)
    tail = " -- echo ran" if command == "exec" else ""
    program = f"ulimit -Sn 64; exec timeout -s TERM 5 {COMMAND} {command}"
    option = "--forward" if command == "exec" else ""
    if command == "exec":
        ran = _run(["sh", "-c", f"{program} {option} {spec}{tail}"], {"PATH": PATH})
        assert (ran.stdout, ran.stderr, ran.returncode) == ("ran\n", "", 0)
        return
    with subprocess.Popen(
        ["sh", "-c", f"{program} {spec}"], env={"PATH": PATH}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in ports]
        process.terminate()
    assert all(line.endswith("is open\n") for line in lines), lines[:1]


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("0", "0 is no port: a port is a number from 1 to 65535"),
        ("65536", "65536 is no port: a port is a number from 1 to 65535"),
        ("5432,5432", "two SPECs are for port 5432: leave one out"),
        ("NOT_SET", "NOT_SET is not a variable that is set. A SPEC is "),
        ("1=klingon", "'9=xxxxxxx' is no SPEC. A SPEC is "),
        ("", "there is no SPEC: name a port"),
        ("PATH", "PATH holds no address on localhost, so nothing is to forward"),
    ],
)
@pytest.mark.parametrize("command", ["exec", "forward"])
def test_bad_input_is_one_line_and_starts_nothing(command: str, spec: str, line: str) -> None:
    words = ["exec", "--forward", spec, "--", "echo"] if command == "exec" else ["forward", spec]
    ran = _run([COMMAND, *words], {"PATH": PATH})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"hostshift: {line}")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["exec", "forward"])
def test_a_port_in_use_is_one_line_and_starts_nothing(command: str) -> None:
    with server() as listener:
        taken, free = listener.getsockname()[1], _free()
        spec = f"{free}=db.example.com:1,{taken}=db.example.com:1"
        words = (
            ["exec", "--forward", spec, "--", "echo"] if command == "exec" else ["forward", spec]
        )
        ran = _run([COMMAND, *words], {"PATH": PATH})
        assert (ran.returncode, ran.stdout) == (2, "")
        in_use = f"port {taken} is in use here: something else listens on it"
        assert ran.stderr == f"hostshift: {in_use}\n"
        assert not _is_open(free)


@ROOT
def test_a_port_that_this_user_may_not_have_is_one_line() -> None:
    """In a user namespace of its own, a user has no right to the ports of this machine."""
    setpriv = "setpriv --reuid 65534 --clear-groups --bounding-set -all"
    script = (
        "echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start; ip link set lo up;"
        f" exec {setpriv} {sys.executable} -P -c '{PORT}'"
    )
    ran = _run(["sh", "-c", script], {"PATH": PATH}, "unshare", "--net")
    assert ran.stdout.startswith("no permission to listen on port 80"), ran.stderr


PORT = """
import sys
from hostshift.errors import ForwardError
from hostshift.forward.ports import Port
try:
    Port(80)
except ForwardError as error:
    print(error)
"""


@ROOT
def test_a_namespace_without_loopback_is_one_line() -> None:
    words = [COMMAND, "forward", "5432=192.0.2.1:5432"]
    ran = _run(words, {"PATH": PATH}, "unshare", "--net")
    assert ran.returncode == 2
    assert ran.stderr.startswith("hostshift: this network namespace has no loopback")


class TestForeground:
    @contextmanager
    def _running(self, port: int, target: int, *more: str) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [COMMAND, "forward", f"{port}=127.0.0.1:{target}", *more],
            env={"PATH": PATH},
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        try:
            assert process.stderr is not None
            assert process.stderr.readline().endswith("is open\n")
            yield process
        finally:
            process.kill()
            process.communicate()

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
    def test_it_ends_by_a_signal(self, number: signal.Signals, code: int, echo: int) -> None:
        port = _free()
        for _ in range(10):
            with self._running(port, echo) as process:
                assert _is_open(port)
                process.send_signal(number)
                assert process.wait(SECONDS) == code

    def test_open_connections_have_some_seconds_to_end(self, echo: int) -> None:
        port = _free()
        with self._running(port, echo) as process:
            with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
                client.sendall(b"x")
                assert client.recv(1) == b"x"
                process.send_signal(signal.SIGTERM)
                assert eventually(lambda: not _is_open(port))
                client.sendall(b"y")
                assert client.recv(1) == b"y"
            assert process.wait(SECONDS) == 0

    def test_the_counts_at_a_signal_and_at_the_end(self, echo: int) -> None:
        port = _free()
        with self._running(port, echo, "--stats") as process:
            with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
                client.sendall(b"hello")
                assert client.recv(5) == b"hello"
                process.send_signal(signal.SIGUSR1)
                assert process.stderr is not None
                title = f"hostshift: localhost:{port} for 127.0.0.1:{echo}"
                counts = "1 accepted, 5 bytes sent, 5 bytes received"
                assert process.stderr.readline() == f"{title}: 1 open, {counts}\n"
                assert process.stderr.readline() == f"hostshift:   to 127.0.0.1:{echo}: 1\n"
            process.send_signal(signal.SIGTERM)
            assert process.stderr.readline() == f"{title}: 0 open, {counts}\n"
            assert process.wait(SECONDS) == 0

    def test_a_target_that_comes_later_is_found(self) -> None:
        port, target = _free(), _free()
        with self._running(port, target):
            for _ in range(ROUNDS):
                with pytest.raises(ConnectionResetError):
                    _one_byte(port)
                with socket.create_server(("127.0.0.1", target)) as late:
                    late.settimeout(SECONDS)
                    thread = threading.Thread(target=_answer_one, args=(late,))
                    thread.start()
                    assert _one_byte(port) == b"x"
                    thread.join(SECONDS)


def _answer_one(listener: socket.socket) -> None:
    with listener.accept()[0] as accepted:
        accepted.sendall(accepted.recv(1))


def _one_byte(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
        client.sendall(b"x")
        return client.recv(1)
