"""Engines that misbehave: absent, with a note, and in time. What is true is shown in the lab."""

from __future__ import annotations

import copy
import functools
import json
import os
import socket
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostshift.topology import Neighbourhood, engine
from hostshift.topology.engine import ask, containers, listed, shapes, sockets
from hostshift.topology.engine.ask import Snapshot
from hostshift.topology.engine.asker import Asker
from hostshift.topology.engine.problems import Problem
from hostshift.topology.engine.services import around
from tests.unit.fake_engine import ID, INSPECTED, LISTED, Call, FakeEngine, fake_engine, truthful

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.6
PLENTY = 20.0
NOBODY = 65534
DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture(autouse=True)
def _no_other_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "DOCKER", "/nonexistent/docker.sock")
    monkeypatch.setattr(sockets, "PODMAN", "/nonexistent/podman.sock")


def _read(at: Path, seconds: float = PLENTY, own: tuple[str, ...] = ()) -> Neighbourhood:
    return engine.read(own, {"DOCKER_HOST": f"unix://{at}"}, seconds=seconds, directory="/")


def _the_note(found: Neighbourhood) -> str:
    assert (found.services, found.project, found.me, found.engine) == ((), None, None, "")
    (note,) = found.notes
    assert note.source == "engine"
    return str(note)


def test_the_fake_is_believed_when_it_behaves(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at):
        found = _read(at)
    assert [service.service for service in found.services] == ["db"]
    assert found.engine == str(at)
    assert found.notes == ()


# --- silence and floods -------------------------------------------------------------------------


def _hangs(call: Call) -> None:
    call.ended.wait(10)


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
    [_hangs, _hangs_at_the_list, _hangs_at_a_container, _drips_its_head, _drips_its_body],
)
def test_it_is_not_waited_for(handler: Any, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        began = time.monotonic()
        found = _read(at, SECONDS)
        took = time.monotonic() - began
    assert took < SECONDS * 1.1
    assert "in time" in _the_note(found) or "Timeout" in _the_note(found)


def test_an_endless_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "LIMIT", 1 << 20)
    at = tmp_path / "docker.sock"
    with fake_engine(at, _floods):
        assert "more than 1 MB" in _the_note(_read(at))


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="no /proc: nowhere to count descriptors")
def test_many_connections_are_not_left_open(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    before = len(list(DESCRIPTORS.iterdir()))
    with fake_engine(at):
        for _ in range(20):
            _read(at)
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
        assert what in _the_note(_read(at))


@pytest.mark.parametrize("status", ["500 Internal Server Error", "401 Unauthorized", "204 Empty"])
def test_another_status(status: str, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, lambda call: call.answer(b"password=s3cret", status)):
        said = _the_note(_read(at))
    assert f"HTTP {status[:3]}" in said
    assert "s3cret" not in said


def test_a_redirection_is_not_followed(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        where = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        answer = f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode()
        with fake_engine(at, lambda call: call.send(answer)):
            assert "HTTP 302" in _the_note(_read(at))
        with pytest.raises(TimeoutError):
            elsewhere.accept()


@pytest.mark.parametrize("data", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00" * 100])
def test_no_http_at_all(data: bytes, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at, lambda call: call.send(data)):
        assert "as an engine does" in _the_note(_read(at))


def test_a_container_that_is_gone_is_left_out(tmp_path: Path) -> None:
    def handler(call: Call) -> None:
        if call.path.startswith(f"/containers/{ID}"):
            call.answer({"message": "No such container"}, "404 Not Found")
        else:
            truthful(call)

    at = tmp_path / "docker.sock"
    with fake_engine(at, handler):
        found = _read(at)
    assert (found.services, found.notes, found.engine) == ((), (), str(at))


def test_one_that_is_being_removed_is_not_looked_at(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    handler = functools.partial(truthful, listed={**LISTED, "State": "removing"})
    with fake_engine(at, handler) as fake:
        assert _read(at).services == ()
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
        found = _read(at, 1.5)
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


# --- sockets ------------------------------------------------------------------------------------


def test_there_is_no_engine(tmp_path: Path) -> None:
    assert engine.read((), {"HOME": str(tmp_path)}, seconds=1) == Neighbourhood()
    assert "is not there" in _the_note(_read(tmp_path / "docker.sock"))


def test_nobody_listens(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(at))
    assert "nobody listens" in _the_note(_read(at))


@pytest.mark.parametrize("kind", ["file", "directory", "fifo", "long"])
def test_no_socket(kind: str, tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    if kind == "file":
        at.touch()
    elif kind == "directory":
        at.mkdir()
    elif kind == "fifo":
        os.mkfifo(at)
    else:
        at = tmp_path / ("x" * 300)
    assert str(at) in _the_note(_read(at))


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Be another user, where this one may do anything."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if me == 0:
            os.seteuid(0)


def test_no_permission(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with fake_engine(at):
        at.chmod(0)
        for directory in (tmp_path, *tmp_path.parents):
            if "pytest-of-" in str(directory):
                directory.chmod(0o755)
        with _as_nobody():
            found = _read(at)
    assert "may not use it" in _the_note(found)


def test_no_sdk_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading one would hold up every other thread, an event loop's among them."""
    monkeypatch.setitem(sys.modules, "docker", None)
    at = tmp_path / "docker.sock"
    with fake_engine(at):
        assert _read(at).engine == str(at)


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "ssh://me@build", "npipe:////./x", "x"])
def test_a_remote_engine_means_none_here(host: str, tmp_path: Path) -> None:
    """Also where another one could be asked: its user has not chosen that."""
    with fake_engine(tmp_path / "docker.sock") as other:
        environ = {"DOCKER_HOST": host, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
        assert "no local socket" in _the_note(engine.read((), environ, seconds=PLENTY))
    assert other.paths == []


def _context(home: Path, name: str, host: str, *, current: bool = True) -> None:
    meta = home / ".docker" / "contexts" / "meta" / sockets._digest(name) / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"docker": {"Host": host, "SkipTLSVerify": False}}
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoint}))
    if current:
        (home / ".docker" / "config.json").write_text(json.dumps({"currentContext": name}))


def _with_home(home: Path, **more: str) -> Neighbourhood:
    return engine.read((), {"HOME": str(home), **more}, seconds=PLENTY, directory="/")


def test_the_current_context(tmp_path: Path) -> None:
    at = tmp_path / "colima.sock"
    _context(tmp_path, "colima", f"unix://{at}")
    with fake_engine(at), fake_engine(tmp_path / "docker.sock") as other:
        assert _with_home(tmp_path, XDG_RUNTIME_DIR=str(tmp_path)).engine == str(at)
        assert other.paths == []
        config = str(tmp_path / ".docker")
        assert _with_home(tmp_path / "x", DOCKER_CONFIG=config).engine == str(at)
        # As the docker command has it: DOCKER_HOST goes first, then DOCKER_CONTEXT.
        found = _with_home(tmp_path, DOCKER_HOST=f"unix://{tmp_path}/docker.sock")
        assert found.engine == str(tmp_path / "docker.sock")
        found = _with_home(tmp_path, DOCKER_CONTEXT="default", XDG_RUNTIME_DIR=str(tmp_path))
        assert found.engine == str(tmp_path / "docker.sock")


def test_a_context_by_its_variable(tmp_path: Path) -> None:
    at = tmp_path / "desktop.sock"
    _context(tmp_path, "desktop-linux", f"unix://{at}", current=False)
    with fake_engine(at):
        assert _with_home(tmp_path).engine == ""
        assert _with_home(tmp_path, DOCKER_CONTEXT="desktop-linux").engine == str(at)


@pytest.mark.parametrize(
    ("host", "what"), [("ssh://me@build", "no local socket"), (7, "Endpoints.docker.Host")]
)
def test_a_context_that_is_elsewhere_or_odd(host: Any, what: str, tmp_path: Path) -> None:
    _context(tmp_path, "far", host)
    with fake_engine(tmp_path / "docker.sock") as other:
        found = _with_home(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    assert what in _the_note(found)
    assert other.paths == []


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ('{"currentContext": "gone"}', "does not exist"),
        ('{"currentContext": 7}', "currentContext"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("7", "the whole of it"),
    ],
)
def test_a_broken_configuration(config: str, what: str, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(config)
    assert what in _the_note(_with_home(tmp_path))


def test_a_configuration_of_another_user(tmp_path: Path) -> None:
    """It is not ours, so it has chosen nothing for us."""
    at = tmp_path / "docker.sock"
    (tmp_path / ".docker").mkdir()
    config = tmp_path / ".docker" / "config.json"
    config.write_text('{"currentContext": "gone"}')
    config.chmod(0)
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    with fake_engine(at):
        at.chmod(0o666)
        with _as_nobody():
            found = _with_home(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    assert found.engine == str(at)


USUAL = (
    "run/docker.sock",
    ".docker/run/docker.sock",
    ".docker/desktop/docker.sock",
    ".colima/default/docker.sock",
    ".orbstack/run/docker.sock",
    ".rd/docker.sock",
    "run/podman/podman.sock",
)


@pytest.mark.parametrize("usual", USUAL)
def test_the_usual_sockets(usual: str, tmp_path: Path) -> None:
    at = tmp_path / usual
    at.parent.mkdir(parents=True)
    with fake_engine(at):
        assert _with_home(tmp_path, XDG_RUNTIME_DIR=str(tmp_path / "run")).engine == str(at)


@contextmanager
def _two(tmp_path: Path) -> Iterator[tuple[FakeEngine, FakeEngine]]:
    """Give two engines; only the second has the container ID."""
    first, second = tmp_path / "docker.sock", tmp_path / "podman" / "podman.sock"
    second.parent.mkdir()

    def other(call: Call) -> None:
        if call.path.startswith("/containers/json"):
            call.answer([])
        else:
            truthful(call)

    with fake_engine(first, other) as one, fake_engine(second) as two:
        yield one, two


def _two_read(tmp_path: Path, own: tuple[str, ...]) -> Neighbourhood:
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    return engine.read(own, environ, seconds=PLENTY, directory="/")


def test_of_several_the_first_that_answers(tmp_path: Path) -> None:
    with _two(tmp_path) as (_, two):
        found = _two_read(tmp_path, ())
        assert two.paths == []
    assert found.engine == str(tmp_path / "docker.sock")
    assert "is not asked" in str(found.notes[0])


def test_of_several_the_one_that_lists_me(tmp_path: Path) -> None:
    with _two(tmp_path):
        found = _two_read(tmp_path, (ID,))
        assert found.engine == str(tmp_path / "podman" / "podman.sock")
        assert found.me is not None
        assert (found.me.id, found.project) == (ID, "shop")
        # One that lists me nowhere takes this namespace for its host.
        found = _two_read(tmp_path, ("f" * 64,))
        assert (found.engine, found.me) == (str(tmp_path / "docker.sock"), None)


def test_one_that_hangs_leaves_time_for_the_other(tmp_path: Path) -> None:
    first, second = tmp_path / "docker.sock", tmp_path / "podman" / "podman.sock"
    second.parent.mkdir()
    with fake_engine(first, _hangs), fake_engine(second):
        environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
        found = engine.read((), environ, seconds=3, directory="/")
    assert found.engine == str(second)
    assert len(found.notes) == 1


def test_links_to_one_engine_are_one_engine(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman" / "podman.sock").symlink_to(at)
    with fake_engine(at) as fake:
        found = _two_read(tmp_path, ("f" * 64,))
    assert fake.paths.count("/version") == 1
    assert found.notes == ()


# --- whose project ------------------------------------------------------------------------------


def _projects(*places: tuple[str, str]) -> Snapshot:
    said = []
    for at, (project, directory) in enumerate(places):
        labels = {
            "com.docker.compose.project": project,
            "com.docker.compose.service": "db",
            "com.docker.compose.project.working_dir": directory,
        }
        name = {"Id": f"{at:064x}", "Name": f"/{project}-db-1", "Config": {"Labels": labels}}
        said.append({**INSPECTED, **name})
    return Snapshot(containers=tuple(said), podman=False)


@pytest.mark.parametrize(
    ("directory", "project"),
    [
        ("/src/shop", "shop"),
        ("/src/shop/api/deep", "shop"),
        ("/src/shop/admin", "admin"),
        ("/src/shop/admin/x", "admin"),
        ("/src/shopping", None),
        ("/src", None),
        ("/", None),
        ("", None),
    ],
)
def test_by_the_working_directory(directory: str, project: str | None) -> None:
    said = _projects(("shop", "/src/shop"), ("admin", "/src/shop/admin"), ("odd", "relative"))
    assert around(said, Asker(directory=directory)).project == project


def test_two_projects_of_one_directory() -> None:
    said = _projects(("blue", "/src/shop"), ("green", "/src/shop"))
    assert around(said, Asker(directory="/src/shop")).project is None
    assert around(said, Asker(directory="/src/shop", project="green")).project == "green"
    assert around(said, Asker(directory="/src/shop", project="red")).project is None


def test_a_container_without_a_project_goes_by_what_is_mounted() -> None:
    """``/app`` in a container is not the host's ``/app``."""
    own = copy.deepcopy(INSPECTED)
    own["Config"]["Labels"] = {}
    own["Name"] = "/dev"
    said = _projects(("shop", "/home/me/shop"), ("app", "/app"))
    said = said.replace(containers=(*said.containers, own))
    assert around(said, Asker(own_ids=(ID,), directory="/code/api")).project == "shop"
    assert around(said, Asker(own_ids=(ID,), directory="/app")).project is None
    assert around(said, Asker(directory="/app")).project == "app"
