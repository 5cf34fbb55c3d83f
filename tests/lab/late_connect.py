"""What a client does whose connect gets going late: its server has moved since the look.

``python late_connect.py NAME=KIND=URL...`` runs one client for each specification. Each
looks up where to dial, writes the file ``held-NAME``, and waits for the file ``moved``
before the driver may dial. It prints ``NAME FIRST LATER``: who answered the first time,
or ``nobody``, and who answered once somebody did.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[], str]

WHO = "select name from who"
PATIENCE = 60
PAUSE = 0.2


class Held:
    """Holds the first dial of the driver until the server has moved."""

    def __init__(self, name: str) -> None:
        """Hold nothing yet.

        Args:
            name: the client's.

        """
        self._file = Path(f"held-{name}")
        self.done = False

    def listen(self) -> None:
        """Hold the first dial of a socket that is not hostshift's own."""
        sys.addaudithook(self._on_event)

    def hold(self) -> None:
        """Wait until the server has moved; return at once the next time."""
        if not self.done:
            self.done = True
            self._file.touch()
            while not Path("moved").exists():
                time.sleep(0.02)

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple) and not _is_ours():
            self.hold()


def _is_ours() -> bool:
    """Return True if hostshift itself dials: a probe, or an engine."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if str(frame.f_globals.get("__name__")).startswith("hostshift."):
            code = frame.f_code.co_filename
            return "/drivers/" not in code
    return False


def _libpq(held: Held) -> None:
    """Hold psycopg: libpq dials in C, which no audit hook sees."""
    os.environ["PSYCOPG_IMPL"] = "python"  # the binary one cannot be changed
    from psycopg import pq

    for name in ("connect", "connect_start"):
        own = getattr(pq.PGconn, name)

        def connect(*arguments: Any, own: Any = own) -> Any:
            held.hold()
            return own(*arguments)

        setattr(pq.PGconn, name, connect)


def _sql(url: str, held: Held) -> Ask:
    from sqlalchemy import create_engine, text

    _libpq(held)
    engine = create_engine(url, plugins=["hostshift"])

    def ask() -> str:
        with engine.connect() as connection:
            return str(connection.execute(text(WHO)).scalar())

    return ask


def _async_sql(url: str, held: Held) -> Ask:
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    held.listen()
    engine = create_async_engine(url, plugins=["hostshift"])
    loop = asyncio.new_event_loop()

    async def ask() -> str:
        async with engine.connect() as connection:
            return str((await connection.execute(text(WHO))).scalar())

    return lambda: loop.run_until_complete(ask())


def _django(url: str, held: Held, pool: object = None) -> Ask:
    import dj_database_url
    import django
    from django.conf import settings

    _libpq(held)
    options = {"OPTIONS": {"pool": pool}} if pool else {}
    database = {**dj_database_url.parse(url), **options}
    settings.configure(INSTALLED_APPS=["hostshift_django"], DATABASES={"default": database})
    django.setup()
    from django.db import connection

    def ask() -> str:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute(WHO)
            return str(cursor.fetchone()[0])

    return ask


def _mongo(url: str, held: Held) -> Ask:
    from hostshift_pymongo import MongoClient

    held.listen()

    def ask() -> str:
        with MongoClient[Any](url, serverSelectionTimeoutMS=20_000, connect=False) as client:
            return str((client.lab.who.find_one() or {})["name"])

    return ask


def _async_mongo(url: str, held: Held) -> Ask:
    from hostshift_pymongo import AsyncMongoClient

    held.listen()

    async def ask() -> str:
        async with AsyncMongoClient[Any](url, serverSelectionTimeoutMS=20_000) as client:
            return str((await client.lab.who.find_one() or {})["name"])

    return lambda: asyncio.run(ask())


def _redis(url: str, held: Held) -> Ask:
    from hostshift_redis import Redis

    held.listen()
    client = Redis.from_url(url, decode_responses=True, retry=None)
    return lambda: str(client.get("who"))


def _async_redis(url: str, held: Held) -> Ask:
    from hostshift_redis.asyncio import Redis

    held.listen()

    async def ask() -> str:
        async with Redis.from_url(url, decode_responses=True, retry=None) as client:
            return str(await client.get("who"))

    return lambda: asyncio.run(ask())


def _httpx(url: str, held: Held) -> Ask:
    import hostshift_httpx

    held.listen()

    def ask() -> str:
        with hostshift_httpx.Client() as client:
            return client.get(url).text

    return ask


def _async_httpx(url: str, held: Held) -> Ask:
    import hostshift_httpx

    held.listen()

    async def ask() -> str:
        async with hostshift_httpx.AsyncClient() as client:
            return (await client.get(url)).text

    return lambda: asyncio.run(ask())


MAKERS: dict[str, Callable[[str, Held], Ask]] = {
    "sqlalchemy": _sql,
    "sqlalchemy-async": _async_sql,
    "django": _django,
    "pymongo": _mongo,
    "pymongo-async": _async_mongo,
    "redis": _redis,
    "redis-async": _async_redis,
    "httpx": _httpx,
    "httpx-async": _async_httpx,
}


def main(specifications: list[str]) -> None:
    """Run all clients, each as a process."""
    running = [
        subprocess.Popen([sys.executable, "-W", "error", __file__, "one", *one.split("=", 1)])
        for one in specifications
    ]
    for process in running:
        process.wait()


def one(kind: str, url: str) -> None:
    """Be one client."""
    held = Held(kind)
    ask = MAKERS[kind](url, held)
    first = answer(kind, ask)
    assert held.done, f"{kind} dials in a way that was not held"
    later, began = first, time.monotonic()
    while later == "nobody" and time.monotonic() - began < PATIENCE:
        time.sleep(PAUSE)
        later = answer(kind, ask)
    print(f"{kind} {first} {later}", flush=True)  # noqa: T201


def answer(kind: str, ask: Ask) -> str:
    """Return who answers; any of the drivers' errors is that nobody does."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own
        print(f"{kind} {type(error).__name__} {error}", file=sys.stderr, flush=True)  # noqa: T201
        return "nobody"


if __name__ == "__main__":
    if sys.argv[1] == "one":
        one(*sys.argv[2:])
    else:
        main(sys.argv[1:])
