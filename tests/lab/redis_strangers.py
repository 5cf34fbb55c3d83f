"""What became of a key for each third of a cluster's slots, by a client of each kind.

``python redis_strangers.py PORT``; it prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from typing import Any

from redis.crc import key_slot
from redis.exceptions import RedisError

import hostshift_redis
import hostshift_redis.asyncio

SLOTS = 16384
OPTIONS: dict[str, Any] = {"socket_timeout": 5, "socket_connect_timeout": 2}
OPTIONS |= {"decode_responses": True}


def _key(third: int) -> str:
    keys = map("key{}".format, itertools.count())
    return next(key for key in keys if key_slot(key.encode()) * 3 // SLOTS == third)


def _sync(port: int, third: int) -> str:
    client: Any = hostshift_redis.RedisCluster(host="localhost", port=port, **OPTIONS)
    try:
        client.set(_key(third), third)
        return f"{_key(third)} is {client.get(_key(third))}"
    except RedisError as error:
        return str(error)
    finally:
        client.close()


async def _async(port: int, third: int) -> str:
    client: Any = hostshift_redis.asyncio.RedisCluster(host="localhost", port=port, **OPTIONS)
    await client.initialize()
    try:
        await client.set(_key(third), third)
        return f"{_key(third)} is {await client.get(_key(third))}"
    except RedisError as error:
        return str(error)
    finally:
        await client.initialize()  # redis-py closes nothing after a failure.
        await client.aclose()


async def _run(port: int) -> dict[str, list[str]]:
    thirds = await asyncio.gather(*(_async(port, third) for third in range(3)))
    return {"sync": [_sync(port, third) for third in range(3)], "async": thirds}


sys.stdout.write(json.dumps(asyncio.run(_run(int(sys.argv[1])))))
