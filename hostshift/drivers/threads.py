"""Threads for what an event loop waits for.

A connect that has to look something up waits for the look, and many connects wait for the same
one. In the loop's own executor, which has few threads, the last of them would begin when the
first are done: then they share no look, and the application's own calls there wait as well.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")


async def in_a_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a thread of its own, as :func:`asyncio.to_thread` does in another.

    Where no thread can be started, call it here. A task that is cancelled goes on at once, and
    the thread ends by itself.
    """
    call = _Call(function, args, kwargs)
    del args, kwargs  # they may hold a password, and errors keep this frame
    return await call.started()


class _Call(Generic[T]):
    """One call, and where its result goes. Its representation shows no argument."""

    def __init__(
        self, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._function, self._args, self._kwargs = function, args, kwargs
        self._context = copy_context()
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[T] = self._loop.create_future()

    def started(self) -> asyncio.Future[T]:
        """Start the thread; return its result to come."""
        try:
            Thread(target=self._run, name="hostshift dial", daemon=True).start()
        except RuntimeError:  # "can't start new thread"
            self._run()
        return self._future

    def _run(self) -> None:
        try:
            result = self._context.run(self._function, *self._args, **self._kwargs)
        except BaseException as error:  # noqa: BLE001 - for whoever waits
            self._report(self._fail, error)
        else:
            self._report(self._succeed, result)

    def _report(self, report: Callable[[Any], None], outcome: object) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(report, outcome)

    def _succeed(self, result: T) -> None:
        if not self._future.done():
            self._future.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if not self._future.done():
            self._future.set_exception(error)
