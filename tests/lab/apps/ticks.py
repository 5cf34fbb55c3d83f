"""ticks.py KIND URL [blocking]: how late an event loop's timer is while one dial probes.

Prints, in milliseconds, the latest of 1,000 ticks without a dial and of 1,000 with one, and
whether the dial went on to the last tick. `blocking` looks up in the loop itself.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import hostshift_pymongo
from hostshift.drivers.dialer import Dialer
from hostshift_sqlalchemy._connect import DialectDialer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

TICKS = 1000
STEP = 0.001
"""Seconds between two ticks."""


async def ticks() -> float:
    """Return the latest tick, in milliseconds."""
    latest = 0.0
    for _ in range(TICKS):
        due = time.perf_counter() + STEP
        await asyncio.sleep(STEP)
        latest = max(latest, time.perf_counter() - due)
    return latest * 1000


def with_engine(url: str) -> Callable[[], Coroutine[Any, Any, None]]:
    """Prepare a dial through SQLAlchemy: the engine exists, nothing is looked up yet."""
    engine = create_async_engine(url, plugins=["hostshift"])

    async def dial() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("select 1"))

    return dial


def with_client(url: str) -> Callable[[], Coroutine[Any, Any, None]]:
    """Prepare a dial through pymongo."""
    client: Any = hostshift_pymongo.AsyncMongoClient(url, serverSelectionTimeoutMS=20_000)

    async def dial() -> None:
        await client.admin.command("ping")

    return dial


def look_up_in_the_loop() -> None:
    """Do what the integrations must not do."""

    async def call(_: Dialer, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    dialer: Any = Dialer
    dialer.run_async = call
    dialect_dialer: Any = DialectDialer
    dialect_dialer.run = Dialer.run


async def main() -> None:
    """Measure without and with a dial."""
    kind, url, *more = sys.argv[1:]
    if more == ["blocking"]:
        look_up_in_the_loop()
    dial = (with_client if kind == "mongo" else with_engine)(url)
    without = await ticks()
    during = asyncio.create_task(ticks())
    await asyncio.sleep(STEP * 10)
    dialling = asyncio.create_task(dial())
    late = await during
    print(f"{without:.1f} {late:.1f} {'probes' if not dialling.done() else 'done'}", flush=True)
    os._exit(0)  # The look-up goes on in its thread, and nothing waits for it here.


asyncio.run(main())
