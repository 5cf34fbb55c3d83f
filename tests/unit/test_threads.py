"""What an event loop waits for has a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from hostshift.drivers import threads
from hostshift.drivers.threads import in_a_thread

MANY = 40


def test_many_wait_at_once_and_take_none_of_the_loops_threads() -> None:
    """They begin together, so they can share one look."""
    together = threading.Barrier(MANY)

    async def connect() -> float:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        waits = [asyncio.create_task(in_a_thread(together.wait, 20)) for _ in range(MANY - 1)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await asyncio.to_thread(time.sleep, 0)
        took = time.monotonic() - began
        await in_a_thread(together.wait, 20)
        assert sorted(await asyncio.gather(*waits))
        return took

    assert asyncio.run(connect()) < 10


def test_results_errors_and_context_come_through() -> None:
    variable: ContextVar[str] = ContextVar("variable")

    def fail() -> None:
        raise ConnectionError(variable.get())

    async def use() -> None:
        variable.set("here")
        assert await in_a_thread(divmod, 7, 2) == (3, 1)
        with pytest.raises(ConnectionError, match="here"):
            await in_a_thread(fail)

    asyncio.run(use())


def test_a_task_that_is_cancelled_goes_on_at_once() -> None:
    held = threading.Event()

    async def use() -> None:
        task = asyncio.create_task(in_a_thread(held.wait, 20))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        held.set()

    began = time.monotonic()
    asyncio.run(use())
    assert time.monotonic() - began < 10


def test_where_no_thread_can_be_started_it_is_called_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "Thread", no_thread)
    here = threading.get_ident()
    assert asyncio.run(in_a_thread(threading.get_ident)) == here


def test_no_frame_shows_an_argument() -> None:
    def fail(given: dict[str, str]) -> None:
        given.clear()
        raise ConnectionError

    async def use() -> None:
        await in_a_thread(fail, {"password": "s3cret".upper()})

    try:
        asyncio.run(use())
    except ConnectionError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert "S3CRET" not in "".join(shown.format())


def test_a_loop_that_is_closed_needs_no_result() -> None:
    held = threading.Event()

    async def use() -> None:
        asyncio.create_task(in_a_thread(held.wait, 20))  # noqa: RUF006 - it is left behind
        await asyncio.sleep(0.05)

    asyncio.run(use())
    before = threading.active_count()
    held.set()
    until = time.monotonic() + 10
    while threading.active_count() >= before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() < before
