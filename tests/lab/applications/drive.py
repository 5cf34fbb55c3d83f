"""Runs an application by its Procfile, uses it, and prints what it answered.

The directory it is started in is the application's. `release` is run to its end; `web`
and `worker` are served while the requests are made; `undo` is run at last, so that the
next place has to migrate again. `PORT` is where the web server listens, as on Heroku.

What is asked: the servers and an item, as the lab's own applications have them; with the
argument `health` only the servers; or what the argument says, requests as a JSON list of
method, path, body and an answer to wait for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVED = ("web", "worker")
SECONDS = 30
BASE = f"http://127.0.0.1:{os.environ['PORT']}"


def main() -> None:
    """Use the application as the argument says."""
    procfile = Path("Procfile").read_text(encoding="utf-8")
    commands = dict(line.split(": ", 1) for line in procfile.splitlines())
    told: dict[str, Any] = {}
    with ExitStack() as running:
        if sys.argv[1:] == ["health"]:
            running.enter_context(_served(commands["web"]))
            told["health"] = _health()
        else:
            told["release"] = _run(commands["release"])
            running.callback(_run, commands["undo"])
            for name in SERVED:
                if name in commands:
                    running.enter_context(_served(commands[name]))
            if sys.argv[1:]:
                told["answers"] = [_patiently(*asked) for asked in json.loads(sys.argv[1])]
            else:
                told["health"] = _health()
                told["item"] = _item()
    print(json.dumps(told))


def _words(command: str) -> list[str]:
    return command.replace("$PORT", os.environ["PORT"]).split()


def _run(command: str) -> list[str]:
    """Run a command to its end, and give the lines that it wrote."""
    done = subprocess.run(_words(command), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


@contextmanager
def _served(command: str) -> Iterator[None]:
    """Keep a command running for a time; what it writes goes to standard error."""
    with subprocess.Popen(_words(command), stdout=sys.stderr) as process:
        try:
            yield
        finally:
            process.terminate()


def _ask(path: str, form: dict[str, str] | None = None, method: str | None = None) -> Any:
    data = None if form is None else json.dumps(form).encode()
    request = Request(BASE + path, data, {"Content-Type": "application/json"}, method=method)
    with urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def _health() -> Any:
    """Ask which servers it reaches."""
    return _patiently("GET", "/health")


def _patiently(
    method: str, path: str, form: dict[str, str] | None = None, wanted: Any = ...
) -> Any:
    """Ask until the web server answers, and with what is wanted; in the end any answer will do."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            told = _ask(path, form, method)
        except HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
        else:
            if wanted in (..., told) or time.monotonic() > deadline:
                return told
        time.sleep(0.1)


def _item() -> Any:
    """Put an item in, look at it until its task is done."""
    path = f"/items/{_ask('/items', {'name': 'tea'})['id']}"
    deadline = time.monotonic() + SECONDS
    while not (told := _ask(path))["task"] and time.monotonic() < deadline:
        time.sleep(0.1)
    return told


if __name__ == "__main__":
    main()
