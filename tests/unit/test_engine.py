"""Engines that misbehave: absent, with a note, and in time. What is true is shown in the lab."""

from __future__ import annotations

import copy
import functools
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift.topology.engine import ask, containers, listed, shapes, sockets
from hostshift.topology.engine.ask import Snapshot
from hostshift.topology.engine.asker import Asker
from hostshift.topology.engine.problems import Problem
from hostshift.topology.engine.services import around
from tests.unit.fake_engine import (
    ID,
    INSPECTED,
    LISTED,
    Call,
    fake_engine,
    hangs,
    read_engine,
    the_note,
    truthful,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.6
DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture(autouse=True)
def _no_other_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "DOCKER", "/nonexistent/docker.sock")
    monkeypatch.setattr(sockets, "PODMAN", "/nonexistent/podman.sock")


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


def _hangs_at_a_container(call: Call) -> None:
    truthful(call) if not call.path.startswith(f"/containers/{ID}") else call.ended.wait(10)


def _drips_its_head(call: Call) -> None:
    call.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 1000)


def _drips_its_body(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    call.drip(b" " * 100_000)


def _floods(call: Call) -> None:
    call.send(b"HTTP/1.1 200 OK\r\n\r\n[")
    while not call.ended.is_set():
        call.send(b'"x",' * 10_000)


@pytest.mark.parametrize(
    "handler",
    [hangs, _hangs_at_the_list, _hangs_at_a_container, _drips_its_head, _drips_its_body],
)
def test_it_is_not_waited_for(handler: Any, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        began = time.monotonic()
        found = read_engine(at, SECONDS)
        took = time.monotonic() - began
    assert took < SECONDS * 1.1
    assert "in time" in the_note(found) or "Timeout" in the_note(found)


def test_an_endless_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "LIMIT", 1 << 20)
    at = tmp_path / "docker.sock"
    with fake_engine(at, _floods):
        assert "more than 1 MB" in the_note(read_engine(at))


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
        (b"<html>", "no JSON"),
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"7", "the whole of it"),
        (b"[]", "the whole of it"),
        (b'{"Components": 7}', "Components"),
        (b'{"Components": [7]}', "the whole of it"),
    ],
)
def test_nonsense(body: bytes, what: str, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, lambda call: call.answer(body)):
        assert what in the_note(read_engine(at))


@pytest.mark.parametrize("status", ["500 Internal Server Error", "401 Unauthorized", "204 Empty"])
def test_another_status(status: str, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, lambda call: call.answer(b"password=s3cret", status)):
        said = the_note(read_engine(at))
    assert f"HTTP {status[:3]}" in said
    assert "s3cret" not in said


def test_a_redirection_is_not_followed(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        where = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        answer = f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()
        with fake_engine(at, lambda call: call.send(answer)):
            assert "HTTP 302" in the_note(read_engine(at))
        with pytest.raises(TimeoutError):
            elsewhere.accept()


@pytest.mark.parametrize("data", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00" * 100])
def test_no_http_at_all(data: bytes, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, lambda call: call.send(data)):
        assert "as an engine does" in the_note(read_engine(at))


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
    """What runs is told all the same, and it is said."""
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
        found = read_engine(at, 1.5)
    (note,) = found.notes
    assert "no time to see what" in note.what
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


@given(path=st.sampled_from(list(_paths(INSPECTED))), value=JSON, podman=st.booleans())
def test_any_other_type_or_value_anywhere(path: Any, value: Any, podman: bool) -> None:
    """It is refused as a whole or read; nothing else is raised, and no odd name gets through."""
    said = _with(INSPECTED, path, value)
    try:
        found = around(Snapshot(containers=(said,), podman=podman), Asker(directory="/x"))
    except Problem:
        return
    for service in found.services:
        for name in (service.service, service.container, *service.names):
            assert name.isprintable()
            assert "/" not in name
        assert all(0 < out.port < 65536 for out in service.publications)


@given(path=st.sampled_from(list(_paths(LISTED))), value=JSON)
def test_any_other_type_or_value_in_the_list(path: Any, value: Any) -> None:
    said = _with(LISTED, path, value)
    with suppress(Problem):
        entry = shapes.mapping(said)
        listed.tells_all(entry)
        around(Snapshot(containers=(listed.as_inspected(entry),), podman=False), Asker())


def test_a_name_that_is_none_is_refused() -> None:
    for name in ("/a b", "/", "", "/../etc", "/x\n", "/" + "x" * 300):
        with pytest.raises(Problem):
            containers.seen({**INSPECTED, "Name": name}, {}, podman=False, configured=False)
