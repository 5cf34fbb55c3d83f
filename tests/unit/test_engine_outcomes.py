"""Three outcomes of an engine: it says, there is none, it could not say. Never a fourth."""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hostshift.base.deadline import Deadline
from hostshift.discovery import engine
from hostshift.discovery.engine import snapshot, sockets
from hostshift.discovery.engine.snapshot import Snapshot
from tests.unit.fake_engine import (
    ID,
    INSPECTED,
    LISTED,
    PLENTY,
    Call,
    fake_engine,
    hangs,
    read_engine,
    the_gap,
    the_note,
    truthful,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = "5" * 64
STRANGE = "e" * 64


pytestmark = pytest.mark.usefixtures("no_usual_engine")


def _resets(call: Call) -> None:
    """Break the connection off: what was sent is thrown away as well."""
    call.reset()


# --- several engines ----------------------------------------------------------------------------


@contextmanager
def _two(tmp_path: Path, first: Any, second: Any) -> Iterator[dict[str, str]]:
    """Give the environment of two engines; None is a socket on which nobody listens."""
    (tmp_path / "podman").mkdir()
    paths = (tmp_path / "docker.sock", tmp_path / "podman" / "podman.sock")
    with _each(paths[0], first), _each(paths[1], second):
        yield {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}


@contextmanager
def _each(path: Path, handler: Any) -> Iterator[None]:
    if handler is None:
        with socket.socket(socket.AF_UNIX) as left_over:
            left_over.bind(str(path))
        yield
    else:
        with fake_engine(path, handler):
            yield


def _forbids(call: Call) -> None:
    call.answer({"message": "no"}, "403 Forbidden")


NOT_ALL = [
    pytest.param(hangs, truthful, (), 1, id="the host: one silent, one says"),
    pytest.param(_forbids, truthful, (), 1, id="the host: one refuses, one says"),
    pytest.param(None, truthful, (), 1, id="the host: nobody listens, one says"),
    pytest.param(truthful, hangs, (), 0, id="the host: the first says"),
    pytest.param(hangs, truthful, (ID,), 0, id="the one that lists me says"),
    pytest.param(hangs, truthful, (STRANGE,), 1, id="the silent one may list me"),
    pytest.param(_resets, truthful, (STRANGE,), 1, id="the broken one may list me"),
    pytest.param(None, truthful, (STRANGE,), 1, id="the one where nobody listens may list me"),
    pytest.param(truthful, hangs, (STRANGE,), 1, id="the second may list me"),
    pytest.param(truthful, truthful, (STRANGE,), 0, id="both say, and none lists me"),
]


@pytest.mark.parametrize(("first", "second", "own", "gaps"), NOT_ALL)
def test_an_engine_that_could_not_say_matters_if_it_could_be_mine(
    first: Any, second: Any, own: tuple[str, ...], gaps: int, tmp_path: Path
) -> None:
    with _two(tmp_path, first, second) as environ:
        found = engine.read(own, environ, deadline=Deadline(1, PLENTY), directory="/")
    assert found.engine
    assert [service.service for service in found.services] == ["db"]
    assert len(found.gaps) == gaps
    assert found.notes or first is second


NONE = [
    pytest.param(hangs, hangs, [True, True], id="both silent"),
    pytest.param(None, None, [True, True], id="nobody listens on both"),
    pytest.param(None, _forbids, [True, False], id="nobody listens, and one refuses"),
]


@pytest.mark.parametrize(("first", "second", "passing"), NONE)
def test_where_no_engine_says_there_is_a_gap_for_each(
    first: Any, second: Any, passing: list[bool], tmp_path: Path
) -> None:
    with _two(tmp_path, first, second) as environ:
        found = engine.read((), environ, deadline=Deadline(0.4, PLENTY), directory="/")
    assert (found.engine, found.services) == ("", ())
    assert [gap.passing for gap in found.gaps] == passing


def test_who_trickles_leaves_time_for_the_other(tmp_path: Path) -> None:
    def drips(call: Call) -> None:
        call.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 10_000)

    with _two(tmp_path, drips, truthful) as environ:
        began = time.monotonic()
        found = engine.read((), environ, deadline=Deadline(0.5, 2), directory="/")
        assert time.monotonic() - began < 2
    assert found.engine == str(tmp_path / "podman" / "podman.sock")
    assert len(found.gaps) == 1


def test_a_directory_in_place_of_the_socket_is_none(tmp_path: Path) -> None:
    """Docker makes one of a bind mount whose source is missing."""
    (tmp_path / "docker.sock").mkdir()
    assert "does not exist" in the_gap(read_engine(tmp_path / "docker.sock"), passing=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="this user cannot become another one")
def test_a_place_that_nobody_may_look_into_is_no_engine(tmp_path: Path) -> None:
    """``/run/podman`` is closed to users wherever Podman is installed."""
    closed = tmp_path / "run" / "podman"
    closed.mkdir(parents=True)
    closed.chmod(0)
    for directory in (tmp_path, *tmp_path.parents):
        if "pytest-of-" in str(directory):
            directory.chmod(0o755)
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    chosen = {"DOCKER_HOST": f"unix://{closed}/podman.sock"}
    os.seteuid(65534)
    try:
        usual = engine.read((), environ, deadline=Deadline(1), directory="/")
        named = engine.read((), chosen, deadline=Deadline(1), directory="/")
    finally:
        os.seteuid(0)
    assert "cannot be used by this user" in the_note(usual)
    assert "cannot be used by this user" in the_gap(named, passing=False)


def test_a_fifo_as_the_docker_commands_configuration_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    os.mkfifo(tmp_path / ".docker" / "config.json")
    found = engine.read((), {"HOME": str(tmp_path)}, deadline=Deadline(1), directory="/")
    assert "cannot be read" in the_gap(found, passing=False)


def test_an_engine_that_closes_connections_without_a_word_is_asked_again(tmp_path: Path) -> None:
    """Proxies do so, which stand before an engine's socket."""

    def handler(call: Call) -> None:
        body = ANSWERS[call.path.partition("?")[0]]
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        found = read_engine(at)
    assert [service.service for service in found.services] == ["db"]
    assert (found.notes, found.gaps) == ((), ())


# --- one container ------------------------------------------------------------------------------


def _list(call: Call) -> None:
    """List two containers, of which the handler describes the first."""
    if call.path == "/version":
        call.answer({"Components": []})
    else:
        other = {**LISTED, "Id": OTHER, "Names": ["/shop-store-1"]}
        call.answer([LISTED, other])


def _describe_other(call: Call) -> None:
    call.answer({**INSPECTED, "Id": OTHER, "Name": "/shop-store-1"})


def _with_one_that(fails: Any, call: Call) -> None:
    if call.path.startswith(f"/containers/{ID}"):
        fails(call)
    elif call.path.startswith(f"/containers/{OTHER}"):
        _describe_other(call)
    else:
        _list(call)


ONE_FAILS = [
    pytest.param(hangs, True, id="silent"),
    pytest.param(_resets, True, id="reset"),
    pytest.param(Call.take, True, id="hung up"),
    pytest.param(lambda call: call.answer(b"<html>"), False, id="no JSON"),
    pytest.param(lambda call: call.answer([]), False, id="no object"),
    pytest.param(lambda call: call.answer({}), False, id="no id and name"),
    pytest.param(lambda call: call.answer(b"{}", "500 Internal Server Error"), True, id="an error"),
    pytest.param(lambda call: call.send(b"SSH-2.0-x\r\n"), False, id="no HTTP"),
]


@pytest.mark.parametrize(("fails", "passing"), ONE_FAILS)
def test_a_container_that_the_engine_cannot_describe_is_as_the_list_has_it(
    fails: Any, passing: bool, tmp_path: Path
) -> None:
    """Its aliases are unknown then. The other one is described in full."""
    at = tmp_path / "docker.sock"
    with fake_engine(at, functools.partial(_with_one_that, fails)):
        found = read_engine(at, 0.6)
    containers = {one.name: one for service in found.services for one in service.containers}
    assert set(containers) == {"shop-db-1", "shop-store-1"}
    assert "db" not in containers["shop-db-1"].memberships[0].names
    assert "db" in containers["shop-store-1"].memberships[0].names
    assert containers["shop-db-1"].publications[0].published == 15432
    (gap,) = found.gaps
    assert gap.passing == passing
    assert "shop-db-1" in gap.what


def test_an_engine_that_describes_none_is_not_asked_for_each(tmp_path: Path) -> None:
    entries = [{**LISTED, "Id": f"{at:064x}", "Names": [f"/shop-db-{at}"]} for at in range(50)]

    def handler(call: Call) -> None:
        if call.path.startswith("/containers/json"):
            call.answer(entries)
        elif call.path == "/version":
            call.answer({})
        else:
            call.reset()

    at = tmp_path / "docker.sock"
    with fake_engine(at, handler) as fake:
        found = read_engine(at, 0.6)
    assert len(fake.paths) < 10
    assert sum(len(service.containers) for service in found.services) == 50
    assert found.gaps
    assert all(gap.passing for gap in found.gaps)


def test_a_snapshot_shows_no_environment() -> None:
    said = {**INSPECTED, "Config": {"Env": ["PASSWORD=s3cret"]}}
    assert "s3cret" not in repr(Snapshot(containers=(said,), podman=False))


# --- whatever an engine does --------------------------------------------------------------------

ANSWERS = {
    "/version": json.dumps({"Components": []}).encode(),
    "/containers/json": json.dumps([LISTED]).encode(),
    f"/containers/{ID}/json": json.dumps(INSPECTED).encode(),
}
BREAKS = ("hangs", "resets", "hangs up", "trickles", "nonsense")


def _breaks_at(where: str, size: int, how: str, chunked: bool, junk: bytes, call: Call) -> None:
    """Answer as an engine does up to a byte of one answer, and then do something else."""
    path = call.path.partition("?")[0]
    body = ANSWERS[path]
    head = f"Content-Length: {len(body)}".encode()
    if chunked:
        head, body = b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\nConnection: close\r\n\r\n" + body
    if path != where:
        call.send(answer)
        return
    call.send(answer[: size % len(answer)])
    if how == "hangs":
        call.ended.wait(5)
    elif how == "resets":
        call.reset()
    elif how == "trickles":
        call.drip(answer[size % len(answer) :])
    elif how == "nonsense":
        call.send(junk)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    where=st.sampled_from(sorted(ANSWERS)),
    size=st.integers(0, 2000),
    how=st.sampled_from(BREAKS),
    chunked=st.booleans(),
    junk=st.binary(max_size=40),
)
@example(where="/version", size=0, how="hangs up", chunked=False, junk=b"")
@example(where="/containers/json", size=40, how="resets", chunked=True, junk=b"")
def test_an_engine_that_breaks_at_any_byte_never_becomes_nothing(
    where: str, size: int, how: str, chunked: bool, junk: bytes
) -> None:
    """Nothing is raised, it is in time, and what is missing is told."""
    handler = functools.partial(_breaks_at, where, size, how, chunked, junk)
    with tempfile.TemporaryDirectory() as directory:
        at = Path(directory) / "docker.sock"
        with fake_engine(at, handler):
            began = time.monotonic()
            found = read_engine(at, 0.15, limit=0.8)
            took = time.monotonic() - began
    assert took < 2
    described = [one for service in found.services for one in service.containers]
    assert described or found.gaps
    if not found.gaps:
        assert "db" in described[0].memberships[0].names


@pytest.mark.parametrize("error", [MemoryError, RecursionError, OSError, KeyError])
def test_whatever_breaks_in_here_is_an_engine_that_could_not_say(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has to be provoked: no engine's answer is known that does it."""

    def breaks(*_: object, **__: object) -> None:
        raise error

    at = tmp_path / "docker.sock"
    with fake_engine(at):
        monkeypatch.setattr(snapshot, "snapshot", breaks)
        found = read_engine(at)
        monkeypatch.setattr(sockets, "find", breaks)
        outside = read_engine(at)
    assert found.gaps
    assert outside.gaps
    assert (found.engine, outside.engine) == ("", "")


def test_out_of_descriptors_is_no_engine_that_is_not_there(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    script = (
        "import resource, sys; from hostshift.base.deadline import Deadline;"
        "from hostshift.discovery import engine;"
        "from hostshift.discovery.engine import services, snapshot;"
        "environ = {'DOCKER_HOST': 'unix://' + sys.argv[1]};"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3));"
        "found = engine.read((), environ, deadline=Deadline(1), directory='/');"
        "print([gap.passing for gap in found.gaps])"
    )
    with fake_engine(at):
        done = subprocess.run(
            [sys.executable, "-c", script, str(at)], capture_output=True, text=True, check=False
        )
    assert done.stdout == "[True]\n", done.stderr
