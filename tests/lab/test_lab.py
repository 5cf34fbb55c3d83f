"""Tests of the lab itself: what it promises to the other tests."""

from __future__ import annotations

import gc
import os
import secrets
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import daemon, images, leftovers
from tests.lab import engine as engine_module
from tests.lab.engine import ensure_engine
from tests.lab.errors import EngineUnavailable, LabError
from tests.lab.places import DATABASE_NAMESPACE, HOST, NONE, PLACES, USER_NETWORK, Place, Scene
from tests.lab.processes import Owner
from tests.lab.stage import Server, Stage, free_port, host_server

if TYPE_CHECKING:
    from tests.lab.engine import Engine

# Asks each server of the lab who it is: arguments are its kind and its address.
ASK = """
import sys

def postgres(host, port):
    import psycopg
    url = f"postgresql://app:s3cret@{host}:{port}/app"
    return psycopg.connect(url).execute("select name from who").fetchall()[0][0]

def redis(host, port):
    import redis
    return redis.Redis(host, port).get("who").decode()

def mongo(host, port):
    import pymongo
    client = pymongo.MongoClient(host, port, directConnection=True)
    return client.lab.who.find_one()["name"]

def greeting(host, port):
    import socket
    return socket.create_connection((host, port)).makefile().readline().strip()

kind, host, port = sys.argv[1:]
print(globals()[kind](host, int(port)))
"""
HELLO = """
import os, sys
print(os.environ["COLOUR"], open("note.txt").read())
print("to stderr", file=sys.stderr)
raise SystemExit(3)
"""
PORTS: dict[Server, int] = {"postgres": 5432, "redis": 6379, "mongo": 27017}


@pytest.fixture(scope="module")
def scene(module_stage: Stage, lab_image: str) -> Scene:
    """Give a network with one server in it, for tests that only look."""
    net = module_stage.network()
    database = module_stage.serve("greeting", "db", lab_image, network=net)
    return Scene(module_stage, lab_image, net, database)


def ask(scene: Scene, place: Place, *question: str | int) -> str:
    """Ask a server from a place, and give its answer."""
    words = ["python", "ask.py", *map(str, question)]
    answer = scene.run_standing(place, words, files={"ask.py": ASK})
    assert answer.code == 0, answer.stderr
    return answer.stdout.strip()


def session_things(stage: Stage) -> list[object]:
    """List what the engine has of a stage."""
    label = f"{leftovers.SESSION}={stage.session}"
    found = leftovers.containers(stage.engine, label)
    return [*found, *leftovers.networks(stage.engine, label)]


@pytest.mark.parametrize("kind", PORTS)
def test_server_answers_by_name(stage: Stage, lab_image: str, kind: Server) -> None:
    """In a user network a server answers to its name and says who it is."""
    net = stage.network()
    who = {"WHO": "it's me"}
    stage.serve(kind, "db", lab_image, network=net, aliases=["data"], environment=who)
    scene = Scene(stage, lab_image, net)
    assert ask(scene, USER_NETWORK, kind, "db", PORTS[kind]) == "it's me"
    assert ask(scene, USER_NETWORK, kind, "data", PORTS[kind]) == "it's me"


def test_published_port_is_reachable_from_host(stage: Stage, lab_image: str) -> None:
    """A published port answers on the host, and only as it was published."""
    port = free_port()
    server = stage.serve("greeting", "db", lab_image, ports={7: ("127.0.0.1", port)})
    assert stage.published(server, 7) == port
    assert ask(Scene(stage, lab_image), HOST, "greeting", "localhost", port) == "db"


def test_host_gateway_alias_leads_to_the_host(scene: Scene) -> None:
    """The places with the alias have it in /etc/hosts, and it leads to the host."""
    with host_server("greeting", address="0.0.0.0") as server:
        for place in (place for place in PLACES if place.host_gateway):
            hosts = scene.run(place, ["cat", "/etc/hosts"]).stdout
            assert "\thost.docker.internal" in hosts
            answer = ask(scene, place, "greeting", "host.docker.internal", server.port)
            assert answer == "host"


def test_database_namespace_is_shared(scene: Scene) -> None:
    """Beside the database, localhost is the database's."""
    assert scene.database is not None
    assert ask(scene, DATABASE_NAMESPACE, "greeting", "localhost", 7) == "db"
    addresses = scene.run(DATABASE_NAMESPACE, ["ip", "-4", "address"]).stdout
    assert scene.stage.address(scene.database) in addresses


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_program_runs_in_every_place(scene: Scene, place: Place, tmp_path: Path) -> None:
    """Everywhere: the same files, variables, streams and exit code."""
    program = tmp_path / "hello.py"
    program.write_text(HELLO, encoding="utf-8")
    for run in (scene.run, scene.run_standing):
        answer = run(
            place,
            program,
            files={"note.txt": "note"},
            environment={"COLOUR": "blue"},
        )
        assert answer.code == 3
        assert answer.stdout.strip() == "blue note"
        assert answer.stderr.strip() == "to stderr"


def test_internal_network_is_for_its_members(stage: Stage, lab_image: str) -> None:
    """An internal network connects its members; no network connects nobody."""
    net = stage.network(internal=True)
    net.reload()
    # Whether there is a default route is no sign: engine 20.10 sets one and
    # drops at the bridge what follows it.
    assert net.attrs["Internal"] is True
    stage.serve("greeting", "db", lab_image, network=net)
    scene = Scene(stage, lab_image, net)
    assert ask(scene, USER_NETWORK, "greeting", "db", 7) == "db"
    assert not scene.run(NONE, ["ip", "route"]).stdout


def test_replica_set_announces_what_it_is_told(stage: Stage, lab_image: str) -> None:
    """The member's name can differ from the address, as it does in real sets."""
    variables = {"REPLSET": "1", "ANNOUNCE": "localhost:27017"}
    with host_server("mongo", environment=variables) as server:
        program = (
            "import pymongo\n"
            f"c = pymongo.MongoClient(port={server.port}, directConnection=True)\n"
            "print(c.admin.command('hello')['hosts'], c.lab.who.find_one()['name'])"
        )
        answer = Scene(stage, lab_image).run(HOST, ["python", "-c", program])
    assert answer.stdout.strip() == "['localhost:27017'] host", answer.stderr


def test_host_server_is_gone_afterwards() -> None:
    """A server on the host listens as long as it is asked for."""
    with host_server("greeting") as server:
        socket.create_connection((server.address, server.port), timeout=2).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.address, server.port), timeout=2)


def test_commands_that_take_too_long_end(stage: Stage, lab_image: str) -> None:
    """A command that hangs costs a test its time-out, and no more."""
    box = stage.start("box", lab_image, ["sleep", "60"])
    assert stage.exec(box, ["sleep", "30"], timeout=0.5).code == 124
    with pytest.raises(LabError, match="still ran"):
        stage.run(lab_image, ["sleep", "30"], timeout=1)


def test_port_that_never_accepts_tells_the_log(stage: Stage, lab_image: str) -> None:
    """A server that does not come up says why."""
    command = ["sh", "-c", "echo no luck today; sleep 60"]
    box = stage.start("box", lab_image, command)
    with pytest.raises(LabError, match="no luck today"):
        stage.wait(box, 80, timeout=0.5)


def test_everything_is_gone_after_the_stage(engine: Engine, lab_image: str) -> None:
    """Also when the test fails half-way."""
    stage = Stage(engine)

    def fail_half_way() -> None:
        with stage:
            net = stage.network()
            stage.start("box", lab_image, ["sleep", "60"], network=net)
            assert len(session_things(stage)) == 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert not session_things(stage)


def test_leftovers_of_a_dead_process_are_removed(stage: Stage, lab_image: str) -> None:
    """What a killed run left goes with the next stage; what lives stays."""
    stage.start("box", lab_image, ["sleep", "60"], network=stage.network())
    program = f"""
import os, signal
from tests.lab.engine import find_engine
from tests.lab.stage import Stage
stage = Stage(find_engine()).__enter__()
print(stage.session, flush=True)
stage.start("box", {lab_image!r}, ["sleep", "60"], network=stage.network())
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    dead = Stage(stage.engine)
    dead.session = killed.stdout.strip()
    assert len(session_things(dead)) == 2
    with Stage(stage.engine):
        assert not session_things(dead)
        assert len(session_things(stage)) == 2


def test_owner_is_known_again() -> None:
    """A process is more than its number."""
    me = Owner.me()
    assert Owner.parse(me.label) == me
    assert not me.dead
    assert Owner(me.boot, me.namespace, me.pid, "1").dead
    assert Owner("another boot", me.namespace, me.pid, me.started).dead
    assert Owner.parse("something else") is None


def test_app_image_has_the_wheel(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command in the wheel can be run; the next time the image is there."""
    monkeypatch.setattr(images, "_KEPT", 99)  # This one must not push out a real one.
    wheel = dummy_wheel(tmp_path)
    name = images.ensure_app_image(stage.engine, wheel)
    try:
        answer = stage.run(name, ["hostshift"])
        assert answer.stdout.strip() == "dummy"
        assert images.ensure_app_image(stage.engine, wheel) == name
    finally:
        stage.engine.client.images.remove(name, force=True)


def dummy_wheel(directory: Path) -> Path:
    """Make a wheel by hand: one module, one command."""
    wheel = directory / "hostshift-0-py3-none-any.whl"
    info = "hostshift-0.dist-info"
    tag = "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any"
    module = f"main = lambda: print('dummy')  # {secrets.token_hex(4)}"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("hostshift.py", module)
        metadata = "Metadata-Version: 2.1\nName: hostshift\nVersion: 0\n"
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", tag)
        scripts = "[console_scripts]\nhostshift = hostshift:main\n"
        archive.writestr(f"{info}/entry_points.txt", scripts)
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def test_remote_engine_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A remote engine's ports are not here, so it counts as none, and that is said."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine.invalid:2375")
    nowhere = Path(os.devnull)
    monkeypatch.setattr(daemon, "SOCKET", nowhere)
    monkeypatch.setattr(engine_module, "_sockets", lambda: iter([nowhere]))
    with pytest.raises(EngineUnavailable, match="DOCKER_HOST"):
        ensure_engine(may_start=False)


def test_a_socket_without_an_engine_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked over and over while an engine starts, it must not leak; pytest fails what does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(tmp_path / "docker.sock"))
        monkeypatch.setattr(engine_module, "_sockets", lambda: iter([tmp_path / "docker.sock"]))
        assert engine_module.find_engine() is None
    gc.collect()
