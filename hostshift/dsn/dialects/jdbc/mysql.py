"""``jdbc:mysql:``, ``mysqlx:`` and ``jdbc:mariadb:``: Connector/J and MariaDB's driver.

Connector/J (com.mysql.cj.conf.ConnectionUrlParser): a comma list between ``//``
and the first ``/``, ``?`` or ``#``. Each entry may begin with ``user:password@``. It is
``host:port``, ``(host=…,port=…)``, ``address=(host=…)(port=…)``, or ``[…]`` around a
list of these. MariaDB's driver (HostAddress.parse) takes ``host:port`` and
``address=…``, but no user and no list in brackets.
"""

from __future__ import annotations

from hostshift.dsn import authority
from hostshift.dsn.dialects._nested import trimmed
from hostshift.dsn.dialects.jdbc import shared
from hostshift.dsn.dialects.jdbc.mysql_host import host_of
from hostshift.dsn.model import Endpoint, Reading, Scheme, Unreadable

_MODES = frozenset(
    (
        *("", "loadbalance:", "load-balance:", "load-balance-read:", "replication:"),
        *("sequential:", "failover:", "aurora:"),
    )
)
"""The words that may stand before ``//``: how the driver uses several hosts."""

_CONNECTING = {
    **dict.fromkeys(("host", "port", "address", "socketfactory", "pipe", "localsocket"), ""),
    **dict.fromkeys(("namedpipepath", "sharedmemory", "propertiestransform"), ""),
    **dict.fromkeys(("dnssrv", "xdevapi.dns-srv"), "false"),
    "protocol": "tcp",
}
"""Parameters that decide where to connect, each with the one value that decides nothing."""


def read(text: str, start: int, scheme: Scheme) -> Reading:
    """Find the endpoints behind ``jdbc:mysql:``, ``jdbc:mariadb:`` or ``mysqlx:``."""
    maria = text.startswith("jdbc:mariadb:")
    slashes = authority.first_of(text, "/?#", start)
    if text[start:slashes] not in _MODES:
        raise Unreadable("what stands before the slashes is no mode of this driver")
    if maria and not text.startswith("//", slashes):
        raise Unreadable("no slashes stand where the hosts would begin")
    start = slashes + 2 if text.startswith("//", slashes) else slashes
    end = _end(text, start, maria=maria) if start > slashes else start
    if start > slashes and text.startswith("//", end):
        raise Unreadable("there are too many slashes", refused=True)
    shared.refuse_parameters(text, authority.first_of(text, "?", end) + 1, _CONNECTING)
    if maria and text.find("address=(", end) >= 0:  # it looks for the end behind the last one
        raise Unreadable("an address stands behind the hosts")
    secrets = list(shared.secrets(text, start, end))
    endpoints = _entries(text, start, end, scheme, secrets, maria=maria)
    return Reading(
        dialect="jdbc",
        protocol=scheme.protocol,
        endpoints=tuple(endpoints),
        secrets=tuple(secrets),
    )


def _end(text: str, start: int, *, maria: bool) -> int:
    """Return the end of the authority; MariaDB's driver takes slashes in parentheses."""
    if not maria:
        return authority.first_of(text, "/?#", start)
    end, depth = start, 0
    while end < len(text) and (depth > 0 or text[end] not in "/?"):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    if authority.first_of(text, "?", start) < end:
        raise Unreadable("a parenthesis is not closed before the query")
    return end


def _split(text: str, start: int, end: int) -> list[shared.Span]:
    """Return the spans between the commas outside of brackets and parentheses."""
    spans, depth, begin = [], 0, start
    for at in range(start, end):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[at], 0)
        if depth < 0:
            break
        if text[at] == "," and depth == 0:
            spans.append((begin, at))
            begin = at + 1
    if depth:
        raise Unreadable("brackets or parentheses do not match")
    return [*spans, (begin, end)]


def _entries(
    text: str, start: int, end: int, scheme: Scheme, secrets: list[shared.Span], *, maria: bool
) -> list[Endpoint]:
    """Read the entries of the authority: users, passwords, hosts."""
    endpoints = []
    for begin, stop in _split(text, start, end):
        at = text.find("@", begin, stop)
        if at >= 0:
            _check_user(text, begin, at, stop, maria=maria)
            colon = text.find(":", begin, at)
            secrets.append((colon + 1 if colon >= 0 else begin, at))
        inside = _list_in_brackets(text, at + 1 if at >= 0 else begin, stop, maria=maria)
        endpoints += [host_of(text, *span, scheme, secrets, maria=maria) for span in inside]
    return [endpoint for endpoint in endpoints if endpoint is not None]


def _check_user(text: str, start: int, at: int, end: int, *, maria: bool) -> None:
    """Refuse user information that this driver does not read, or reads differently."""
    if maria:
        raise Unreadable("this driver takes no user before the host", refused=True)
    if text.find("@", at + 1, end) >= 0:
        raise Unreadable("the user information holds a raw @", refused=True)
    if any(mark in text[start:at] for mark in "()[]"):
        raise Unreadable("the user information holds brackets or parentheses")


def _list_in_brackets(text: str, start: int, end: int, *, maria: bool) -> list[shared.Span]:
    """Return the spans of a list in brackets, or the span itself if it is no such list."""
    start, end = (start, end) if maria else trimmed(text, start, end)
    whole = text[start : start + 1] == "[" and text[end - 1] == "]"
    if maria or not whole or shared.is_ipv6(text[start + 1 : end - 1]):
        return [(start, end)]
    return [trimmed(text, *span) for span in _split(text, start + 1, end - 1)]
