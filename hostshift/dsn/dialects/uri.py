"""``uri``: RFC 3986 as urllib reads it; redis-py, kombu and most other clients use it.

User information ends at the last ``@`` before the first ``/``, ``?`` or ``#``.
One host.
"""

from __future__ import annotations

from hostshift.dsn import authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Reading, Scheme

_WITH_PROPERTIES = frozenset(("", "mssql"))
"""Protocols with ``;name=value`` behind a host. Empty is an unknown scheme, where it may stand
as well."""


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint."""
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    at = text.rfind("@", start, end)
    if scheme.protocol in _WITH_PROPERTIES:
        authority.refuse_properties(text, start, at)
    reading = authority.reading("uri", text, scheme, at, end)
    if scheme.protocol != "http":
        return reading
    # A path may be a secret (hooks.slack.com/services/…), and so may any parameter (?code=…).
    return reading.replace(secrets=(*reading.secrets, (min(end + 1, len(text)), len(text))))
