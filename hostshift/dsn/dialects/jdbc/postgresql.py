"""``jdbc:postgresql:`` as pgjdbc reads it (org.postgresql.Driver.parseURL).

A comma list of hosts between ``//`` and the one ``/``, without user information and
escapes. Without ``//`` the text names only a database.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects._nested import pieces
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.model import Endpoint, Reading, Scheme, Unreadable

_NAMES = ("host", "port", "pghost", "pgport", "socketfactory")
_CONNECTING: dict[str, str] = dict.fromkeys(_NAMES, "")
"""Parameters of the query that name an address; versions of the driver differ in whether they
or the authority win."""


def read(text: str, start: int, scheme: Scheme) -> Reading:
    """Find the endpoints behind ``jdbc:postgresql:``."""
    question = authority.first_of(text, "?", start)
    shared.refuse_parameters(text, question + 1, _CONNECTING)
    start, end = _hosts(text, start, question)
    spans = pieces(text, ",", start, end)
    endpoints = [shared.plain_host(text, *span, scheme.port) for span in spans]
    return Reading(
        dialect="jdbc",
        protocol=scheme.protocol,
        endpoints=tuple(_checked(text, endpoint) for endpoint in endpoints if endpoint),
        secrets=tuple(shared.secrets(text, start, end)),
    )


def _hosts(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the host list, an empty one if the text has none."""
    if not text.startswith("//", start):
        if text.startswith("/", start):
            raise Unreadable("one slash stands where two or none have to", refused=True)
        return start, start
    start += 2
    slash = text.find("/", start, end)
    if slash < 0 and start < end:
        raise Unreadable("no slash stands behind the hosts", refused=True)
    if slash >= 0 and text.find("/", slash + 1, end) >= 0:
        raise Unreadable("there are too many slashes", refused=True)
    return start, slash if slash >= 0 else end


def _checked(text: str, endpoint: Endpoint) -> Endpoint:
    """Refuse an empty port, because this driver does."""
    at = endpoint.port_at
    if endpoint.port is None and text[at.start - 1 : at.start] == ":":
        raise Unreadable("a port is empty", refused=True)
    return endpoint
