"""``libpq``: PostgreSQL's own client library and all drivers built on it (fe-connect.c).

It reads a URI if the text begins with one of two schemes in lower case
(uri_prefix_length), and ``keyword=value`` pairs otherwise.
"""

from __future__ import annotations

from hostshift.dsn import schemes
from hostshift.dsn.model import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Reading, Scheme

PORT = 5432


def _is_postgresqls(text: str) -> bool:
    name, slashes, _ = text.partition("://")
    known = schemes.find(name) if slashes and name.isalnum() else None
    return known is not None and known.protocol == "postgresql"


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    default_port = PORT if scheme.port is None else scheme.port
    # libpq refuses the other schemes. node-postgres and others read them as they read these.
    if text.startswith(("postgresql://", "postgres://")) or _is_postgresqls(text):
        if "\\" in text:
            raise Unreadable("the text holds a backslash, which clients read differently")
        from hostshift.dsn.dialects.libpq.uri import read as read_form
    else:
        from hostshift.dsn.dialects.libpq.pairs import read as read_form
    reading = read_form(text, default_port)
    return reading.replace(protocol=scheme.protocol or "postgresql")
