"""Celery tasks; the databases are made, and used, before the pool of processes is forked."""

from __future__ import annotations

import os
from typing import Any

import databases  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
from celery import Celery  # type: ignore[import-untyped,unused-ignore]
from celery.signals import worker_process_init  # type: ignore[import-untyped,unused-ignore]

import hostshift

broker = hostshift.resolve(f"redis://localhost:{os.environ['REDIS_PORT']}/0")
app = Celery("tasks", broker=broker, backend=broker)
assert "who" in databases.who()


@worker_process_init.connect  # type: ignore[untyped-decorator,unused-ignore]
def forked(**_: Any) -> None:
    """Leave the parent's connections to the parent, as SQLAlchemy wants it."""
    databases.engine.dispose(close=False)


@app.task(name="who")  # type: ignore[untyped-decorator,unused-ignore]
def who() -> Any:
    """Say which servers answer, or what went wrong."""
    return databases.who()
