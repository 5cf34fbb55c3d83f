"""The shop's answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import BackgroundTasks, FastAPI, HTTPException
from pydantic import BaseModel

from . import servers
from .databases import Item, cache, engine, mongo, sessions


class New(BaseModel):
    """An item to put in."""

    name: str


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Close the clients at the end."""
    yield
    await engine.dispose()
    await mongo.close()
    await cache.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    """Name the servers that answer."""
    return await servers.health()


@app.post("/items")
async def create(new: New, tasks: BackgroundTasks) -> dict[str, int]:
    """Put an item in, describe it in the catalog, and have it confirmed."""
    item = Item(name=new.name)
    async with sessions.begin() as session:
        session.add(item)
    described = {"text": f"best {item.name}"}
    await mongo.lab.fastapi_items.replace_one({"_id": item.id}, described, upsert=True)
    await cache.delete(f"fastapi-shop:task-{item.id}")  # Of an item before the tables went.
    tasks.add_task(confirm, item.id)
    return {"id": item.id}


async def confirm(number: int) -> None:
    """Confirm an item in the name of the database, after the answer was sent."""
    name = await servers.database()
    async with sessions.begin() as session:
        item = await session.get_one(Item, number)
        item.confirmed_by = name
    await cache.set(f"fastapi-shop:task-{number}", name)


@app.get("/items/{number}")
async def show(number: int) -> dict[str, Any]:
    """Show an item, what its task has left, and what the catalog knows of it."""
    task = await cache.get(f"fastapi-shop:task-{number}")  # First: it writes to the item.
    async with sessions() as session:
        item = await session.get(Item, number)
    if item is None:
        raise HTTPException(404)
    described = await mongo.lab.fastapi_items.find_one({"_id": number}) or {}
    return {
        "name": item.name,
        "task": task,
        "confirmed_by": item.confirmed_by,
        "text": described.get("text"),
    }
