"""Certificates name who was configured, wherever pymongo dials: SecantusDB with TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.authority import Authority
from tests.lab.places import BRIDGE, USER_NETWORK, Place, Scene
from tests.lab.stage import free_port

if TYPE_CHECKING:
    from tests.lab.stage import Stage

SERVE = """
import os, signal
from secantus import SecantusDBServer
for name in ("CERTIFICATE", "KEY"):
    with open(name, "w") as file:
        file.write(os.environ[name])
server = SecantusDBServer(
    host="0.0.0.0",
    port=int(os.environ["PORT"]),
    storage_path=":memory:",
    cache_size="64M",
    replica_set_name=None,
    tls_cert_file="CERTIFICATE",
    tls_key_file="KEY",
)
server.storage.insert("lab", "who", [{"name": os.environ["WHO"]}])
server.start()
signal.pause()
"""
ASK = """
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
from hostshift_pymongo import AsyncMongoClient, MongoClient

async def ask_async(url):
    async with AsyncMongoClient(url, **options) as client:
        return (await client.lab.who.find_one())["name"], client.nodes

def ask(url):
    with MongoClient(url, **options) as client:
        return client.lab.who.find_one()["name"], client.nodes

options = {"tls": True, "tlsCAFile": "ca.pem", "serverSelectionTimeoutMS": 4000}

def outcome(case):
    asking, host, port = case
    try:
        said, nodes = asking(f"mongodb://{host}:{port}/")
    except Exception as error:
        return "refused: " + " ".join(str(error).split())
    assert nodes == {(host, int(port))}
    return f"connected: {said}"

both = (ask, lambda url: asyncio.run(ask_async(url)))
cases = [(one, *at) for at in zip(sys.argv[1::2], sys.argv[2::2]) for one in both]
with ThreadPoolExecutor(len(cases)) as pool:  # a refusal takes all of its time
    for line in pool.map(outcome, cases):
        print(line)
"""
CASES = [
    ("localhost", "local", "connected"),
    ("db.example.com", "db", "connected"),
    ("localhost", "db", "refused"),
    ("localhost", "other", "refused"),
    ("db.example.com", "local", "refused"),
    ("db.example.com", "other", "refused"),
]


class Servers(NamedTuple):
    """The port of each server, inside and outside, and where clients stand."""

    ports: dict[str, int]
    scene: Scene
    authority: Authority
    gateway: str


@pytest.fixture(scope="module")
def servers(module_stage: Stage, app_image: str) -> Servers:
    """Start two servers with the names that clients configure, and one with others.

    The third one's certificate is good for every address that a client dials to reach
    it: only who asks for the configured name refuses it.
    """
    network, gateway, authority = module_stage.network(), module_stage.gateway(), Authority()
    certified = {
        "local": ("localhost",),
        "db": ("db.example.com",),
        "other": ("other.example.com", "tls-mongo-other", gateway, "host.docker.internal"),
    }
    ports = {}
    for who, named in certified.items():
        ports[who] = port = free_port()
        certificate, key = authority.sign(*named)
        module_stage.start(
            f"tls-mongo-{who}",
            app_image,
            ["python", "-c", SERVE],
            ready=port,
            network=network,
            ports={port: port},
            environment={"CERTIFICATE": certificate, "KEY": key, "PORT": str(port), "WHO": who},
        )
    return Servers(ports, Scene(module_stage, app_image, network), authority, gateway)


@pytest.mark.parametrize("place", [BRIDGE, USER_NETWORK], ids=lambda place: place.name)
def test_only_a_certificate_for_the_configured_name_will_do(servers: Servers, place: Place) -> None:
    rules, words = [], ["python", "-W", "error", "-c", ASK]
    for host, server, _ in CASES:
        port = servers.ports[server]
        there = servers.gateway if place is BRIDGE else f"tls-mongo-{server}"
        rules.append(f"db.example.com:{port}={there}:{port}")
        words += [host, str(port)]
    said = servers.scene.run_standing(
        place,
        words,
        files={"ca.pem": servers.authority.certificate},
        environment={"HOSTSHIFT_MAP": ",".join(dict.fromkeys(rules))},
        timeout=120,
    )
    assert said.code == 0, said.stderr
    expected = [case for case in CASES for _ in ("sync", "async")]
    for (host, server, outcome), line in zip(expected, said.stdout.splitlines(), strict=True):
        if outcome == "connected":
            assert line == f"connected: {server}", (host, server)
        else:
            assert line.startswith("refused: "), (host, server, line)
            assert "certificate is not valid for" in line, (host, server, line)
            assert f"'{host}'" in line, (host, server, line)
