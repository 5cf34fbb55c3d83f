"""Which engine is asked: sockets, contexts, and what is in the way of them."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from hostshift.base.deadline import Deadline
from hostshift.discovery import Topology, engine
from hostshift.discovery.engine import chosen
from tests.unit.fake_engine import (
    ID,
    PLENTY,
    Call,
    FakeEngine,
    fake_engine,
    hangs,
    read_engine,
    the_gap,
    truthful,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


pytestmark = pytest.mark.usefixtures("no_usual_engine")


def test_there_is_no_engine(tmp_path: Path) -> None:
    assert engine.read((), {"HOME": str(tmp_path)}, deadline=Deadline(1)) == Topology()
    assert "does not exist" in the_gap(read_engine(tmp_path / "docker.sock"), passing=True)


def test_nobody_listens(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(at))
    assert "nobody listens" in the_gap(read_engine(at), passing=True)


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
    assert str(at) in the_gap(read_engine(at), passing=True)  # it was chosen, so it is expected


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
            found = read_engine(at)
    said = the_gap(found, passing=False)
    assert "cannot be used by this user" in said
    assert "group" in said


def test_no_sdk_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading one would hold up every other thread, an event loop's among them."""
    monkeypatch.setitem(sys.modules, "docker", None)
    at = tmp_path / "docker.sock"
    with fake_engine(at):
        assert read_engine(at).engine == str(at)


@pytest.mark.parametrize(
    "host", ["x", "unix", "unix://", "ssh://", "nowhere://build", "\udcff://x"]
)
def test_what_names_no_engine_is_a_gap(host: str, tmp_path: Path) -> None:
    """Nobody can say which engine its user means."""
    found = engine.read(
        (), {"DOCKER_HOST": host, "HOME": str(tmp_path)}, deadline=Deadline(PLENTY, PLENTY)
    )
    assert "names no engine" in the_gap(found, passing=False)


@pytest.mark.parametrize("host", ["tcp://10.1.2.3:2375", "ssh://me@build", "npipe:////./x"])
def test_a_remote_engine_means_none_here(host: str, tmp_path: Path) -> None:
    """Also where another one could be asked: its user has not chosen that.

    Nobody can say who has a port here that a file publishes: the file's services are there.
    """
    with fake_engine(tmp_path / "docker.sock") as other:
        environ = {"DOCKER_HOST": host, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
        found = engine.read((), environ, deadline=Deadline(PLENTY, PLENTY))
        assert "no local engine" in the_gap(found, passing=False)
    assert other.paths == []


def _context(home: Path, name: str, host: str, *, current: bool = True) -> None:
    meta = home / ".docker" / "contexts" / "meta" / chosen._digest(name) / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"docker": {"Host": host, "SkipTLSVerify": False}}
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoint}))
    if current:
        (home / ".docker" / "config.json").write_text(json.dumps({"currentContext": name}))


def _with_home(home: Path, **more: str) -> Topology:
    return engine.read(
        (), {"HOME": str(home), **more}, deadline=Deadline(PLENTY, PLENTY), directory="/"
    )


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


def test_a_context_that_is_elsewhere_means_no_engine_here(tmp_path: Path) -> None:
    _context(tmp_path, "far", "ssh://me@build")
    with fake_engine(tmp_path / "docker.sock") as other:
        found = _with_home(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    assert "no local engine" in the_gap(found, passing=False)
    assert other.paths == []


def test_a_context_that_is_odd_could_not_say(tmp_path: Path) -> None:
    _context(tmp_path, "far", cast("str", 7))
    with fake_engine(tmp_path / "docker.sock") as other:
        found = _with_home(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    assert "Endpoints.docker.Host" in the_gap(found, passing=False)
    assert other.paths == []


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ('{"currentContext": "gone"}', "does not exist"),
        ('{"currentContext": 7}', "currentContext"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("7", "an unexpected document"),
    ],
)
def test_a_broken_configuration(config: str, what: str, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(config)
    assert what in the_gap(_with_home(tmp_path), passing=False)


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


def _two_read(tmp_path: Path, own: tuple[str, ...]) -> Topology:
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    return engine.read(own, environ, deadline=Deadline(PLENTY, PLENTY), directory="/")


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
    with fake_engine(first, hangs), fake_engine(second):
        environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
        found = engine.read((), environ, deadline=Deadline(1, PLENTY), directory="/")
    assert found.engine == str(second)
    assert len(found.notes) == 1
    assert [gap.where for gap in found.gaps] == [str(first)]


def test_links_to_one_engine_are_one_engine(tmp_path: Path) -> None:
    at = tmp_path / "docker.sock"
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman" / "podman.sock").symlink_to(at)
    with fake_engine(at) as fake:
        found = _two_read(tmp_path, ("f" * 64,))
    assert fake.paths.count("/version") == 1
    assert found.notes == ()


def test_a_directory_in_the_place_of_a_file_is_closed_again(tmp_path: Path) -> None:
    """Docker makes one where a bind mount has no source: no look may leave it open."""
    (tmp_path / ".docker" / "config.json").mkdir(parents=True)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        found = engine.read((), {"HOME": str(tmp_path)}, deadline=Deadline(1))
        assert "is a directory" in found.gaps[0].what.lower()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
