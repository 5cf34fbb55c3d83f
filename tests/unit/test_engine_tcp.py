"""Docker in Docker: ``DOCKER_HOST=tcp://NAME`` is asked on this container's own networks alone.

127.0.0.9 stands for a container's address: Linux answers on all of 127/8, and only
127.0.0.1 of it is loopback for hostshift.
"""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hostshift.base.deadline import Deadline
from hostshift.detect import connections, listeners
from hostshift.discovery import Topology, engine
from hostshift.discovery.engine import chosen, listener
from hostshift.trust import owners
from tests.unit.fake_engine import (
    INSPECTED,
    PLENTY,
    Call,
    fake_engine,
    hangs,
    the_gap,
    truthful,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="other systems answer on 127.0.0.1 alone"),
    pytest.mark.usefixtures("no_usual_engine"),
]

NEAR = "127.0.0.9"
NOTHING: Mapping[str, str] = {}
SUBNETS = ("10.5.0.0/16", "127.0.0.0/24")


def _names(name: str) -> tuple[str, ...] | None:
    """Look a name up as a resolver that can fail does."""
    known: dict[str, tuple[str, ...] | None] = {
        "dind": (NEAR,),
        "two": (NEAR, "127.0.0.10"),
        "far": ("203.0.113.7",),
        "both": (NEAR, "203.0.113.7"),
        "here": ("127.0.0.1", "::1"),
        "mapped": ("::ffff:127.0.0.1",),
        "silent": None,
    }
    return known.get(name, ())


def _read(host: str, environ: Mapping[str, str] = NOTHING, seconds: float = PLENTY) -> Topology:
    return engine.read(
        (),
        {"DOCKER_HOST": host, "HOME": "/nonexistent", **environ},
        deadline=Deadline(seconds, PLENTY),
        directory="/",
        subnets=SUBNETS,
        resolve=_names,
    )


@pytest.mark.parametrize("scheme", ["tcp", "http"])
@pytest.mark.parametrize("name", ["dind", NEAR, "two"])
def test_an_engine_on_a_network_of_this_container_is_asked(scheme: str, name: str) -> None:
    with fake_engine(NEAR) as fake:
        found = _read(f"{scheme}://{name}:{fake.port}")
    assert [service.service for service in found.services] == ["db"]
    assert (found.engine, found.engine_host) == (f"tcp://{name}:{fake.port}", name)
    assert (found.notes, found.gaps) == ((), ())


def test_the_second_address_is_asked_where_the_first_refuses() -> None:
    with fake_engine("127.0.0.10") as fake:
        assert _read(f"tcp://two:{fake.port}").engine


def test_its_bridges_are_not_on_this_machine() -> None:
    on = {"shop_default": {"IPAddress": "172.29.0.2", "Gateway": "172.29.0.1"}}
    said = {**INSPECTED, "NetworkSettings": {"Networks": on}}
    handler = functools.partial(truthful, inspected=said)
    with fake_engine(NEAR, handler) as fake:
        assert _read(f"tcp://dind:{fake.port}").bridges == ()
    with fake_engine("127.0.0.1", handler) as fake:
        assert _read(f"tcp://localhost:{fake.port}").bridges == ("172.29.0.1",)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "here"])
def test_an_engine_behind_loopback_publishes_in_this_namespace(host: str) -> None:
    """Also on the host itself, where no network counts as connected."""
    with fake_engine("127.0.0.1") as fake:
        environ = {"DOCKER_HOST": f"tcp://{host}:{fake.port}"}
        deadline = Deadline(PLENTY, PLENTY)
        found = engine.read((), environ, deadline=deadline, directory="/", resolve=_names)
    assert (found.engine, found.engine_host) == (f"tcp://{host}:{fake.port}", "")
    assert found.services


def test_no_user_and_no_password_is_shown() -> None:
    with fake_engine(NEAR) as fake:
        found = _read(f"tcp://me:s3cret@dind:{fake.port}/")
    assert found.engine == f"tcp://dind:{fake.port}"
    assert "s3cret" not in repr(found)


@contextmanager
def _never_dialled() -> Iterator[int]:
    """Give a port on which everybody would be seen who connects."""
    with socket.create_server((NEAR, 0)) as listener:
        listener.settimeout(0.2)
        yield int(listener.getsockname()[1])
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("name", ["far", "both", "203.0.113.7", "nowhere"])
def test_an_engine_elsewhere_is_none_here_and_is_not_dialled(name: str) -> None:
    with _never_dialled() as port:
        found = _read(f"tcp://{name}:{port}")
    assert "no local engine" in the_gap(found, passing=False)
    assert found.engine_host == ""


def test_on_the_host_another_address_is_another_machine() -> None:
    with _never_dialled() as port:
        environ = {"DOCKER_HOST": f"tcp://{NEAR}:{port}"}
        found = engine.read((), environ, deadline=Deadline(1), directory="/", resolve=_names)
    assert "no local engine" in the_gap(found, passing=False)


def test_a_name_that_nobody_could_tell_of_is_not_known_to_be_elsewhere() -> None:
    assert "no name server" in the_gap(_read("tcp://silent:2375"), passing=True)
    environ = {"DOCKER_HOST": "tcp://dind:2375"}
    alone = engine.read((), environ, deadline=Deadline(1), directory="/", subnets=SUBNETS)
    assert "no name server" in the_gap(alone, passing=True)


TLS = [
    pytest.param("tcp://dind:2376", {}, id="the usual port of TLS"),
    pytest.param("tcp://dind:PORT", {"DOCKER_TLS_VERIFY": "1"}, id="TLS with verification"),
    pytest.param("tcp://dind:PORT", {"DOCKER_TLS": "1"}, id="TLS without"),
    pytest.param("tcp://dind", {"DOCKER_TLS_VERIFY": "1"}, id="no port"),
    pytest.param("https://dind:PORT", {}, id="by its scheme"),
]


@pytest.mark.parametrize(("host", "environ"), TLS)
def test_an_engine_that_wants_tls_is_not_asked_but_its_host_is_known(
    host: str, environ: dict[str, str]
) -> None:
    with _never_dialled() as port:
        found = _read(host.replace("PORT", str(port)), environ)
    assert "TLS" in the_gap(found, passing=False)
    assert found.gaps[0].fix
    assert found.engine_host == "dind"


PLAIN_TO_TLS = [
    pytest.param(
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
        id="Go",
    ),
    pytest.param(b"\x15\x03\x01\x00\x02\x02\x46", id="an alert"),
]


@pytest.mark.parametrize("answer", PLAIN_TO_TLS)
def test_an_engine_that_turns_out_to_want_tls(answer: bytes) -> None:
    with fake_engine(NEAR, lambda call: call.send(answer)) as fake:
        found = _read(f"tcp://dind:{fake.port}")
    assert "TLS" in the_gap(found, passing=False)
    assert found.engine_host == "dind"


def test_an_engine_that_starts_later_is_missing_for_now() -> None:
    """Its host is known all the same: what it will publish is there."""
    with socket.create_server((NEAR, 0)) as free:
        port = free.getsockname()[1]
    found = _read(f"tcp://dind:{port}")
    assert "nobody listens" in the_gap(found, passing=True)
    assert found.engine_host == "dind"
    with fake_engine(NEAR, hangs) as fake:
        found = _read(f"tcp://dind:{fake.port}", seconds=0.3)
    assert "in time" in the_gap(found, passing=True)
    assert found.engine_host == "dind"


def test_a_reset_in_the_middle_is_missing_for_now() -> None:
    def handler(call: Call) -> None:
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[")
        call.reset()

    with fake_engine(NEAR, handler) as fake:
        found = _read(f"tcp://dind:{fake.port}")
    assert "hung up" in the_gap(found, passing=True)


@pytest.mark.parametrize("host", ["tcp://dind:port", "tcp://[::1", "tcp://dind:2375/base"])
def test_an_address_that_is_none(host: str) -> None:
    with fake_engine(NEAR) as fake:
        assert "tcp://NAME:2375" in the_gap(_read(host), passing=False)
    assert fake.paths == []


def _context(home: Path, host: str, *, tls: bool) -> None:
    base = home / ".docker" / "contexts"
    digest = chosen._digest("ci")
    (base / "meta" / digest).mkdir(parents=True)
    meta = {"Name": "ci", "Endpoints": {"docker": {"Host": host}}}
    (base / "meta" / digest / "meta.json").write_text(json.dumps(meta))
    if tls:
        (base / "tls" / digest / "docker").mkdir(parents=True)


@pytest.mark.parametrize("tls", [False, True])
def test_a_context_by_tcp_is_as_docker_host_is(tls: bool, tmp_path: Path) -> None:
    with fake_engine(NEAR) as fake:
        _context(tmp_path, f"tcp://dind:{fake.port}", tls=tls)
        found = _read("", {"HOME": str(tmp_path), "DOCKER_CONTEXT": "ci"})
    assert found.engine_host == "dind"
    assert bool(found.engine) is not tls
    assert [bool(gap.fix) for gap in found.gaps] == [True] * tls


# --- another user of the machine ------------------------------------------------------------------

LISTENS = """
import os, socket, sys
os.setresuid(23457, 23457, 23457)
at = sys.argv[1], int(sys.argv[4])
both = sys.argv[1] == "::" or "ffff" in sys.argv[1]
listening = socket.create_server(at, family=int(sys.argv[2]), dualstack_ipv6=both)
print(listening.getsockname()[1], flush=True)
connection, _ = listening.accept()
if sys.argv[3] == "closes":
    listening.close()
print("dialled", flush=True)
sys.stdin.read()
"""


@contextmanager
def _their_listener(
    address: str = "127.0.0.1", how: str = "stays", at: int = 0
) -> Iterator[tuple[int, Any]]:
    """Listen as another user; give the port and the process."""
    family = int(socket.AF_INET6 if ":" in address else socket.AF_INET)
    words = [sys.executable, "-P", "-c", LISTENS, address, str(family), how, str(at)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process
        finally:
            process.kill()


def _on_the_host(host: str) -> Topology:
    deadline = Deadline(PLENTY, PLENTY)
    return engine.read((), {"DOCKER_HOST": host}, deadline=deadline, directory="/", resolve=_names)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


@as_root
@pytest.mark.parametrize(
    "name",
    [
        *("localhost", "127.0.0.1", "here", "mapped"),
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:FFFF:127.0.0.1]"),
    ],
)
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1"])
def test_an_engine_of_another_user_on_loopback_is_not_believed(name: str, address: str) -> None:
    """Anybody may listen on the engine's port while the engine is down."""
    with _their_listener(address) as (port, process):
        found = _on_the_host(f"tcp://{name}:{port}")
        process.kill()
        assert process.stdout.read() == ""  # nobody has dialled it
    assert "belongs to another user" in the_gap(found, passing=False)
    assert (found.engine, found.services) == ("", ())


@as_root
def test_who_listens_on_the_other_loopback_stops_nobody() -> None:
    with fake_engine("127.0.0.1") as fake, _their_listener("::1", at=fake.port):
        assert _on_the_host(f"tcp://localhost:{fake.port}").services
        assert "another user" in the_gap(_on_the_host(f"tcp://[::1]:{fake.port}"), passing=False)


@as_root
def test_a_sidecar_of_a_pod_may_be_any_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``docker:dind-rootless`` is; LXC is a machine of several users."""
    for engines in (True, False):
        monkeypatch.setattr(owners, "is_in_an_engines_container", lambda here=engines: here)
        with _their_listener() as (port, _):
            found = _read(f"tcp://localhost:{port}", seconds=0.3)
        assert ("another user" in repr(found.gaps)) is not engines


@as_root
@pytest.mark.parametrize("dialled", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_who_listens_no_longer_is_not_believed(dialled: str) -> None:
    """That program came after the first look, and stopped before the second."""
    with (
        _their_listener(how="closes") as (port, process),
        socket.create_connection((dialled, port)) as connected,
    ):
        assert process.stdout.readline() == "dialled\n"
        with pytest.raises(listener.Foreign, match="listens no longer"):
            listener.check_connected(connected)


def test_where_the_kernel_does_not_say_who_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "foreign_owner", lambda *_: None)
    with fake_engine("127.0.0.1") as fake:
        found = _on_the_host(f"tcp://localhost:{fake.port}")
        assert "does not say" in the_gap(found, passing=False)
        monkeypatch.setattr(sys, "platform", "darwin")
        assert _on_the_host(f"tcp://localhost:{fake.port}").services


def test_where_the_kernel_shows_no_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """As WSL, whose loopback leads to Windows: no table has the other end either."""
    monkeypatch.setattr(listeners, "_table", listeners.Table)
    monkeypatch.setattr(connections, "table", lambda _: "")
    with fake_engine("127.0.0.1") as fake:
        assert _on_the_host(f"tcp://localhost:{fake.port}").services
