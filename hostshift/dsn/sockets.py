"""Strings that lead to a Unix socket, and so to no host."""

from __future__ import annotations

import re
from urllib.parse import unquote

_NAMED = re.compile(
    r"""(?:^|[?&;:\s])[\w ]*?(?:host|sock|socket|server|data\ source)\s*=\s*['"]?[/@]""",
    re.IGNORECASE | re.VERBOSE,
)
"""A parameter whose value begins as a path does, or an abstract name (libpq 34.1.1.3)."""
_GO = re.compile(r"(?:^|@)unix\(")
"""An address of go-sql-driver/mysql."""
_PASSED_OVER = frozenset(("", "localhost"))
"""Hosts that clients of MySQL do not dial where the text names a socket as well."""


def names_one(text: str) -> bool:
    """Return True if a string in which no reader sees a host names a socket.

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
