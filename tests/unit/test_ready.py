"""Waiting for a server: what counts as ready, for how long, and what odd input ends in."""

from __future__ import annotations

import math
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift.cli import exec as command
from hostshift.resolution import readiness
from tests.authority import Authority
from tests.unit.test_greetings import HERE, REFUSAL, RIGHT, SSL_REQUEST, STARTING, serving

if TYPE_CHECKING:
    from collections.abc import Callable


def _answers(answer: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        if answer[4:5] not in (b"\x0a", b"\xff"):
            connection.recv(1 << 12)
        connection.sendall(answer)
        while connection.recv(1 << 12):
            pass

    return speak


BUSY = (b"-LOADING ", b"-MASTERDOWN ")


@pytest.mark.parametrize(("protocol", "answer"), RIGHT)
def test_who_greets_is_ready_but_for_those_who_say_not_yet(protocol: str, answer: bytes) -> None:
    not_yet = answer.startswith(BUSY) or (protocol == "mysql" and answer[4] == 0xFF)
    with serving(_answers(answer)) as port:
        assert readiness.is_ready(HERE, port, protocol) is not not_yet


@pytest.mark.parametrize(
    ("answer", "is_ready"),
    [
        pytest.param(REFUSAL, True, id="refused"),
        pytest.param(STARTING, False, id="starting"),
        pytest.param(b"N", False, id="a letter"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", False, id="HTTP"),
        pytest.param(SSL_REQUEST, False, id="something else"),
    ],
)
def test_postgresql_is_asked_as_pg_isready_does(answer: bytes, is_ready: bool) -> None:
    with serving(_answers(answer)) as port:
        assert readiness.is_ready(HERE, port, "postgresql") is is_ready


def test_who_speaks_only_tls_is_ready(tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    file.write_text("".join(Authority().sign("localhost")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def speak(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)

    with serving(speak) as port:
        assert readiness.is_ready(HERE, port, "redis")
        assert readiness.is_ready(HERE, port, "amqp")


def test_who_hangs_up_at_once_is_not_ready() -> None:
    """The proxy of a published port does so while its container is not ready."""
    with serving(lambda _: None) as port:
        assert not readiness.is_ready(HERE, port, "kafka")
        assert not readiness.is_ready(HERE, port, "redis")


def test_of_an_unknown_protocol_it_is_enough_to_accept() -> None:
    with serving(lambda connection: connection.recv(1)) as port:
        assert readiness.is_ready("localhost", port, "kafka")


@pytest.mark.parametrize("protocol", ["postgresql", "mysql", "kafka"])
@pytest.mark.parametrize(
    ("host", "port"),
    [
        (HERE, 0),
        (HERE, 70000),
        (HERE, -5),
        ("a" * 400, 5432),
        ("x\0y", 5432),
        ("\udc80", 5432),
        ("..", 5432),
        ("", 5432),
        ("fe80::1%nowhere", 5432),
        ("no-such-host.invalid", 5432),
    ],
)
def test_odd_places_are_not_ready_and_raise_nothing(host: str, port: int, protocol: str) -> None:
    assert readiness.is_ready(host, port, protocol) is False


def _listen(connection: socket.socket) -> None:
    while connection.recv(1 << 12):
        pass


def test_an_interrupt_leaves_no_socket_open() -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with serving(_listen) as port:
        handler = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            with pytest.raises(KeyboardInterrupt):
                readiness.is_ready(HERE, port, "memcached")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
        open_to = [_peer(int(path.name)) for path in Path("/proc/self/fd").iterdir()]
        assert (HERE, port) not in open_to


def _peer(descriptor: int) -> object:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as one:
            return one.getpeername()
    except OSError:
        return None


def test_without_descriptors_it_is_not_ready() -> None:
    program = (
        "import resource; from hostshift.machine import probe;"
        "from hostshift.resolution import readiness;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3));"
        "print(readiness.is_ready('127.0.0.1', 5432, 'postgresql'),"
        " readiness.is_ready('::1', 1, 'kafka'))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False False\n"


class TestSeconds:
    """The seconds of `--wait NAME=SECONDS`."""

    @pytest.mark.parametrize(
        "given", ["nan", "NaN", "-nan", "inf", "-inf", "Infinity", "1e999", "-1", "-0.01", "soon"]
    )
    def test_what_is_no_time_is_refused(
        self, given: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        started = time.monotonic()
        assert command.main(["--wait", f"CACHE_URL={given}", "--", "true"]) == command.MISUSED
        assert capsys.readouterr().err.startswith(
            "hostshift: --wait CACHE_URL= takes a number of seconds, 0 or more and finite,"
            " such as --wait CACHE_URL=30\n"
        )
        assert time.monotonic() - started < 5

    @pytest.mark.parametrize(
        "given", ["redis://:hunter2@cache:6379/0", "redis://:hunter2@cache:6379/0=5", "", "=5"]
    )
    def test_what_is_no_name_is_refused_and_not_shown(
        self, given: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command.main([f"--wait={given}", "--", "true"]) == command.MISUSED
        error = capsys.readouterr().err
        assert "hunter2" not in error
        assert "--wait takes the name of a variable" in error

    @pytest.mark.parametrize(
        ("given", "seconds"), [("A", 60.0), ("A=", 60.0), ("A=0", 0.0), ("A=1.5", 1.5)]
    )
    def test_what_is_a_time_is_taken(self, given: str, seconds: float) -> None:
        assert command._waited(given) == {"A": seconds}

    @given(st.text(max_size=12))
    def test_no_text_makes_it_wait_for_ever(self, text: str) -> None:
        try:
            (seconds,) = command._waited(f"A={text}").values()
        except command._Misused:
            return
        assert math.isfinite(seconds)
        assert seconds >= 0
