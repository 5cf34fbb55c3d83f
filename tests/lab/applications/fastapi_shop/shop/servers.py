"""Who answers behind each of the settings: the lab's servers tell their names."""

from collections.abc import Awaitable

from sqlalchemy import text

from .databases import cache, engine, mongo


async def health() -> dict[str, str]:
    """Name the servers that answer, and the errors of those that do not."""
    asked = {"database": database(), "catalog": catalog(), "cache": cached()}
    return {name: await _answer(answer) for name, answer in asked.items()}


async def _answer(answer: Awaitable[str]) -> str:
    try:
        return await answer
    except Exception as error:  # noqa: BLE001 - each driver has its own
        return type(error).__name__


async def database() -> str:
    """Ask the database."""
    async with engine.connect() as connection:
        return str((await connection.execute(text("select name from who"))).scalar())


async def catalog() -> str:
    """Ask the MongoDB server."""
    found = await mongo.lab.who.find_one()
    return str((found or {}).get("name"))


async def cached() -> str:
    """Ask the cache."""
    return str(await cache.get("who"))
