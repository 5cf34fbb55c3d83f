"""A WSGI application; with `--preload` its databases are made before gunicorn forks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from databases import who  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


def application(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer who answers."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(who()).encode()]
