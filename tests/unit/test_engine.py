"""Engines that misbehave could not say, and are let go in time. The lab shows what is true."""

from __future__ import annotations

import contextlib
import copy
import functools
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift.discovery.engine import list_entries, snapshot
from hostshift.discovery.engine.caller import Caller
from hostshift.discovery.engine.reading import Reading
from hostshift.discovery.engine.services import around
from hostshift.discovery.engine.snapshot import Snapshot
from tests.unit.fake_engine import (
    ID,
    INSPECTED,
    LISTED,
    Call,
    fake_engine,
    hangs,
    read_engine,
    the_gap,
    truthful,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.6
DESCRIPTORS = Path("/proc/self/fd")


pytestmark = pytest.mark.usefixtures("no_usual_engine")


def test_the_fake_is_believed_when_it_behaves(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at):
        found = read_engine(at)
    assert [service.service for service in found.services] == ["db"]
    assert found.engine == str(at)
    assert found.notes == ()


# --- silence and floods -------------------------------------------------------------------------


def _hangs_at_the_list(call: Call) -> None:
    truthful(call) if call.path == "/version" else call.ended.wait(10)


def _drips_its_head(call: Call) -> None:
    call.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 1000)


def _drips_its_body(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    call.drip(b" " * 100_000)


def _floods(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\n\r\n[")
    while not call.ended.is_set():
        call.send(b'"x",' * 10_000)


@pytest.mark.parametrize("handler", [hangs, _hangs_at_the_list])
def test_silence_costs_what_is_allowed_for_it(handler: Any, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        began = time.monotonic()
        found = read_engine(at, SECONDS)
        took = time.monotonic() - began
    assert SECONDS * 0.9 < took < SECONDS * 2
    assert "in time" in the_gap(found, passing=True)


@pytest.mark.parametrize("handler", [_drips_its_head, _drips_its_body])
def test_who_says_a_little_all_the_time_is_let_go_at_the_limit(
    handler: Any, tmp_path: Path
) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        began = time.monotonic()
        found = read_engine(at, SECONDS, limit=SECONDS * 2)
        took = time.monotonic() - began
    assert SECONDS * 1.8 < took < SECONDS * 3
    assert "in time" in the_gap(found, passing=True)


def test_who_works_may_take_longer_than_who_is_silent(tmp_path: Path) -> None:
    """Each answer is late by less than the silence, all of them together by much more."""

    def handler(call: Call) -> None:
        call.ended.wait(SECONDS / 2)
        truthful(call)

    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        found = read_engine(at, SECONDS * 2)
    assert (found.engine, found.gaps) == (str(at), ())


def test_an_answer_that_came_while_this_process_did_not_run_is_read(tmp_path: Path) -> None:
    """Time that the process did not get is nobody's silence."""
    at = tmp_path / "docker.sock"
    ask_it = (
        "import sys;from hostshift.base.deadline import Deadline;"
        "from hostshift.discovery import engine;"
        "print('asking', flush=True);"
        "found = engine.read((), {'DOCKER_HOST': 'unix://' + sys.argv[1]},"
        " deadline=Deadline(0.5, 20));"
        "print(len(found.services), len(found.gaps))"
    )
    stopped = threading.Event()

    def handler(call: Call) -> None:
        # It answers once the other side sleeps, and long before that one's limit.
        stopped.wait(10)
        truthful(call)

    with (
        fake_engine(at, handler) as fake,
        subprocess.Popen(
            [sys.executable, "-c", ask_it, str(at)], stdout=subprocess.PIPE, text=True
        ) as asking,
    ):
        assert asking.stdout is not None
        assert asking.stdout.readline() == "asking\n"
        while not fake.paths:
            time.sleep(0.001)
        asking.send_signal(signal.SIGSTOP)
        stopped.set()
        time.sleep(1.5)
        asking.send_signal(signal.SIGCONT)
        assert asking.stdout.read() == "1 0\n"


def test_no_thread_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at) as fake:
        before = threading.current_thread()
        started: list[threading.Thread] = []
        run = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            if threading.current_thread() is before:
                started.append(thread)
            run(thread)

        monkeypatch.setattr(threading.Thread, "start", start)
        assert read_engine(at).engine == str(at)
    assert fake.paths
    assert started == []


def test_a_full_queue_is_waited_for(tmp_path: Path) -> None:
    """A unix socket refuses for the moment where too many wait to be let in."""
    at = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as waiting:
        listener.bind(str(at))
        listener.listen(0)
        while True:
            one = waiting.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            if one.connect_ex(str(at)):
                break
        began = time.monotonic()
        found = read_engine(at, SECONDS)
        took = time.monotonic() - began
    assert SECONDS * 0.9 < took < SECONDS * 2
    assert "in time" in the_gap(found, passing=True)


def test_an_endless_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LIMIT", 1 << 20)
    at = tmp_path / "docker.sock"
    with fake_engine(at, _floods):
        assert "more than 1 MB" in the_gap(read_engine(at), passing=False)


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="no /proc: nowhere to count descriptors")
def test_many_connections_are_not_left_open(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    before = len(list(DESCRIPTORS.iterdir()))
    with fake_engine(at):
        for _ in range(20):
            read_engine(at)
    assert len(list(DESCRIPTORS.iterdir())) <= before + 2


# --- nonsense -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>", "with JSON"),
        (b"", "with JSON"),
        (b"\xff\xfe\x00", "with JSON"),
        (b"[" * 100_000, "with JSON"),
        (b"7", "an unexpected document"),
        (b"[]", "an unexpected document"),
        (b'{"Components": 7}', "Components"),
        (b'{"Components": [7]}', "an unexpected document"),
    ],
)
def test_nonsense(body: bytes, what: str, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, lambda call: call.answer(body)):
        assert what in the_gap(read_engine(at), passing=False)


@pytest.mark.parametrize(
    ("status", "passing"),
    [
        ("500 Internal Server Error", True),
        ("503 Service Unavailable", True),
        ("401 Unauthorized", False),
        ("403 Forbidden", False),
        ("404 Not Found", False),
        ("204 Empty", False),
    ],
)
def test_another_status(status: str, passing: bool, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, lambda call: call.answer(b"password=s3cret", status)):
        said = the_gap(read_engine(at), passing=passing)
    assert f"HTTP {status[:3]}" in said
    assert "s3cret" not in said


def test_a_redirection_is_not_followed(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        where = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        answer = f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()
        with fake_engine(at, lambda call: call.send(answer)):
            assert "HTTP 302" in the_gap(read_engine(at), passing=False)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00" * 100, b"HTTP/1.1 ok\r\n"])
def test_no_http_at_all(data: bytes, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, lambda call: call.send(data)):
        assert "as an engine does" in the_gap(read_engine(at), passing=False)


def test_a_container_that_is_gone_is_left_out(tmp_path: Path) -> None:
    def handler(call: Call) -> None:
        if call.path.startswith(f"/containers/{ID}"):
            call.answer({"message": "No such container"}, "404 Not Found")
        else:
            truthful(call)

    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        found = read_engine(at)
    assert (found.services, found.notes, found.engine) == ((), (), str(at))


def test_one_that_is_being_removed_is_not_looked_at(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    handler = functools.partial(truthful, listed={**LISTED, "State": "removing"})
    with fake_engine(at, handler) as fake:
        assert read_engine(at).services == ()
    assert not [path for path in fake.paths if ID in path]


def test_stopped_containers_are_let_go_when_there_is_no_time(tmp_path: Path) -> None:
    """What runs is told all the same; that a stopped one may publish a port, is not known."""
    others = [f"{number:064x}" for number in range(200)]
    stopped = [{**LISTED, "Id": at, "Names": [f"/c{at}"], "State": "exited"} for at in others]

    def handler(call: Call) -> None:
        if call.path.startswith("/containers/json"):
            call.answer([*stopped, LISTED])
        elif call.path.startswith("/containers/0"):
            time.sleep(0.02)
            number = call.path.split("/")[2]
            call.answer({**INSPECTED, "Id": number, "Name": f"/c{number}", "State": {}})
        else:
            truthful(call)

    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        found = read_engine(at, 0.5, limit=1.5)
    (gap,) = found.gaps
    assert "no time to see what" in gap.what
    assert gap.passing
    (service,) = found.services
    assert len(service.containers) == 201
    (running,) = [one for one in service.containers if one.running]
    assert "db" in running.memberships[0].names


def _paths(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield from _paths(tree[key], (*at, key))


def _with(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    tree = copy.deepcopy(tree)
    at = tree
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return tree


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


MINE = {**INSPECTED, "Id": "a" * 64, "Name": "/shop-web-1"}
MINE["Config"] = {"Labels": {"com.docker.compose.project": "shop"}, "ExposedPorts": {}}


def _read(said: Any, *, podman: bool = False) -> tuple[Any, Reading]:
    reading = Reading("docker.sock")
    taken = Snapshot(containers=(said, MINE), podman=podman)
    return around(taken, Caller(directory="/x", own_ids=("a" * 64,)), reading), reading


@given(path=st.sampled_from(list(_paths(INSPECTED))[1:]), value=JSON, podman=st.booleans())
def test_one_odd_value_hides_no_other_container(path: Any, value: Any, podman: bool) -> None:
    """What cannot be read is told; nothing is raised, and no odd name gets through."""
    found, reading = _read(_with(INSPECTED, path, value), podman=podman)
    names = [one.name for service in found.services for one in service.containers]
    assert "shop-web-1" in names
    assert found.me.name == "shop-web-1"
    for service in found.services:
        for name in (service.service, service.container, *service.names):
            assert name.isprintable()
            assert "/" not in name
        assert all(0 < out.port < 65536 for out in service.publications)
        assert all(0 < port < 65536 for one in service.containers for port in one.exposed)
    assert len(names) == 2 or reading.gaps
    assert all(note.source == "engine" for note in reading.notes)


@given(path=st.sampled_from(list(_paths(LISTED))[1:]), value=JSON)
def test_any_other_type_or_value_in_the_list(path: Any, value: Any) -> None:
    entry = _with(LISTED, path, value)
    list_entries.tells_all(entry)
    assert list_entries.called(entry).isprintable()
    found, reading = _read(list_entries.as_inspected(entry))
    assert found.me.name == "shop-web-1"
    assert len(found.services) == 2 or reading.gaps
