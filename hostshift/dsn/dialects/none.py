"""``none``: schemes whose strings hold no address that hostshift could rewrite.

These are files (``sqlite``), sockets (``unix``), and ``mongodb+srv``, which has one
name and no port, because its hosts come from DNS.
"""

from __future__ import annotations

from hostshift.dsn.model import Reading, Scheme

_HOST = "a host stands where the path of a socket belongs"
_ELSEWHERE = frozenset(("s3", "gs", "snowflake", "bigquery", "athena", "awsathena+rest"))
"""Schemes of services on the internet. Each has programs that stand in for it."""
_SERVER = "a server's address stands in a text of this scheme, which usually holds none"


def read(text: str, scheme: Scheme) -> Reading:
    """Find nothing, and hide all but the scheme."""
    start = text.find("://") + 3
    secrets = ((start, len(text)),)
    if _names_host(text[: start - 3].lower(), text[start:]):
        return Reading(dialect="", secrets=secrets, trouble=_HOST)
    if text[: start - 3].lower() in _ELSEWHERE and _names_server(text[start:]):
        return Reading(dialect="", secrets=secrets, trouble=_SERVER)
    return Reading(
        dialect="none",
        protocol=scheme.protocol,
        secrets=secrets,
        trouble="strings of this scheme hold no address that can be rewritten",
    )


def _names_server(rest: str) -> bool:
    """Return True for ``s3://bucket?endpoint_url=http://localhost:9000`` and ``s3://a@b:1/c``."""
    authority, _, query = rest.partition("?")
    host = authority.partition("/")[0].rpartition("@")[2]
    if host.rpartition(":")[2].isdecimal() and ":" in host:
        return True
    if "=" not in query:
        return False
    from hostshift.dsn import second_addresses

    parameters = (part.partition("=") for part in query.split("&"))
    return any(second_addresses.holds_one(name, value) for name, _, value in parameters)


def _names_host(name: str, rest: str) -> bool:
    """Return True for ``unix://localhost:80`` and ``http+unix://host``: neither has a path.

    ``http+unix://`` takes the path with escapes (requests-unixsocket), and ``unix://`` may have a
    relative one.
    """
    if not name.endswith(("unix", "+uds")) or "/" in rest or rest[:3].lower() == "%2f":
        return False
    host = rest.partition("?")[0].rpartition("@")[2]
    return bool(host) and (name != "unix" or ":" in host or host == "localhost")
