"""Unchanged programs with `localhost` in their code, beside `hostshift exec --forward`.

None of them knows hostshift: psql and libpq, redis-cli, Node's driver of MongoDB with a set of
three that announces loopback, a program in C. Without `--forward` each is refused.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.authority import Authority
from tests.lab import node_image
from tests.lab.containers import copy_into
from tests.lab.places import (
    BRIDGE,
    BRIDGE_ALIAS,
    HOST,
    HOST_NETWORK,
    USER_NETWORK,
    USER_NETWORK_ALIAS,
    Place,
    Scene,
)
from tests.lab.shop import Shop, open_shop
from tests.lab.situations.grounds import need
from tests.lab.situations.model import Unavailable
from tests.lab.stage import Stage, free_port
from tests.lab.tls import SERVE_POSTGRESQL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.containers import Outcome
    from tests.lab.engine import Engine
    from tests.lab.sdk import Container

WHERE = (BRIDGE, BRIDGE_ALIAS, USER_NETWORK, USER_NETWORK_ALIAS)
"""Containers whose `localhost` is their own. The user network is that of a compose project."""
RIGHT_ALREADY = (HOST_NETWORK, HOST)
PASSWORD = {"PGPASSWORD": "s3cret", "PGCONNECT_TIMEOUT": "10"}
ROUNDS = int(os.environ.get("HOSTSHIFT_TEST_ROUNDS", "5"))
MEMBER = Path(__file__).with_name("replica_set.py")
START = "until [ -e go ]; do sleep 0.1; done; exec python replica_set.py 27017 {index}"
C_PROGRAM = """
#include <libpq-fe.h>
#include <stdio.h>
int main(int count, char **words)
{
    char info[200];
    snprintf(info, sizeof info, "host=localhost port=%s user=app dbname=app", words[1]);
    PGconn *connection = PQconnectdb(info);
    PGresult *result = PQexec(connection, "select name from who");
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fputs(PQerrorMessage(connection), stderr);
        return 1;
    }
    puts(PQgetvalue(result, 0, 0));
    return 0;
}
"""


class Ground(NamedTuple):
    """The servers, and containers to stand in."""

    shop: Shop
    scene: Scene
    image: str

    def run(self, place: Place, forward: str, *command: str, **environment: str) -> Outcome:
        """Run a command; it is the same with a forwarder and without, which is ""."""
        options = ["--forward", forward] if forward else []
        words = ["hostshift", "exec", *options, "--", *command]
        return self.scene.run_standing(place, words, environment={**PASSWORD, **environment})


@pytest.fixture(scope="module")
def ground(engine: Engine, app_image: str) -> Iterator[Ground]:
    image = node_image.ensure_node_image(engine, app_image)
    with Stage(engine) as stage:
        shop = open_shop(stage, app_image)
        network = engine.client.networks.get(shop.project.network)
        scene = Scene(stage, app_image, network)
        yield Ground(shop, scene, image)
        shop.check_decoys()


def _psql(port: int, **more: str) -> list[str]:
    keywords = {"host": "localhost", "port": str(port), "user": "app", "dbname": "app", **more}
    text = " ".join(f"{key}={value}" for key, value in keywords.items())
    return ["psql", text, "-Atc", "select name from who"]


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_psql(ground: Ground, place: Place) -> None:
    port = ground.shop.ports["db"]
    ran = ground.run(place, f"{port}=postgresql", *_psql(port))
    assert (ran.code, ran.stdout) == (0, "db\n"), ran.stderr
    assert ground.run(place, "", *_psql(port)).code == 2


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_redis_cli(ground: Ground, place: Place) -> None:
    port = ground.shop.ports["cache"]
    command = ["redis-cli", "-h", "localhost", "-p", str(port), "get", "who"]
    ran = ground.run(place, f"{port}=redis", *command)
    assert (ran.code, ran.stdout) == (0, "cache\n"), ran.stderr
    assert "cache\n" not in ground.run(place, "", *command).stdout


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_auto_forwards_all_of_the_environment_and_changes_none_of_it(
    ground: Ground, place: Place
) -> None:
    ports = ground.shop.ports
    lines = (line.partition("=") for line in ground.shop.env.splitlines() if line)
    environment = {name: value for name, _, value in lines}
    script = (
        "printenv DATABASE_URL CACHE_URL LEDGER_URL; "
        f"psql -Atc 'select name from who' \"$DATABASE_URL\"; "
        f"psql -Atc 'select name from who' \"$LEDGER_URL\"; "
        f"redis-cli -p {ports['cache']} get who; redis-cli -p {ports['broker']} get who"
    )
    ran = ground.run(place, "auto", "sh", "-c", script, **environment)
    kept = [environment[name] for name in ("DATABASE_URL", "CACHE_URL", "LEDGER_URL")]
    assert ran.stdout.splitlines() == [*kept, "db", "ledger", "cache", "broker"], ran.stderr


@pytest.mark.parametrize("place", RIGHT_ALREADY, ids=lambda place: place.name)
def test_where_localhost_is_right_nothing_listens(ground: Ground, place: Place) -> None:
    port = ground.shop.ports["cache"]
    program = (
        f"import socket; c = socket.create_connection(('localhost', {port}));"
        " c.sendall(b'GET who\\r\\n'); print(c.recv(100).split()[1].decode())"
    )
    ran = ground.run(place, f"{port}=redis", "python3", "-c", program)
    assert (ran.code, ran.stdout, ran.stderr) == (0, "cache\n", "")


@pytest.fixture(scope="module")
def c_program(tmp_path_factory: pytest.TempPathFactory) -> str:
    try:
        need("cc", "/usr/include/postgresql/libpq-fe.h", packages=["gcc", "libc6-dev", "libpq-dev"])
    except Unavailable as error:
        pytest.skip(str(error))
    directory = tmp_path_factory.mktemp("c")
    (directory / "ask.c").write_text(C_PROGRAM, encoding="utf-8")
    words = ["cc", "-I/usr/include/postgresql", "-o", "ask", "ask.c", "-lpq"]
    subprocess.run(words, cwd=directory, check=True)
    directory.chmod(0o755)
    return str(directory)


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_a_program_in_c(ground: Ground, c_program: str, place: Place) -> None:
    port = str(ground.shop.ports["db"])
    options = ground.scene.options(place, environment=PASSWORD, volumes=[f"{c_program}:/opt/c:ro"])
    words = ["hostshift", "exec", "--forward", f"{port}=postgresql", "--", "/opt/c/ask", port]
    ran = ground.scene.stage.run(ground.scene.image, words, **options)
    assert (ran.code, ran.stdout) == (0, "db\n"), ran.stderr
    ran = ground.scene.stage.run(ground.scene.image, [*words[:2], *words[4:]], **options)
    assert ran.code == 1


# --- TLS by name ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [BRIDGE, BRIDGE_ALIAS], ids=lambda place: place.name)
def test_tls_checks_the_name_that_is_configured(ground: Ground, place: Place) -> None:
    """verify-full for `localhost`, and refused for a certificate of another name."""
    authority = Authority()
    for name, code in (("localhost", 0), ("other.example.com", 2)):
        port = free_port()
        certificate, key = authority.sign(name)
        ground.scene.stage.start(
            f"tls-{port}",
            ground.scene.image,
            ["bash", "-euc", SERVE_POSTGRESQL],
            ready=port,
            ports={port: port},
            environment={"CERTIFICATE": certificate, "KEY": key, "PORT": str(port), "WHO": "tls"},
        )
        copy_into(ground.scene.standing(place), {"ca.pem": authority.certificate})
        command = _psql(port, sslmode="verify-full", sslrootcert="ca.pem")
        ran = ground.run(place, f"{port}=postgresql", *command)
        assert (ran.code, ran.stdout) == (code, "" if code else "tls\n"), ran.stderr


# --- members that a server announces -------------------------------------------------------------


@pytest.mark.parametrize("place", WHERE, ids=lambda place: place.name)
def test_a_set_of_three_that_announces_loopback_with_a_driver_without_a_hook(
    ground: Ground, replica_set: list[int], place: Place
) -> None:
    hosts = ",".join(f"localhost:{port}" for port in replica_set)
    url = f"mongodb://localhost:{replica_set[0]}/?replicaSet=fwd"
    ports = ",".join(f"{port}=mongodb" for port in replica_set)
    program = Path(__file__).with_name("forward").joinpath("node_set.js")
    files = {"set.js": program.read_text(encoding="utf-8"), ".env": ""}
    command = ["node", "set.js", url]
    environment = {"NODE_PATH": "/srv/node_modules"}
    options = ground.scene.options(place, environment=environment)
    # The image's own entry point is `hostshift exec`, too: it becomes this one.
    words = ["--forward", ports, "--", *command]

    def run(*words: str) -> Outcome:
        stage = ground.scene.stage
        return stage.run(ground.image, list(words), files=files, **options)

    ran = run("hostshift", "exec", *words)
    assert (ran.code, ran.stdout) == (0, f"set {','.join(sorted(hosts.split(',')))}\n"), ran.stderr
    assert run("hostshift", "exec", "--", *command).code == 1


@pytest.fixture(scope="module")
def replica_set(ground: Ground) -> list[int]:
    stage, image, network = ground.scene.stage, ground.scene.image, ground.scene.network
    assert network is not None
    stage.serve(
        "mongo",
        "store",
        image,
        port=27000,
        network=network,
        aliases=["store"],
        environment={"WHO": "set", "REPLSET": "1"},
    )
    published = [free_port() for _ in range(3)]

    def start(index: int) -> Container:
        words = ["bash", "-c", START.format(index=index)]
        return stage.start(
            f"fwd{index}", image, words, network=network, ports={27017: published[index]}
        )

    with ThreadPoolExecutor(3) as pool:
        members = list(pool.map(start, range(3)))
    announced = [f"localhost:{port}" for port in published]
    told = {"store": "store:27000", "name": "fwd", "announced": announced}
    files = {MEMBER.name: MEMBER.read_text(encoding="utf-8"), "set.json": json.dumps(told)}
    for member in members:
        copy_into(member, files)
        copy_into(member, {"go": ""})
    for member in members:
        stage.wait(member, 27017)
    return published


# --- a whole life --------------------------------------------------------------------------------


def test_a_container_stops_at_once_and_its_command_is_process_one(ground: Ground) -> None:
    """`docker stop` reaches the command, which ends; the forwarder does not keep it alive."""
    port = ground.shop.ports["db"]
    program = "trap 'exit 7' TERM; echo $$; while :; do sleep 0.1; done"
    words = ["hostshift", "exec", "--forward", f"{port}=postgresql", "--", "sh", "-c", program]
    stage = ground.scene.stage
    for number in range(ROUNDS):
        container = stage.start(f"stop{number}", ground.scene.image, words)
        ends = time.monotonic() + 20
        while container.logs(stderr=False) != b"1\n" and time.monotonic() < ends:
            time.sleep(0.05)
        began = time.monotonic()
        container.stop(timeout=10)
        assert time.monotonic() - began < 5
        assert container.wait()["StatusCode"] == 7


def test_a_target_that_moves_is_found_by_the_next_connection(ground: Ground) -> None:
    """A server ends, and another has the published port: on the host's side nothing is fixed."""
    stage, image, port = ground.scene.stage, ground.scene.image, free_port()
    words = ["hostshift", "exec", "--forward", f"{port}=redis", "--", "sleep", "infinity"]
    container = stage.start("mover", image, words)
    ask = ["redis-cli", "-h", "localhost", "-p", str(port), "get", "who"]
    for number in range(ROUNDS):
        assert "moved" not in stage.exec(container, ask).stdout
        served = stage.serve("redis", f"moved{number}", image, ports={6379: port})
        ends = time.monotonic() + 20  # where a probe met its start, the next look is a second later
        while not (answer := stage.exec(container, ask).stdout) and time.monotonic() < ends:
            time.sleep(0.2)
        assert answer == f"moved{number}\n"
        served.remove(force=True)
