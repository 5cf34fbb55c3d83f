"""The shop's answers."""

from __future__ import annotations

from typing import Any

from celery.result import AsyncResult  # type: ignore[import-untyped,unused-ignore]
from flask import Blueprint, request

from . import servers
from .extensions import cache, db, mongo
from .models import Booking, Item
from .tasks import confirm

pages = Blueprint("pages", __name__)


@pages.get("/health")
def health() -> dict[str, str]:
    """Name the servers that answer."""
    return servers.health()


@pages.post("/items")
def create() -> dict[str, int]:
    """Put an item in, describe it in the catalog, and have it confirmed."""
    item = Item(name=request.get_json()["name"])  # pyright: ignore[reportCallIssue]
    db.session.add(item)
    db.session.commit()
    catalog: Any = mongo.db
    catalog.items.replace_one({"_id": item.id}, {"text": f"best {item.name}"}, upsert=True)
    sent = confirm.delay(item.id)  # pyright: ignore[reportFunctionMemberAccess]
    cache.set(f"task-{item.id}", sent.id)
    return {"id": item.id}


@pages.get("/items/<int:number>")
def show(number: int) -> dict[str, Any]:
    """Show an item, what its task has returned, and what the other databases know of it."""
    task = AsyncResult(cache.get(f"task-{number}")).result  # First: it writes to the item.
    item = db.get_or_404(Item, number)
    catalog: Any = mongo.db
    return {
        "name": item.name,
        "task": task,
        "confirmed_by": item.confirmed_by,
        "text": catalog.items.find_one({"_id": number})["text"],
        "booked": db.session.query(Booking).filter_by(name=item.name).count(),
    }
