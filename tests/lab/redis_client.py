"""What a client of the tests does: writes and reads all the time, and says what it met.

``python redis_client.py cluster|sentinel sync|async drop-in|install|plain HOST:PORT SECONDS``

It runs until its file `stop` is there, for SECONDS at most, and prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from redis import asyncio as redis_asyncio
from redis import sentinel as redis_sentinel
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, RedisError

import hostshift_redis
import hostshift_redis.asyncio

if TYPE_CHECKING:
    from collections.abc import Callable

SLOTS = 16384
MET: Counter[str] = Counter()
PATIENCE = 20.0
HOT = 10


def _count(kind: type[AskError]) -> None:
    """Count the redirects that the driver meets."""
    own = kind.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        MET[type(self).__name__] += type(self) is kind
        own(self, *args, **kwargs)

    kind.__init__ = init  # type: ignore[method-assign]


def keys_of_all_slots() -> list[str]:
    """Find one key for each slot."""
    found: dict[int, str] = {}
    for number in itertools.count():
        found.setdefault(key_slot(str(number).encode()), str(number))
        if len(found) == SLOTS:
            return [found[slot] for slot in range(SLOTS)]
    raise AssertionError


def _client(form: str, loop: str, how: str, seed: tuple[str, int]) -> Any:
    host, port = seed
    ours: Any = hostshift_redis if loop == "sync" else hostshift_redis.asyncio
    plain: Any = redis if loop == "sync" else redis_asyncio
    if how == "install":
        hostshift_redis.install()
    options: dict[str, Any] = {"decode_responses": True, "socket_connect_timeout": 2}
    options |= {"socket_timeout": 2}
    if form == "cluster":
        made = (ours if how == "drop-in" else plain).RedisCluster
        return made(host=host, port=port, **options)
    kinds: dict[str, Any] = {"sync": redis_sentinel.Sentinel, "async": redis_asyncio.Sentinel}
    made = ours.Sentinel if how == "drop-in" else kinds[loop]
    return made([(host, port)], **options).master_for("shop")


async def _now(answer: Any) -> Any:
    """Take an answer of either kind of client."""
    return await answer if hasattr(answer, "__await__") else answer


async def _patiently(ask: Callable[[], Any]) -> Any:
    """Do what an application does while servers change places: try again, for a while."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await _now(ask())
        except (RedisError, OSError) as error:
            MET["errors"] += 1
            if time.monotonic() > deadline:
                raise
            sys.stderr.write(f"{type(error).__name__} {error}\n")
            await asyncio.sleep(0.1)


async def _all_slots(client: Any, keys: list[str]) -> int:
    """Write and read a key of every slot."""
    right = 0
    for at in range(0, SLOTS, 1024):
        some = keys[at : at + 1024]
        # A pipeline is not tried again by the driver, though a replica takes over for its master.
        got = await _patiently(partial(_written_and_read, client, some))
        right += sum(value == f"v{key}" for key, value in zip(some, got, strict=True))
    return right


async def _written_and_read(client: Any, keys: list[str]) -> list[str]:
    writing, reading = client.pipeline(), client.pipeline()
    for key in keys:
        writing.set(key, f"v{key}")
        reading.get(key)
    await _now(writing.execute())
    got: list[str] = await _now(reading.execute())
    return got


def _told_to_stop() -> bool:
    return Path("stop").exists()


async def _run(form: str, loop: str, how: str, seed: str, seconds: str) -> dict[str, Any]:
    host, _, port = seed.rpartition(":")
    client = _client(form, loop, how, (host, int(port)))
    told: dict[str, Any] = {}
    if loop == "async" and form == "cluster":
        await client.initialize()
    keys = keys_of_all_slots() if form == "cluster" else [str(number) for number in range(100)]
    if form == "cluster":
        told["slots"] = await _all_slots(client, keys)
    me = f"{os.getpid()}.{time.time_ns()}"  # each client has keys of its own in the slots that move
    hot = [f"{{{key}}}{me}" for key in keys[:HOT]]
    with contextlib.suppress(OSError):
        os.mknod("ready")
    deadline = time.monotonic() + float(seconds)
    rounds = wrong = 0
    while not _told_to_stop() and time.monotonic() < deadline:
        rounds += 1
        for key in hot:
            await _patiently(partial(client.set, key, f"{rounds}"))
            wrong += await _patiently(partial(client.get, key)) != f"{rounds}"
    told |= {"rounds": rounds, "wrong": wrong, **MET}
    if form == "cluster":
        told["nodes"] = sorted(node.name for node in client.get_nodes())
        told["slots after"] = await _all_slots(client, keys)
    return told


for kind in (MovedError, AskError):
    _count(kind)
sys.stdout.write(json.dumps(asyncio.run(_run(*sys.argv[1:]))))
