"""``libpq``: PostgreSQL's own client library and all drivers built on it (fe-connect.c).

It reads two forms: URIs, if the text begins with one of two schemes in lower
case (uri_prefix_length), and ``keyword=value`` pairs otherwise.
"""

from __future__ import annotations

from hostshift.strings.model import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.strings.model import Reading, Scheme

PORT = 5432


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    if "\\" in text:
        raise Unreadable("the text holds a backslash, which clients read differently")
    default_port = PORT if scheme.port is None else scheme.port
    if text.startswith(("postgresql://", "postgres://")):
        from hostshift.strings.dialects._libpq_uri import read as read_form
    else:
        from hostshift.strings.dialects._libpq_pairs import read as read_form
    found = read_form(text, default_port)
    return found.replace(protocol=scheme.protocol or "postgresql")
