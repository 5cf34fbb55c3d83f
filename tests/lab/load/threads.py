"""threads.py COUNT TEXT...: so many threads resolve at once; print what they got, as JSON.

Thread K explains the text K, counted round. Meanwhile the threads of hostshift are counted.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from typing import Any

_SAMPLE = 0.001


def look(stop: threading.Event, most: list[int]) -> None:
    """Keep the highest number of threads that hostshift had at one time."""
    while not stop.is_set():
        names = [thread.name for thread in threading.enumerate()]
        most[0] = max(most[0], sum(name.startswith("hostshift") for name in names))
        time.sleep(_SAMPLE)


def main() -> None:
    """Ask at once from all threads."""
    count, texts = int(sys.argv[1]), sys.argv[2:]
    import hostshift

    hostshift.explain("redis://127.0.0.2:1/0")  # What is read once is read.
    together, stop, most = threading.Barrier(count), threading.Event(), [0]
    answers: list[Any] = [None] * count

    def ask(at: int) -> None:
        together.wait()
        began = time.monotonic()
        found = hostshift.explain(texts[at % len(texts)])
        certainty = ",".join(one.certainty for one in found.decisions)
        reason = "; ".join([found.reason, *(one.reason for one in found.decisions)])
        told = (found.before, found.after, found.undecided, certainty, reason)
        answers[at] = [told, time.monotonic() - began]

    watching = threading.Thread(target=look, args=(stop, most))
    watching.start()
    threads = [threading.Thread(target=ask, args=(at,)) for at in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    watching.join()
    counts = Counter(answer[0] if answer else None for answer in answers)
    told = {
        "answers": [[*(key or ["died"]), number] for key, number in counts.items()],
        "most": most[0],
        "slowest": max(answer[1] for answer in answers if answer),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
