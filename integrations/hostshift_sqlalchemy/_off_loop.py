"""Run what may block, off the event loop where there is one."""

from __future__ import annotations

from asyncio import to_thread
from typing import TYPE_CHECKING

from sqlalchemy.util import await_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    from sqlalchemy.engine import Dialect

    P = ParamSpec("P")
    T = TypeVar("T")


def off_loop(dialect: Dialect, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function: an async engine awaits it in a thread, in its own greenlet."""
    if dialect.is_async:
        return await_only(to_thread(function, *args, **kwargs))
    return function(*args, **kwargs)
