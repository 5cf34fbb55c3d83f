"""The shop's answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from celery.result import AsyncResult  # type: ignore[import-untyped,unused-ignore]
from django.core.cache import cache
from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from . import servers
from .models import Item
from .tasks import confirm

if TYPE_CHECKING:
    from django.http import HttpRequest


def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - a view's signature
    """Name the servers that answer."""
    return JsonResponse(servers.health())


def create(request: HttpRequest) -> JsonResponse:
    """Put an item in, and have it confirmed."""
    item = Item.objects.create(name=json.loads(request.body)["name"])
    sent = confirm.delay(item.pk)  # pyright: ignore[reportFunctionMemberAccess]
    cache.set(f"task-{item.pk}", sent.id)
    return JsonResponse({"id": item.pk})


def show(request: HttpRequest, number: int) -> JsonResponse:  # noqa: ARG001 - a view's signature
    """Show an item, what its task has returned, and by whom it is confirmed."""
    task = AsyncResult(cache.get(f"task-{number}")).result  # First: it writes to the item.
    item = get_object_or_404(Item, pk=number)
    return JsonResponse({"name": item.name, "task": task, "confirmed_by": item.confirmed_by})
