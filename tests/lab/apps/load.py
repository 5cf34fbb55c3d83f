"""load.py http|celery COUNT: ask so many times, eight at once, and print what came back.

COUNT 0: until `stop` is there, and then until eight answers in a row are none of an error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

AT_ONCE = 8
PATIENCE = 30
"""Seconds after which an answer is missing: something hangs."""
PAUSE = 0.1
"""Seconds between two requests of one user, while the load goes on for long."""


def http(_: int) -> tuple[dict[str, Any], float]:
    began = time.monotonic()
    with urlopen("http://127.0.0.1:8000/", timeout=PATIENCE) as answer:
        said = json.load(answer)
    return said, time.monotonic() - began


def celery(count: int) -> list[tuple[dict[str, Any], float]]:
    from celery import Celery  # type: ignore[import-untyped,unused-ignore]

    import hostshift

    broker = hostshift.resolve(f"redis://localhost:{os.environ['REDIS_PORT']}/0")
    app, began = Celery(broker=broker, backend=broker), time.monotonic()
    sent = [app.send_task("who") for _ in range(count)]
    return [(one.get(timeout=PATIENCE), time.monotonic() - began) for one in sent]


def asked(kind: str, count: int) -> list[tuple[dict[str, Any], float]]:
    if kind == "celery":
        return celery(count)
    with ThreadPoolExecutor(AT_ONCE) as users:
        return list(users.map(http, range(count)))


def main() -> None:
    kind, count = sys.argv[1], int(sys.argv[2])
    start = time.monotonic()
    said = asked(kind, count or AT_ONCE)
    Path("going").touch()
    healing = 0.0
    while not count and healing < PATIENCE:
        stopped = Path("stop").exists()
        began, latest = time.monotonic(), asked(kind, AT_ONCE)
        said += latest
        if stopped and not any("error" in one for one, _ in latest):
            break
        time.sleep(PAUSE)
        healing += stopped * (time.monotonic() - began)
    told = {
        "who": Counter(one["who"] for one, _ in said if "who" in one),
        "errors": Counter(one["error"] for one, _ in said if "error" in one),
        "by": len({one["by"].partition("-")[0] for one, _ in said if "by" in one}),
        "threads": len({one["by"] for one, _ in said if "by" in one}),
        "seconds": time.monotonic() - start,
        "healing": healing,
        "slowest": max(seconds for _, seconds in said),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
