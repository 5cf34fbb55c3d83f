"""A password file written for the configured address serves wherever the connection goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.lab.places import BRIDGE, USER_NETWORK, Place, Scene
from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

ASK = """
import asyncio, os, pathlib, sys
port, *lines = sys.argv[1:]
file = pathlib.Path("pgpass").resolve()
file.write_text("".join(f"{line}\\n" for line in lines))
file.chmod(0o600)
os.environ["PGPASSFILE"] = str(file)

import django
from django.conf import settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

asking = "select name from who"
database = {"ENGINE": "django.db.backends.postgresql", "HOST": "localhost", "PORT": port,
            "NAME": "app", "USER": "app"}
settings.configure(INSTALLED_APPS=["hostshift_django"], DATABASES={"default": database})
django.setup()

async def asked_async(url):
    engine = create_async_engine(url, plugins=["hostshift"])
    try:
        async with engine.connect() as connection:
            return (await connection.execute(text(asking))).scalar()
    finally:
        await engine.dispose()

def asked(url):
    engine = create_engine(url, plugins=["hostshift"])
    with engine.connect() as connection:
        return connection.execute(text(asking)).scalar()

def asked_of_django(url):
    from django.db import connection
    with connection.cursor() as cursor:
        return cursor.execute(asking).fetchone()[0]

for ask, driver in [
    (asked, "psycopg"), (asked, "psycopg2"), (asked_async, "psycopg"), (asked_async, "asyncpg"),
    (asked_of_django, "psycopg"),
]:
    url = URL.create(f"postgresql+{driver}", "app", host="localhost", port=int(port),
                     database="app")
    try:
        said = ask(url)
        print(asyncio.run(said) if ask is asked_async else said)
    except Exception as error:
        print("refused:", " ".join(str(error).split()))
"""
DRIVERS = 5


class Server(NamedTuple):
    """A PostgreSQL with another port on the host than in its network."""

    scene: Scene
    inside: int
    outside: int

    def ask(self, place: Place, lines: Sequence[str]) -> list[str]:
        """Connect to localhost and the host's port with every driver and this password file."""
        words = ["python", "-W", "error", "-c", ASK, str(self.outside), *lines]
        moved = {"HOSTSHIFT_MAP": f"localhost:{self.outside}=pg:{self.inside}"}
        own = moved if place is USER_NETWORK else {}
        said = self.scene.run_standing(place, words, environment=own)
        assert said.code == 0, said.stderr
        assert "s3cret" not in said.stderr + said.stdout
        return said.stdout.splitlines()


@pytest.fixture(scope="module")
def server(module_stage: Stage, app_image: str) -> Server:
    network = module_stage.network()
    inside, outside = free_port(5432), free_port()
    module_stage.serve(
        "postgres", "pg", app_image, port=inside, network=network, ports={inside: outside}
    )
    return Server(Scene(module_stage, app_image, network), inside, outside)


PLACES = pytest.mark.parametrize("place", [BRIDGE, USER_NETWORK], ids=lambda place: place.name)


@PLACES
def test_a_line_for_the_configured_address_serves(server: Server, place: Place) -> None:
    """On the bridge only the host is another, in the network the port is as well."""
    others = [f"{host}:{server.inside}:*:*:wrong" for host in ("localhost", "pg")]
    line = f"localhost:{server.outside}:app:app:s3cret"
    assert server.ask(place, [*others, line]) == ["pg"] * DRIVERS


@PLACES
def test_no_other_servers_password_is_sent(server: Server, place: Place) -> None:
    """It would do here: that shows where it is sent."""
    said = server.ask(place, [f"localhost:{server.inside}:*:*:s3cret"])
    assert len(said) == DRIVERS
    for one in said:
        assert one.startswith("refused: "), one
        assert "password" in one, one
