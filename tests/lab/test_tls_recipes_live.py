"""The recipes of docs/tls.md for databases, run as they stand there against real servers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.authority import Authority
from tests.lab import images
from tests.lab.places import BRIDGE, Scene
from tests.lab.stage import Stage, free_port
from tests.lab.state import locked
from tests.lab.tls import SERVE_MARIADB, SERVE_POSTGRESQL
from tests.recipes import recipe

if TYPE_CHECKING:
    from tests.lab.engine import Engine

RIGHT, WRONG = "db.example.com", "other.example.com"

ASYNCPG = """
async def ask(host, port):
    connection = await connect(host, port, user="app", password="s3cret", database="app")
    try:
        return await connection.fetchval("select name from who")
    finally:
        await connection.close()

def told(host, port):
    return asyncio.run(ask(host, port))
"""
PYMYSQL = """
def told(host, port):
    with connect(host, port, user="app", password="s3cret", database="app") as connection:
        with connection.cursor() as cursor:
            cursor.execute("select name from who")
            return cursor.fetchone()[0]
"""
MAIN = """
import sys

for host in sys.argv[2:]:
    try:
        print("connected:", told(host, int(sys.argv[1])))
    except Exception as error:
        print("refused:", " ".join(str(error).split()))
"""


@pytest.fixture(scope="module")
def mariadb_image(engine: Engine) -> str:
    dockerfile = Path(__file__).with_name("Dockerfile.mariadb")
    image = f"hostshift-mariadb:{images.digest([dockerfile])}"
    with locked("mariadb-image"):
        if not images.has_image(engine, image):
            images.build(engine, image, {"Dockerfile": dockerfile}, {})
    return image


def _ask(stage: Stage, app_image: str, image: str, serve: str, program: str) -> list[str]:
    """Run a recipe on the default bridge, for a name in the certificate and for another."""
    authority, port = Authority(), free_port()
    certificate, key = authority.sign(RIGHT)
    stage.start(
        f"recipe-{port}",
        image,
        ["bash", "-euc", serve],
        ready=port,
        ports={port: port},
        environment={"CERTIFICATE": certificate, "KEY": key, "PORT": str(port), "WHO": "right"},
    )
    rules = ",".join(f"{name}:{port}={stage.gateway()}:{port}" for name in (RIGHT, WRONG))
    said = Scene(stage, app_image).run(
        BRIDGE,
        ["python", "-W", "error", "-c", program, str(port), RIGHT, WRONG],
        files={"ca.pem": authority.certificate},
        environment={"HOSTSHIFT_MAP": rules},
    )
    assert said.code == 0, said.stderr
    return said.stdout.splitlines()


def _expect(answers: list[str]) -> None:
    right, wrong = answers
    assert right == "connected: right"
    assert wrong.startswith("refused: ")
    assert f"certificate is not valid for '{WRONG}'" in wrong


def test_asyncpg(stage: Stage, app_image: str) -> None:
    program = recipe("asyncpg") + ASYNCPG + MAIN
    _expect(_ask(stage, app_image, app_image, SERVE_POSTGRESQL, program))


def test_pymysql(stage: Stage, app_image: str, mariadb_image: str) -> None:
    program = recipe("PyMySQL") + PYMYSQL + MAIN
    _expect(_ask(stage, app_image, mariadb_image, SERVE_MARIADB, program))
