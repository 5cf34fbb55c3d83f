"""Containers in a framework's configuration, with other items in the place of some."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def with_items(value: Any, change: Callable[[Any, Any], Any]) -> Any:
    """Return a container with changed items: a copy, or itself where no item changes.

    Other code may hold the container as well, so it is never changed itself.

    Args:
        value: a dictionary, a list, a tuple or a set. A copy has the same type; one of a
            subclass is a plain list, tuple or set, unless it is a named tuple.
        change: takes the key, or the number, of an item and the item. It returns the
            same object, or another in its place.

    """
    if isinstance(value, dict):
        items = {key: change(key, item) for key, item in value.items()}
        changed = {key: item for key, item in items.items() if item is not value[key]}
        if not changed:
            return value
        after = copy(value)
        after.update(changed)
        return after
    listed = [change(at, item) for at, item in enumerate(value)]
    if all(new is old for new, old in zip(listed, value, strict=True)):
        return value
    make: Any = getattr(type(value), "_make", None)
    if make is None:
        make = next(kind for kind in (list, tuple, set, frozenset) if isinstance(value, kind))
    return make(listed)
