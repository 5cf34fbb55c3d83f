"""The recipe of cloud databases with a real PostgreSQL: a password for each new connection."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from hostshift import Policy
from hostshift_sqlalchemy import install, uninstall
from tests.lab.host_server import free_port
from tests.lab.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift_pytest import Pretend
    from tests.lab.engine import Engine

TOKEN = "s3cret"
WHO = text("SELECT name FROM who")
END = text("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.fixture(scope="module")
def port(engine: Engine, lab_image: str) -> Iterator[int]:
    """Run PostgreSQL, which wants a password (SCRAM)."""
    with Stage(engine) as stage:
        found = free_port()
        stage.serve("postgres", "orders", lab_image, port=found, network="host")
        _wait(found)
        yield found


def _wait(port: int) -> None:
    """Wait until the server takes sessions: its port answers while it still starts (57P03)."""
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="app", password=TOKEN).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def tokens(port: int, pretend: Pretend) -> Iterator[list[str]]:
    """Let ``orders:7432`` be that server from here; the integration covers every engine."""
    pretend("host", policy=Policy(map=f"orders:7432=127.0.0.1:{port}"))
    install()
    yield []
    uninstall()


def _asks_for(engine: Any, tokens: list[str]) -> None:
    def token(*arguments: Any) -> None:
        tokens.append(TOKEN)
        arguments[-1]["password"] = TOKEN

    event.listen(engine, "do_connect", token)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
def test_a_token_for_each_connection(driver: str, tokens: list[str]) -> None:
    engine = create_engine(f"postgresql+{driver}://app@orders:7432/app", pool_pre_ping=True)
    _asks_for(engine, tokens)
    with engine.connect() as connection:
        assert connection.execute(WHO).scalar_one() == "orders"
        with pytest.raises(DBAPIError):
            connection.execute(END)
    with engine.connect() as connection:
        assert connection.execute(WHO).scalar_one() == "orders"
    engine.dispose()
    assert tokens == [TOKEN] * 2, "one for each connection, the one after a broken one too"


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_token_for_each_connection_of_an_async_engine(driver: str, tokens: list[str]) -> None:
    async def who() -> Any:
        engine = create_async_engine(f"postgresql+{driver}://app@orders:7432/app")
        _asks_for(engine.sync_engine, tokens)
        async with engine.connect() as connection:
            found = (await connection.execute(WHO)).scalar_one()
        await engine.dispose()
        return found

    assert asyncio.run(who()) == "orders"
    assert tokens == [TOKEN]


@pytest.mark.usefixtures("tokens")
def test_without_the_token_the_server_refuses() -> None:
    engine = create_engine("postgresql+psycopg://app@orders:7432/app")
    with pytest.raises(DBAPIError, match="password"):
        engine.connect()
    engine.dispose()
