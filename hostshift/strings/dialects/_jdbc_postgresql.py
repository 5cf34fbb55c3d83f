"""``jdbc:postgresql:`` as pgjdbc reads it (org.postgresql.Driver.parseURL).

A comma list of hosts between ``//`` and the one ``/``; no user information, no
escapes. Without ``//`` there is a database only.
"""

from __future__ import annotations

from hostshift.strings import authority
from hostshift.strings.dialects import _jdbc
from hostshift.strings.model import Endpoint, Reading, Scheme, Unreadable

_NAMES = ("host", "port", "pghost", "pgport", "socketfactory")
_CONNECTING: dict[str, str] = dict.fromkeys(_NAMES, "")
"""Versions of the driver differ in whether the query or the authority wins."""


def read(text: str, start: int, scheme: Scheme) -> Reading:
    """Find the endpoints behind ``jdbc:postgresql:``."""
    question = authority.first_of(text, "?", start)
    _jdbc.refuse_parameters(text, question + 1, _CONNECTING)
    start, end = _hosts(text, start, question)
    entries = _jdbc.between(text, ",", start, end)
    found = [_jdbc.plain_host(text, *entry, scheme.port) for entry in entries]
    return Reading(
        dialect="jdbc",
        protocol=scheme.protocol,
        endpoints=tuple(_checked(text, endpoint) for endpoint in found if endpoint),
        secrets=tuple(_jdbc.secrets(text, start, end)),
    )


def _hosts(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of the host list, an empty one where there is none."""
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
    """Refuse an empty port, which this driver does not take for none."""
    at = endpoint.port_at
    if endpoint.port is None and text[at.start - 1 : at.start] == ":":
        raise Unreadable("a port is empty", refused=True)
    return endpoint
