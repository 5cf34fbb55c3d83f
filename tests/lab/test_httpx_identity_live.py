"""httpx from containers: certificates name who was configured, wherever it dials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.authority import Authority
from tests.lab.places import BRIDGE, USER_NETWORK, Place, Scene
from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from tests.lab.sdk import Network

PLACES = (BRIDGE, USER_NETWORK)
LOCAL, DB, OTHER = "localhost", "db.example.com", "other.example.com"

SERVE = """
import http.server, os, ssl, threading

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{self.server.who} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def serve(port, who, certificate):
    with open(f"{who}.pem", "w") as file:
        file.write(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{who}.pem")
    server = http.server.ThreadingHTTPServer(("", int(port)), Answer)
    server.who = who
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.serve_forever()

import json
for server in json.loads(os.environ["SERVERS"]):
    threading.Thread(target=serve, args=server).start()
"""

ASK = """
import asyncio, json, ssl, sys
import httpx
from hostshift_httpx import AsyncClient, Client

context = ssl.create_default_context(cafile="ca.pem")

def told(kind, url, ask):
    try:
        said = ask()
    except httpx.ConnectError as error:
        return [kind, url, f"refused: {error}"]
    assert str(said.url) == url
    return [kind, url, f"connected: {said.text}"]

async def get(url):
    async with AsyncClient(verify=context) as client:
        return await client.get(url)

answers = []
with Client(verify=context) as client:
    for url in sys.argv[1:]:
        answers.append(told("sync", url, lambda: client.get(url)))
        answers.append(told("async", url, lambda: asyncio.run(get(url))))
print(json.dumps(answers))
"""


class Servers(NamedTuple):
    """Where servers listen, by who their certificate names."""

    ports: dict[str, int]
    scene: Scene
    authority: Authority
    gateway: str

    def ask(self, place: Place, cases: list[tuple[str, str]], **more: str) -> list[list[str]]:
        """Get, sync and async, from a server by a configured name, for each case."""
        there = self.gateway if place is BRIDGE else "https"
        rules = ",".join(f"{DB}:{port}={there}:{port}" for port in self.ports.values())
        urls = [f"https://{host}:{self.ports[server]}/" for host, server in cases]
        said = self.scene.run_standing(
            place,
            ["python", "-W", "error", "-c", ASK, *urls],
            files={"ca.pem": self.authority.certificate},
            environment={"HOSTSHIFT_MAP": rules, **more},
        )
        assert said.code == 0, said.stderr
        answers: list[list[str]] = json.loads(said.stdout)
        return answers


@pytest.fixture(scope="module")
def network(module_stage: Stage) -> Network:
    return module_stage.network()


@pytest.fixture(scope="module")
def servers(module_stage: Stage, app_image: str, network: Network) -> Servers:
    """Start three servers in one container: the third one's certificate names what is dialled.

    Only who asks for the configured name refuses that one.
    """
    authority, gateway = Authority(), module_stage.gateway()
    named = {LOCAL: (LOCAL,), DB: (DB,), OTHER: (OTHER, "https", gateway, "host.docker.internal")}
    ports = {who: free_port() for who in named}
    given = [(ports[who], who, "".join(authority.sign(*names))) for who, names in named.items()]
    module_stage.start(
        "https",
        app_image,
        ["python", "-c", SERVE],
        ready=ports[OTHER],
        network=network,
        ports={port: port for port in ports.values()},
        environment={"SERVERS": json.dumps(given)},
    )
    return Servers(ports, Scene(module_stage, app_image, network), authority, gateway)


CASES = [(host, server) for host in (LOCAL, DB) for server in (LOCAL, DB, OTHER)]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_only_a_certificate_for_the_configured_name_will_do(servers: Servers, place: Place) -> None:
    answers = servers.ask(place, CASES)
    assert len(answers) == 2 * len(CASES)
    for at, (kind, _, said) in enumerate(answers):
        host, server = CASES[at // 2]
        if host == server:
            port = servers.ports[server]
            assert said == f"connected: {server} {host}:{port}", (kind, host, server)
        else:
            assert said.startswith("refused: "), (kind, host, server, said)
            assert f"certificate is not valid for '{host}'" in said, (kind, host, server, said)


def test_without_hostshift_nothing_is_reached(servers: Servers) -> None:
    for _, _, said in servers.ask(BRIDGE, [(LOCAL, LOCAL)], HOSTSHIFT_MODE="off"):
        assert said.startswith("refused: ")
        assert "certificate" not in said
