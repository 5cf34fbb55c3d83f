"""Strings that lead to a Unix socket, and so to no host."""

from __future__ import annotations

from urllib.parse import unquote

_PARAMETERS = ("host=", "socket=", "sock=")
_STARTS = ("/", "'/", "@", "'@")
"""What a path begins with, and an abstract name (libpq 34.1.1.3)."""


def names_one(text: str) -> bool:
    """Return True if a string in which no reader sees a host names a socket.

    Others mean what their client takes by default, which often is ``localhost``.

    Args:
        text: the connection string.

    """
    plain = unquote(text)
    authority = text.partition("://")[2].rpartition("@")[2]
    if authority[:3].lower() == "%2f":
        return True
    return any(f"{name}{start}" in plain for name in _PARAMETERS for start in _STARTS)
