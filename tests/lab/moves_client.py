"""What a client of databases that move does: it asks, round after round, who answers.

``python moves_client.py ROUNDS NAME=KIND,OPTION...=URL...`` runs one client for each
specification, in one directory. Each waits for the file ``go-N``, asks until it is
answered, and prints ``NAME N WHO ERRORS``. Kinds and options:

- ``sync``, ``async``: SQLAlchemy, with `ping` its pool pings, with `none` there is no
  pool; with `full` TLS is verified by ``ca.pem``.
- ``mongo``, ``amongo``: pymongo's drop-ins; they write and read.
- `eager`: asks before ``go-N`` as well. Only what began after it counts as an error.
- `names`: no engine is asked.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hostshift_pymongo import AsyncMongoClient, MongoClient

if TYPE_CHECKING:
    from collections.abc import Callable

WHO = text("select name from who")
PAUSE = 0.2
DECOY = "decoy"


def main(rounds: str, specifications: list[str]) -> None:
    """Run all clients, each as a process."""
    running = []
    for one in specifications:
        name, kind, url = one.split("=", 2)
        own = {"HOSTSHIFT_SOURCES": "dns"} if "names" in kind.split(",") else {}
        words = [sys.executable, *("-W", "error"), __file__, "one", rounds, name, kind, url]
        running.append(subprocess.Popen(words, env={**os.environ, **own}))
    for process in running:
        process.wait()


def one(rounds: int, name: str, kind: str, url: str) -> None:
    """Be one client."""
    kind, *options = kind.split(",")
    ask = MAKERS[kind](url, options)
    for number in range(rounds + 1):
        go = Path(f"go-{number}")
        while "eager" not in options and not go.exists():
            time.sleep(0.02)
        who, errors = _answered(name, ask, go)
        print(f"{name} {number} {who} {errors}\n", end="", flush=True)  # noqa: T201


def _answered(name: str, ask: Callable[[], str], go: Path) -> tuple[str, int]:
    """Ask until somebody answers; count the failures that began when it was time."""
    errors = 0
    while True:
        counts = go.exists()
        try:
            return ask(), errors
        except (SQLAlchemyError, PyMongoError, OSError) as error:
            said = f"{name} {go} {time.time():.2f} {counts} {error}"
            print(said, file=sys.stderr, flush=True)  # noqa: T201
            if DECOY in str(error):
                return DECOY, errors
            errors += counts
        time.sleep(PAUSE)


def _sql(url: str, options: list[str]) -> Callable[[], str]:
    engine = create_engine(url, **_arguments(options))

    def ask() -> str:
        with engine.connect() as connection:
            return str(connection.execute(WHO).scalar())

    return ask


def _async_sql(url: str, options: list[str]) -> Callable[[], str]:
    engine = create_async_engine(url, **_arguments(options))
    loop = asyncio.new_event_loop()

    async def ask() -> str:
        async with engine.connect() as connection:
            return str((await connection.execute(WHO)).scalar())

    return lambda: loop.run_until_complete(ask())


def _arguments(options: list[str]) -> dict[str, Any]:
    full = {"sslmode": "verify-full", "sslrootcert": "ca.pem"} if "full" in options else {}
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "pool_pre_ping": "ping" in options}
    if "none" in options:
        pool = {"poolclass": NullPool}
    return {"plugins": ["hostshift"], "connect_args": full, **pool}


def _mongo(url: str, options: list[str]) -> Callable[[], str]:
    client: MongoClient[Any] = MongoClient(url, serverSelectionTimeoutMS=_patience(options))

    def ask() -> str:
        client.lab.notes.insert_one({})
        return str(client.lab.who.find_one()["name"])  # type: ignore[index]

    return ask


def _async_mongo(url: str, options: list[str]) -> Callable[[], str]:
    client: AsyncMongoClient[Any] = AsyncMongoClient(
        url, serverSelectionTimeoutMS=_patience(options)
    )
    loop = asyncio.new_event_loop()

    async def ask() -> str:
        await client.lab.notes.insert_one({})
        return str((await client.lab.who.find_one())["name"])  # type: ignore[index]

    return lambda: loop.run_until_complete(ask())


def _patience(options: list[str]) -> int:
    """Give milliseconds: an eager client notices soon that it may ask.

    One look of hostshift for a late source may take 5 s, and the driver waits half a second
    before it dials again.
    """
    return 7000 if "eager" in options else 30000


MAKERS: dict[str, Callable[[str, list[str]], Callable[[], str]]] = {
    "sync": _sql,
    "async": _async_sql,
    "mongo": _mongo,
    "amongo": _async_mongo,
}

if __name__ == "__main__":
    if sys.argv[1] == "one":
        one(int(sys.argv[2]), *sys.argv[3:])
    else:
        main(sys.argv[1], sys.argv[2:])
