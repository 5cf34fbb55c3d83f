"""An ASGI application with the asynchronous drivers."""

from __future__ import annotations

import json
import os
from typing import Any

import dials  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
from pymongo.errors import PyMongoError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from hostshift_pymongo import AsyncMongoClient

__all__ = ["application", "dials"]

engine = create_async_engine(
    f"postgresql+asyncpg://app:s3cret@localhost:{os.environ['PG_PORT']}/app",
    plugins=["hostshift"],
    pool_pre_ping=True,
    pool_size=8,
)
client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
    f"mongodb://localhost:{os.environ['MONGO_PORT']}/TestDB", serverSelectionTimeoutMS=15_000
)


async def application(scope: Any, _: Any, send: Any) -> None:
    """Answer who answers."""
    if scope["type"] != "http":
        return
    head = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": json.dumps(await who()).encode()})


async def who() -> dict[str, Any]:
    """Say which servers answer, or what went wrong."""
    try:
        async with engine.connect() as connection:
            postgresql = (await connection.execute(text("select name from who"))).scalar()
        found = await client.lab.who.find_one() or {}
    except (DBAPIError, PyMongoError, OSError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return {"who": f"{postgresql} {found.get('name')}", "by": str(os.getpid())}
