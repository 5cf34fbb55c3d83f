"""``jdbc:oracle:thin:`` and ``jdbc:oracle:oci:``: ``[user/password]@`` and a connect string.

These drivers take what :mod:`.oracle` reads, and ``host:port:SID``.
"""

from __future__ import annotations

from hostshift.dsn import authority, host_port
from hostshift.dsn.dialects import oracle
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.model import Endpoint, Reading, Scheme, Unreadable


def read(text: str, start: int, scheme: Scheme) -> Reading:
    """Find the endpoints behind ``jdbc:oracle:``."""
    if text.startswith("kprb:", start):  # the connection inside the server itself
        return Reading(dialect="jdbc", protocol=scheme.protocol, secrets=((start, len(text)),))
    kind = text.find(":", start) + 1
    if text[start:kind] not in ("thin:", "oci:", "oci8:"):
        raise Unreadable("this is no known kind of Oracle's JDBC driver")
    at = oracle.credentials_end(text, kind)
    if at < 0:
        raise Unreadable("no @ stands before the connect string", refused=True)
    secrets = [(oracle.password_start(text, kind, at), at)]
    endpoints = _sid(text, at + 1, scheme.port)
    if endpoints is None:
        endpoints = oracle.connect_string(text, at + 1, scheme, secrets)
    else:
        secrets += shared.secrets(text, at + 1, at + 1)
    return Reading(
        dialect="jdbc",
        protocol=scheme.protocol,
        endpoints=tuple(endpoints),
        secrets=tuple(secrets),
    )


def _sid(text: str, start: int, default_port: int | None) -> list[Endpoint] | None:
    """Read ``host:port:SID``; return None if the text has another form."""
    end = authority.first_of(text, "?", start)
    if text.count(":", start, end) != 2 or any(mark in text[start:end] for mark in "/[(,;"):
        return None
    colon = text.rfind(":", start, end)
    endpoint = host_port.host_port(text, start, colon, default_port, authority.refuse_escapes)
    if endpoint.port is None:
        raise Unreadable("no port stands before the SID")
    return [endpoint.replace(host_at=endpoint.host_at.replace(write=shared.no_ipv6))]
