"""``libpq``: PostgreSQL's own client library and all drivers built on it (fe-connect.c).

User information ends at the first ``@``, if no ``/`` comes before it. A comma
list of hosts, with escapes undone.
"""

from __future__ import annotations

from hostshift.strings import authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.strings.model import Reading, Scheme


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    start = authority.start_of(text)
    at = text.find("@", start, authority.first_of(text, "/", start))
    end = authority.first_of(text, "/?", at + 1 if at >= 0 else start)
    authority.refuse_parameters(text, end, ("host", "hostaddr", "port", "service"))
    decode = authority.unquote
    return authority.reading("libpq", text, scheme, at, end, several=True, decode=decode)
