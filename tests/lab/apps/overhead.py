"""overhead.py PG MONGO: what a connection through a plug costs, beside one without.

The servers' ports on localhost. Prints lines of a JSON object each: what was made, and the
median times in microseconds without and with the plug. Both take turns in one process.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pymongo
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import hostshift_pymongo
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PAIRS = 100
WARM = 5
REST = 0.003
"""Seconds between two connects: longer than an idle connection of pymongo is kept here."""
QUERIES = 300


def told(what: str, without: list[float], plugged: list[float]) -> None:
    """Print one line; the difference is that of neighbours, which a busy machine slows alike."""
    more = statistics.median(b - a for a, b in zip(without, plugged, strict=True))
    plain = statistics.median(without)
    print(json.dumps({"what": what, "plain": plain * 1e6, "more": more * 1e6}), flush=True)


async def take_turns(what: str, *calls: Callable[[], Awaitable[Any]], pairs: int = PAIRS) -> None:
    """Call both in turns, each as often the first as the second."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM + pairs):
        order = (0, 1) if number % 2 else (1, 0)
        for one in order:
            await asyncio.sleep(REST if pairs == PAIRS else 0)
            began = time.perf_counter()
            await calls[one]()
            times[one].append(time.perf_counter() - began)
    told(what, times[0][WARM:], times[1][WARM:])


def blocking(call: Callable[[], Any]) -> Callable[[], Awaitable[Any]]:
    """Let what blocks take its turn."""

    async def called() -> None:
        call()

    return called


def open_and_close(engine: Any) -> None:
    """Connect by an engine that has no pool."""
    engine.connect().close()


async def postgresql(port: str) -> None:
    """Connect by three drivers, without a pool."""
    url = f"postgresql+{{}}://app:s3cret@localhost:{port}/app"
    for driver in ("psycopg", "psycopg2"):
        plain = create_engine(url.format(driver), poolclass=NullPool)
        ours = create_engine(url.format(driver), poolclass=NullPool, plugins=["hostshift"])
        calls = [blocking(partial(open_and_close, one)) for one in (plain, ours)]
        await take_turns(f"connect, {driver}", *calls)
    for driver in ("asyncpg", "psycopg"):
        engines = [
            create_async_engine(url.format(driver), poolclass=NullPool, plugins=plugins)
            for plugins in ([], ["hostshift"])
        ]

        async def connect(engine: Any) -> None:
            async with engine.connect():
                pass

        calls = [partial(connect, one) for one in engines]
        await take_turns(f"connect, {driver}, async", *calls)


async def pooled(port: str) -> None:
    """Check connections out of a pool and ask something: no call of ours is made."""
    url = f"postgresql+psycopg://app:s3cret@localhost:{port}/app"
    engines = [create_engine(url, plugins=plugins) for plugins in ([], ["hostshift"])]

    def ask(engine: Any) -> None:
        with engine.connect() as connection:
            connection.execute(text("select 1"))

    calls = [blocking(partial(ask, one)) for one in engines]
    for call in calls:
        await call()
    count_calls()
    await take_turns("query, psycopg, pooled", *calls, pairs=QUERIES)
    print(json.dumps({"what": "calls, psycopg, pooled", "calls": stop_counting()}), flush=True)


async def mongodb(port: str) -> None:
    """Make a new connection for each command, then ask over pooled connections."""
    kinds = (pymongo.MongoClient, hostshift_pymongo.MongoClient)
    for name, more, pairs in (("connect", "&maxIdleTimeMS=1", PAIRS), ("query", "", QUERIES)):
        url = f"mongodb://localhost:{port}/?directConnection=true{more}"
        clients: list[Any] = [kind(url) for kind in kinds]
        calls = [blocking(partial(one.admin.command, "ping")) for one in clients]
        await take_turns(f"{name}, pymongo", *calls, pairs=pairs)
        for client in clients:
            client.close()
    kinds_async = (pymongo.AsyncMongoClient, hostshift_pymongo.AsyncMongoClient)
    url = f"mongodb://localhost:{port}/?directConnection=true&maxIdleTimeMS=1"
    clients = [kind(url) for kind in kinds_async]
    asks = [partial(one.admin.command, "ping") for one in clients]
    await take_turns("connect, pymongo, async", *asks)


_called: list[str] = []


def count_calls() -> None:
    """Note every call into hostshift from now on."""

    def note(frame: Any, event: str, _: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("hostshift"):
            _called.append(module)

    sys.setprofile(note)


def stop_counting() -> int:
    """Return how many calls there were."""
    sys.setprofile(None)
    return len(_called)


async def main() -> None:
    """Measure everything."""
    pg, mongo = sys.argv[1:]
    resolver.current().vantage()
    gc.disable()
    await postgresql(pg)
    await pooled(pg)
    await mongodb(mongo)


asyncio.run(main())
