"""What the worker does."""

from __future__ import annotations

from celery import shared_task  # type: ignore[import-untyped,unused-ignore]

from .models import Item
from .servers import database


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def confirm(number: int) -> str:
    """Confirm an item in the name of the worker's database."""
    name = database()
    Item.objects.filter(pk=number).update(confirmed_by=name)
    return name
