"""Strings that lead to a Unix socket, and so to no host."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

_NAMED = re.compile(
    r"""(?:^|[?&;:\s])[\w ]*?(?:host|sock|socket|server|data\ source)\s*=\s*['"]?[/@]""",
    re.IGNORECASE | re.VERBOSE,
)
"""A parameter whose value begins as a path does, or an abstract name (libpq 34.1.1.3)."""
_GO = re.compile(r"(?:^|@)unix\(")
"""An address of go-sql-driver/mysql."""
_PASSED_OVER = frozenset(("", "localhost"))
"""Hosts that clients of MySQL do not dial where the text names a socket as well."""
_ADDRESSES = ("host", "addr", "port", "server", "sock", "socket")
"""Ends of the names of parameters that say where to connect."""


def names_one(text: str) -> bool:
    """Return True if a string in which no host was read names a socket.

    Others mean what their client takes by default, which often is ``localhost``.

    Args:
        text: the connection string.

    """
    _, separator, rest = text.partition("://")
    if not separator:
        return bool(_NAMED.search(text) or _GO.search(text))
    before, question, query = rest.partition("?")
    host = before.partition("/")[0].rpartition("@")[2]
    if host[:3].lower() == "%2f":
        return True
    named = _NAMED.search(question + unquote(query))
    return bool(named) and host.partition(":")[0].lower() in _PASSED_OVER


def is_only_address(text: str) -> bool:
    """Return True if the query of a URL has ``unix_socket`` (MySQL), and no other address.

    Args:
        text: the connection string.

    """
    names = [name.lower() for name, _ in parse_qsl(text.partition("?")[2], keep_blank_values=True)]
    return [name for name in names if name.endswith(_ADDRESSES)] == ["unix_socket"]
