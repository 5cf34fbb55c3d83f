"""The plugs with real drivers and real servers, in every place with the same two strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.places import (
    BRIDGE,
    BRIDGE_ALIAS,
    CONNECTED,
    HOST,
    USER_NETWORK,
    Place,
    Scene,
)
from tests.lab.stage import Stage, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping


ASK_POSTGRESQL = """
import os
import hostshift_sqlalchemy
from sqlalchemy import create_engine, make_url, text
url = os.environ["DATABASE_URL"]
def ask(engine):
    for _ in range(2):
        with engine.connect() as connection:
            print(connection.execute(text("select name from who")).scalar())
        engine.dispose()
    assert (engine.url.host, engine.url.port) == (make_url(url).host, make_url(url).port)
ask(create_engine(url, plugins=["hostshift"]))
ask(create_engine(url + "?plugin=hostshift"))
hostshift_sqlalchemy.install()
hostshift_sqlalchemy.install()
ask(create_engine(url))
"""
ASK_ASYNC_POSTGRESQL = """
import asyncio, os
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
async def main():
    url = os.environ["DATABASE_URL"].replace("+psycopg", "{driver}")
    engine = create_async_engine(url, plugins=["hostshift"])
    async with engine.connect() as connection:
        print((await connection.execute(text("select name from who"))).scalar())
    await engine.dispose()
asyncio.run(main())
"""
ASK_MONGODB = """
import os
from hostshift_pymongo import MongoClient
url, port = os.environ["MONGO_URL"], int(os.environ["MONGO_PORT"])
forms = {
    "a URI": (url,),
    "a list": (["127.0.0.1"], port),
    "an address": (f"localhost:{port}",),
    "the default host": (None, port),
    "a default port": ("mongodb://localhost", port),
}
for form in forms.values():
    with MongoClient(*form, serverSelectionTimeoutMS=5000) as client:
        print(client.lab.who.find_one()["name"])
"""
ASK_ASYNC_MONGODB = """
import asyncio, os
from hostshift_pymongo import AsyncMongoClient
async def main():
    async with AsyncMongoClient(os.environ["MONGO_URL"], serverSelectionTimeoutMS=5000) as client:
        print((await client.lab.who.find_one())["name"])
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Give a port to each server, the same inside and outside."""
    return {"pg": free_port(5432), "mongo": free_port(27017)}


@pytest.fixture(scope="module")
def scene(module_stage: Stage, app_image: str, ports: Mapping[str, int]) -> Scene:
    """Give the two servers, published, on a network of their own."""
    network = module_stage.network()
    pg, mongo = ports["pg"], ports["mongo"]
    database = module_stage.serve(
        "postgres", "pg", app_image, port=pg, network=network, ports={pg: pg}
    )
    module_stage.serve(
        "mongo", "mongo", app_image, port=mongo, network=network, ports={mongo: mongo}
    )
    return Scene(module_stage, app_image, network, database)


def _environment(ports: Mapping[str, int]) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgresql+psycopg://app:s3cret@localhost:{ports['pg']}/app",
        "MONGO_URL": f"mongodb://localhost:{ports['mongo']}/lab",
        "MONGO_PORT": str(ports["mongo"]),
    }


def _ask(scene: Scene, place: Place, ports: Mapping[str, int], program: str) -> list[str]:
    words = ["python", "-W", "error", "-c", program]
    said = scene.run_standing(place, words, environment=_environment(ports))
    assert said.code == 0, said.stderr
    assert "s3cret" not in said.stderr
    return said.stdout.split()


@pytest.mark.parametrize("place", CONNECTED, ids=lambda place: place.name)
def test_sqlalchemy(scene: Scene, ports: Mapping[str, int], place: Place) -> None:
    assert _ask(scene, place, ports, ASK_POSTGRESQL) == ["pg"] * 6


@pytest.mark.parametrize("driver", ["+psycopg", "+asyncpg"])
@pytest.mark.parametrize("place", [HOST, BRIDGE, BRIDGE_ALIAS], ids=lambda place: place.name)
def test_sqlalchemy_async(
    scene: Scene, ports: Mapping[str, int], place: Place, driver: str
) -> None:
    program = ASK_ASYNC_POSTGRESQL.replace("{driver}", driver)
    assert _ask(scene, place, ports, program) == ["pg"]


@pytest.mark.parametrize("place", CONNECTED, ids=lambda place: place.name)
def test_pymongo(scene: Scene, ports: Mapping[str, int], place: Place) -> None:
    assert _ask(scene, place, ports, ASK_MONGODB) == ["mongo"] * 5


@pytest.mark.parametrize("place", [HOST, BRIDGE, BRIDGE_ALIAS], ids=lambda place: place.name)
def test_pymongo_async(scene: Scene, ports: Mapping[str, int], place: Place) -> None:
    assert _ask(scene, place, ports, ASK_ASYNC_MONGODB) == ["mongo"]


def test_a_plain_client_fails_where_hostshift_does_not(
    scene: Scene, ports: Mapping[str, int]
) -> None:
    environment = {**_environment(ports), "HOSTSHIFT_MODE": "off"}
    words = ["python", "-c", ASK_MONGODB]
    assert scene.run_standing(HOST, words, environment=environment).stdout.split() == ["mongo"] * 5
    for place in (BRIDGE_ALIAS, USER_NETWORK):
        plain = scene.run_standing(place, words, environment=environment)
        assert plain.code != 0
        assert "ServerSelectionTimeoutError" in plain.stderr
