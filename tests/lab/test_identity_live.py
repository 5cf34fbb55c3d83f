"""Certificates name who was configured, wherever the driver dials: real servers with TLS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.authority import Authority
from tests.lab import images
from tests.lab.places import BRIDGE, USER_NETWORK, Place, Scene
from tests.lab.stage import Stage, free_port
from tests.lab.state import locked
from tests.lab.tls import (
    SERVE_MARIADB,
    SERVE_POSTGRESQL,
    SERVE_REDIS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.engine import Engine
    from tests.lab.sdk import Network

PLACES = (BRIDGE, USER_NETWORK)
POSTGRESQL = ("psycopg", "psycopg-async", "psycopg2", "asyncpg", "asyncpg-mode", "pg8000")
MYSQL = ("pymysql", "pymysql-context", "aiomysql")
OTHERS = {
    "redis": SERVE_REDIS,
    "redis-async": SERVE_REDIS,
}
"""Clients without SQLAlchemy, and the server of each."""

ASK = """
import asyncio, os, ssl, sys
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

which = sys.argv[1]
context = ssl.create_default_context(cafile="ca.pem")
libpq = {"sslmode": "verify-full", "sslrootcert": "ca.pem"}
connector = {"ssl_ca": "ca.pem", "ssl_verify_cert": True, "ssl_verify_identity": True}
os.environ["PGSSLROOTCERT"] = "ca.pem"
dialect, arguments = {
    "psycopg": ("postgresql+psycopg", libpq),
    "psycopg-async": ("postgresql+psycopg", libpq),
    "psycopg2": ("postgresql+psycopg2", libpq),
    "asyncpg": ("postgresql+asyncpg", {"ssl": context}),
    "asyncpg-mode": ("postgresql+asyncpg", {"ssl": "verify-full"}),
    "pg8000": ("postgresql+pg8000", {"ssl_context": context}),
    "pymysql": ("mysql+pymysql", {"ssl": {"ca": "ca.pem"}}),
    "pymysql-context": ("mysql+pymysql", {"ssl": context}),
    "aiomysql": ("mysql+aiomysql", {"ssl": context}),
    "mysqlconnector": ("mysql+mysqlconnector", connector),
}[which]
asking = text(
    "select name || ' ' || ssl from who, pg_stat_ssl where pid = pg_backend_pid()"
    if dialect.startswith("postgresql")
    else "select concat(name, ' ', if(variable_value <> '', 'true', 'false')) from who,"
    " information_schema.session_status where variable_name = 'SSL_CIPHER'"
)

async def async_ask(url):
    engine = create_async_engine(url, plugins=["hostshift"], connect_args=arguments)
    try:
        async with engine.connect() as connection:
            return (await connection.execute(asking)).scalar(), engine.url.host
    finally:
        await engine.dispose()

def ask(url):
    engine = create_engine(url, plugins=["hostshift"], connect_args=arguments)
    with engine.connect() as connection:
        return connection.execute(asking).scalar(), engine.url.host

awaited = which in ("psycopg-async", "asyncpg", "asyncpg-mode", "aiomysql")
for host, port in zip(sys.argv[2::2], sys.argv[3::2]):
    url = URL.create(dialect, "app", "s3cret", host, int(port), "app")
    try:
        said, configured = asyncio.run(async_ask(url)) if awaited else ask(url)
    except Exception as error:
        reasons = []
        while error is not None:  # aiomysql says why only in the cause
            reasons.append(" ".join(str(error).split()))
            error = error.__cause__ or error.__context__
        print("refused:", *reasons)
    else:
        assert configured == host
        print("connected:", said)
"""

# By the plug of redis-py.
ASK_OTHERS = """
import asyncio, ssl, sys
import hostshift_redis, hostshift_redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

which = sys.argv[1]
context = ssl.create_default_context(cafile="ca.pem")
redis_tls = {"ssl": True, "ssl_ca_certs": "ca.pem", "decode_responses": True}
redis_tls["ssl_check_hostname"] = True  # the default of redis-py 6 and newer
once = {"sync": Retry(NoBackoff(), 0), "async": AsyncRetry(NoBackoff(), 0)}

def redis(host, port):
    with hostshift_redis.Redis(host, port, retry=once["sync"], **redis_tls) as client:
        return client.get("who"), client.connection_pool.connection_kwargs["host"]

async def redis_async(host, port):
    kind = hostshift_redis.asyncio.Redis
    async with kind(host=host, port=port, retry=once["async"], **redis_tls) as client:
        return await client.get("who"), client.connection_pool.connection_kwargs["host"]

ask = {"redis": redis, "redis-async": redis_async}[which]
for host, port in zip(sys.argv[2::2], map(int, sys.argv[3::2])):
    try:
        answer = ask(host, port)
        who, configured = asyncio.run(answer) if which.endswith("-async") else answer
    except Exception as error:
        print("refused:", *str(error).split())
    else:
        assert configured == host, configured
        print("connected:", who, "true")
"""


class Servers(NamedTuple):
    """Where the servers of one kind listen: the port of each, inside and outside."""

    ports: dict[str, int]
    scene: Scene
    authority: Authority
    gateway: str

    def ask(
        self,
        place: Place,
        driver: str,
        *cases: tuple[str, str],
        environment: Mapping[str, str] | None = None,
    ) -> tuple[list[str], str]:
        """Connect by a configured host name to a server, and again; return what came of it.

        ``localhost`` is found by hostshift itself; the other name is mapped. The second
        value is what was logged.
        """
        program = ASK_OTHERS if driver in OTHERS else ASK
        rules, words = [], ["python", "-W", "error", "-c", program, driver]
        for host, server in cases:
            port = self.ports[server]
            there = self.gateway if place is BRIDGE else f"tls-{server}"
            rules.append(f"db.example.com:{port}={there}:{port}")
            words += [host, str(port)]
        own = {"HOSTSHIFT_MAP": ",".join(dict.fromkeys(rules)), **(environment or {})}
        files = {"ca.pem": self.authority.certificate}
        said = self.scene.run_standing(place, words, files=files, environment=own)
        assert said.code == 0, said.stderr
        assert "s3cret" not in said.stderr + said.stdout
        return said.stdout.splitlines(), said.stderr


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def network(module_stage: Stage) -> Network:
    return module_stage.network()


@pytest.fixture(scope="module")
def scene(module_stage: Stage, app_image: str, network: Network) -> Scene:
    """Give the client's places, the same for all servers."""
    return Scene(module_stage, app_image, network)


def _serve(scene: Scene, authority: Authority, image: str, program: str, kind: str) -> Servers:
    """Start three servers: two with the names that clients configure, one with others.

    The third one's certificate is good for every address that a client dials to reach
    it: only who asks for the configured name refuses it.
    """
    gateway = scene.stage.gateway()
    certified = {
        "local": ("localhost",),
        "db": ("db.example.com",),
        "other": ("other.example.com", f"tls-{kind}-other", gateway, "host.docker.internal"),
    }
    ports = {}
    for who, named in certified.items():
        ports[f"{kind}-{who}"] = port = free_port()
        certificate, key = authority.sign(*named)
        scene.stage.start(
            f"tls-{kind}-{who}",
            image,
            ["bash", "-euc", program],
            ready=port,
            network=scene.network or "bridge",
            ports={port: port},
            environment={"CERTIFICATE": certificate, "KEY": key, "PORT": str(port), "WHO": who},
        )
    return Servers(ports, scene, authority, gateway)


@pytest.fixture(scope="module")
def postgresql(scene: Scene, authority: Authority, app_image: str) -> Servers:
    return _serve(scene, authority, app_image, SERVE_POSTGRESQL, "pg")


@pytest.fixture(scope="module")
def others(scene: Scene, authority: Authority, app_image: str) -> dict[str, Servers]:
    """Give the servers of the clients without SQLAlchemy, by their program."""
    kinds = {SERVE_REDIS: "redis"}
    return {
        program: _serve(scene, authority, app_image, program, kind)
        for program, kind in kinds.items()
    }


@pytest.fixture(scope="module")
def mariadb(scene: Scene, authority: Authority, engine: Engine) -> Servers:
    """Give MariaDB from an image of its own, built when first asked for."""
    dockerfile = Path(__file__).with_name("Dockerfile.mariadb")
    image = f"hostshift-mariadb:{images.digest([dockerfile])}"
    with locked("mariadb-image"):
        if not images.has_image(engine, image):
            images.build(engine, image, {"Dockerfile": dockerfile}, {})
    return _serve(scene, authority, image, SERVE_MARIADB, "my")


CASES = [
    ("localhost", "local", "connected"),
    ("db.example.com", "db", "connected"),
    ("localhost", "db", "refused"),
    ("localhost", "other", "refused"),
    ("db.example.com", "local", "refused"),
    ("db.example.com", "other", "refused"),
]


def _expect(servers: Servers, place: Place, driver: str, kind: str) -> None:
    """Try all names and certificates: only a certificate for the configured name will do."""
    asked = [(host, f"{kind}-{server}") for host, server, _ in CASES]
    answers, _ = servers.ask(place, driver, *asked)
    for (host, server, expected), said in zip(CASES, answers, strict=True):
        if expected == "connected":
            assert said == f"connected: {server} true", (host, server)
        else:
            assert said.startswith("refused: "), (host, server, said)
            assert "certificate" in said.lower(), (host, server, said)
            assert host in said, (host, server, said)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("driver", POSTGRESQL)
def test_postgresql(postgresql: Servers, place: Place, driver: str) -> None:
    _expect(postgresql, place, driver, "pg")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("driver", MYSQL)
def test_mysql(mariadb: Servers, place: Place, driver: str) -> None:
    _expect(mariadb, place, driver, "my")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("client", OTHERS)
def test_others(others: dict[str, Servers], place: Place, client: str) -> None:
    servers = others[OTHERS[client]]
    kind = next(iter(servers.ports)).partition("-")[0]
    _expect(servers, place, client, kind)


def test_mysql_connector_fails_closed_and_it_is_said(mariadb: Servers) -> None:
    (said,), log = mariadb.ask(USER_NETWORK, "mysqlconnector", ("db.example.com", "my-db"))
    assert said.startswith("refused: ")
    assert "certificate verify failed" in said
    assert "a certificate that names tls-my-db as well would help" in log


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg", "pg8000"])
def test_without_hostshift_nothing_is_reached(postgresql: Servers, driver: str) -> None:
    off = {"HOSTSHIFT_MODE": "off"}
    (said,), _ = postgresql.ask(BRIDGE, driver, ("localhost", "pg-local"), environment=off)
    assert said.startswith("refused: ")
    assert "certificate" not in said
