"""``nats``: the server lists of NATS clients (nats.go, processUrlString and addURLToPool).

A comma list of URLs or bare ``host[:port]``, with spaces around the commas. A raw
comma in user information looks like the start of the next server.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects._nested import doubtful, joined, nested, pieces, scheme_name, trimmed
from hostshift.dsn.host_port import host_port
from hostshift.dsn.model import Reading, Scheme, Unreadable

_PORTS = {"nats": 4222, "tls": 4222, "ws": 80, "wss": 443}


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    readings = []
    path = ""
    for number, span in enumerate(pieces(text, ",")):
        start, end = trimmed(text, *span)
        if start == end:
            continue
        if text.find("://", start, end) >= 0:
            readings.append(nested(_url, text, (start, end), scheme))
            path = text[start:end].partition("://")[2].partition("/")[2]
        elif path:
            raise Unreadable("a comma stands in a path: nats-py takes no list there, others do")
        elif text.find("@", start, end) >= 0 and number:
            raise Unreadable("a raw comma in a password looks like another server")
        else:
            readings.append(nested(_bare, text, (start, end), scheme))
    return joined(Reading(dialect="nats", protocol="nats"), readings)


def _url(text: str, scheme: Scheme) -> Reading:
    """Read one server with a scheme; a consumer's own default port counts for ``nats`` only."""
    name = scheme_name(text)
    if name not in _PORTS:
        raise Unreadable("this is no scheme of NATS", refused=True)
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    port = (scheme.port if name == "nats" else None) or _PORTS[name]
    at = text.rfind("@", start, end)
    reading = authority.reading("nats", text, scheme.replace(port=port), at, end)
    authority.refuse_user_alone(reading, at)
    return reading.replace(secrets=(*reading.secrets, *doubtful(text, start, end)))


def _bare(text: str, scheme: Scheme) -> Reading:
    """Read one server without a scheme."""
    at = text.rfind("@")
    endpoint = host_port(text, at + 1, len(text), scheme.port or 4222)
    secrets = (authority.credentials(text, 0, at, len(text)),)
    return Reading(dialect="nats", endpoints=(endpoint,), secrets=secrets)
