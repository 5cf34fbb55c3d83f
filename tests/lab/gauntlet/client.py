"""client.py REQUEST: resolve strings, dial what they become, and say who answered. JSON both ways.

It runs in every place of the lab, with nothing of this project but the
installed wheel; with `plain` it does without that, too. A request is::

    {"plain": false, "reset": true, "policies": [{}], "cells": [{"text": …, "speaks": …}]}

The policy "plain" is a client's without hostshift, among others. With `forward`, each cell is
dialled through `hostshift forward`: on `localhost`, by the port that it has or by another one.
With `--serve DIRECTORY` it goes on: `DIRECTORY/N.json` is answered by
`DIRECTORY/N.out`, in order of the numbers from 0.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 2.0
"""Seconds for one dial; what is reachable in a lab answers in milliseconds."""
LOOK = 5.0
"""Seconds that hostshift may look where a driver connects. What pymongo is given holds for both,
and so does what a driver is given that dials a forwarder: it looks while the driver waits."""
LONGEST = 12.0
"""Seconds for all of them: no driver bounds the time that a name takes."""


def answer(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Resolve one cell after the other, then dial all of them at once."""
    if request.get("forward"):
        return [_forwarded(cell) for cell in request["cells"]]
    cells: list[dict[str, Any]] = []
    for cell in request["cells"]:
        for policy in ["plain"] if request.get("plain") else request["policies"]:
            plain = {**cell, "policy": policy, "after": cell["text"]}
            cells.append(plain if policy == "plain" else _resolved(cell, request, policy))
    # Not `with`: it would wait for those that a dead name server holds up.
    pool = ThreadPoolExecutor(16)
    dials = [(cell, pool.submit(_dialled, cell)) for cell in cells]
    ends = time.monotonic() + LONGEST
    return [_ended(cell, dial, ends) for cell, dial in dials]


def _ended(cell: dict[str, Any], dial: Future[dict[str, Any]], ends: float) -> dict[str, Any]:
    """Give what came of a dial, if it comes in time."""
    try:
        return dial.result(max(0.0, ends - time.monotonic()))
    except TimeoutError:
        return {**cell, "who": None, "error": f"no answer in {LONGEST:g} s"}


def _resolved(cell: dict[str, Any], request: dict[str, Any], policy: Any) -> dict[str, Any]:
    """Ask hostshift, which has forgotten everything unless the request wants it to remember."""
    import hostshift

    if request.get("reset", True):
        hostshift.reset()
    _LOGGED.clear()
    set_up = hostshift.Policy(**policy) if policy else None
    began = time.monotonic()
    found = hostshift.explain(cell["text"], dialect=cell.get("dialect"), policy=set_up)
    seconds = time.monotonic() - began
    said = found.as_dict()
    return {
        **cell,
        "policy": policy,
        "after": found.after,
        "decisions": said["decisions"],
        "stands": [said["vantage"][one] for one in ("isolation", "network", "naming")],
        "reason": found.reason or "; ".join(one.reason for one in found.decisions),
        "seconds": seconds,
        "log": list(_LOGGED),
    }


def _forwarded(cell: dict[str, Any]) -> dict[str, Any]:
    """Dial through a forwarder of this process, in a driver that knows nothing of it."""
    import hostshift
    from hostshift import dsn

    hostshift.reset()
    text = cell["text"]
    (endpoint,) = dsn.read(text, cell.get("dialect")).endpoints
    port, dialled = endpoint.port, text
    spec = f"{port}={cell['speaks']}"
    if endpoint.host != "localhost":
        with socket.create_server(("127.0.0.1", 0)) as free:
            local = free.getsockname()[1]
        spec = f"{local}={endpoint.host}:{port}"
        dialled = text.replace(f"{endpoint.host}:{port}", f"localhost:{local}")
    with hostshift.forwarding(spec) as opened:
        found = _dialled({**cell, "after": dialled}, LOOK + PATIENCE)
        ports = opened.ports
    return {**found, "after": text, "reason": f"{spec}, open: {ports}", "log": list(_LOGGED)}


def _dialled(cell: dict[str, Any], patience: float = PATIENCE) -> dict[str, Any]:
    """Dial what a string became; say who answered, or why nobody did in so many seconds."""
    if cell["speaks"] == "nothing":  # The answer counts, not who would be reached by it.
        return {**cell, "who": None, "error": "not dialled"}
    dial = DIALS[cell["speaks"]]
    try:
        return {**cell, "who": dial(cell["after"], patience), "error": ""}
    except Exception as trouble:  # noqa: BLE001 - whatever a driver raises is what is shown
        error = f"{type(trouble).__name__}: {trouble}"
    # Another server may have refused us, and said its name.
    _, refused, name = error.partition("who:")
    return {**cell, "who": name.split()[0] if refused else None, "error": error}


def _postgresql(text: str, patience: float) -> str:
    import psycopg

    # "timeout expired" comes at two seconds at the earliest: libpq takes no less.
    with psycopg.connect(text, connect_timeout=int(patience)) as connection:
        row = connection.execute("select name from who").fetchone()
        return str(row[0]) if row else "nobody"


def _sqlalchemy(text: str, patience: float) -> str:
    """Connect through the integration once more, by an engine that lasts as long as the process."""
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy import text as sql

    if text not in _ENGINES:
        arguments = {"connect_timeout": int(patience)}
        _ENGINES[text] = create_engine(
            text, plugins=["hostshift"], poolclass=NullPool, connect_args=arguments
        )
    with _ENGINES[text].connect() as connection:
        return str(connection.execute(sql("select name from who")).scalar())


def _redis(text: str, patience: float) -> str:
    from redis import Redis

    return _redis_with(Redis, text, patience)


def _redis_plug(text: str, patience: float) -> str:
    from hostshift_redis import Redis

    return _redis_with(Redis, text, patience)


def _redis_with(made: Any, text: str, patience: float) -> str:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = made.from_url(
        text,
        socket_connect_timeout=patience,
        socket_timeout=patience,
        retry=Retry(NoBackoff(), 0),
    )
    with client:
        found = client.get("who")
    return found.decode() if isinstance(found, bytes) else str(found)


def _mongodb(text: str, patience: float) -> str:
    from pymongo import MongoClient

    return _mongodb_with(MongoClient, text, patience, patience)


def _mongodb_plug(text: str, patience: float) -> str:
    from hostshift_pymongo import MongoClient

    return _mongodb_with(MongoClient, text, LOOK + patience, patience)


def _mongodb_with(made: Any, text: str, selection: float, patience: float) -> str:
    with made(
        text,
        directConnection=True,
        serverSelectionTimeoutMS=int(selection * 1000),
        connectTimeoutMS=int(patience * 1000),
    ) as client:
        found = client["lab"]["who"].find_one()
        return str(found["name"]) if found else "nobody"


def _http(text: str, patience: float) -> str:
    import urllib.request

    with urllib.request.urlopen(text, timeout=patience) as response:
        return str(response.read().decode())


def _greeting(text: str, patience: float) -> str:
    host, _, port = text.removeprefix("tcp://").rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=patience) as connection:
        return connection.makefile().readline().strip()


DIALS: dict[str, Callable[[str, float], str]] = {
    "postgresql": _postgresql,
    "sqlalchemy": _sqlalchemy,
    "redis": _redis,
    "mongodb": _mongodb,
    "redis plug": _redis_plug,
    "mongodb plug": _mongodb_plug,
    "http": _http,
    "greeting": _greeting,
}
_ENGINES: dict[str, Any] = {}
_LOGGED: list[str] = []


class _Keep(logging.Handler):
    """Keeps what hostshift warns of."""

    def emit(self, record: logging.LogRecord) -> None:
        _LOGGED.append(record.getMessage())


def serve(directory: Path) -> None:
    """Answer one request after the other, as files, until the container goes."""
    at = 0
    while True:
        asked = directory / f"{at}.json"
        while not asked.exists():
            time.sleep(0.02)
        time.sleep(0.02)  # What is copied in may be there before it is whole.
        said = json.dumps(answer(json.loads(asked.read_text(encoding="utf-8"))))
        out = directory / f"{at}.new"
        out.write_text(said, encoding="utf-8")
        out.rename(directory / f"{at}.out")
        at += 1


def main() -> None:
    """Answer the request that is the argument, or serve."""
    handler = _Keep(logging.WARNING)
    logging.getLogger("hostshift").addHandler(handler)
    if sys.argv[1] == "--serve":
        serve(Path(sys.argv[2]))
    sys.stdout.write(json.dumps(answer(json.loads(sys.argv[1]))) + "\n")
    sys.stdout.flush()
    # Threads that wait for a dead name server must not hold up the others.
    os._exit(0)


if __name__ == "__main__":
    main()
