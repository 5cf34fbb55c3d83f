"""What the worker does."""

from __future__ import annotations

from celery import shared_task  # type: ignore[import-untyped,unused-ignore]

from .extensions import db
from .models import Booking, Item
from .servers import database


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def confirm(number: int) -> str:
    """Confirm an item in the names of the worker's databases, and book it."""
    name = f"{database()} {database('ledger')}"
    item = db.get_or_404(Item, number)
    item.confirmed_by = name
    db.session.add(Booking(name=item.name))  # pyright: ignore[reportCallIssue]
    db.session.commit()
    return name
