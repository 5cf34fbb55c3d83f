"""Find hosts that may belong to a password with a raw ``/``, ``?`` or ``#``: an ``@`` follows.

To its grammar, ``redis://To/ken@localhost`` has the host ``To``. Nobody can know what its
author intended. So hostshift leaves such a text alone, and neither shows nor looks up any of it.
"""

from __future__ import annotations

from bisect import bisect_right

from hostshift.base.addresses import ipv4_value, is_host_alias, is_loopback
from hostshift.dsn.authority import first_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.dsn.model import Endpoint, Reading

REASON = (
    "an @ stands behind what looks like the host, so that this may be a part of a password:"
    " write the password percent-encoded"
)


def reason(text: str) -> str:
    """Return why such a text stays, with the escape of the character that ended the address."""
    mark = text[first_of(text, "/?#", text.find("://") + 3) :][:1]
    return f"{REASON} ({mark} as %{ord(mark):02X})" if mark else REASON


def is_in(text: str, reading: Reading) -> bool:
    """Return True if a host may be a part of a password.

    A plain host (``localhost``, a whole address, a name of the host) is none, because there
    the ``@`` belongs to a path. Nor is a host one if each ``@`` behind it is in the value of a
    parameter, as in the strings that Azure gives out (``appName=@account@``), or begins a part
    of an HTTP path (``/@scope/package``) that cannot be an address.
    """
    if not reading.endpoints:
        return False
    spans = _merged(reading.secrets)
    starts = [start for start, _ in spans]
    for endpoint, end in _in_authorities(text, reading.endpoints):
        at = endpoint.host_at.start
        if text.find("@", at) < 0:
            return False
        nearest = bisect_right(starts, at) - 1
        if nearest >= 0 and at < spans[nearest][1] and not _is_plain(endpoint.host):
            if text[end - 1] == ":":  # ``user:?`` begins a password, and no address
                return True
            return not (_is_in_parameters(text, end) or _begins_parts(text, endpoint, end))
    return False


def _in_authorities(text: str, endpoints: Iterable[Endpoint]) -> Iterator[tuple[Endpoint, int]]:
    """Yield the endpoints before the first ``/``, ``?`` or ``#`` of a URL, and its offset."""
    begin = end = 0
    for endpoint in sorted(endpoints, key=lambda endpoint: endpoint.host_at.start):
        at = endpoint.host_at.start
        following = text.find("://", begin)
        while 0 <= following < at:
            begin = following + 3
            end = first_of(text, "/?#", begin)
            following = text.find("://", begin)
        if begin <= at < end:
            yield endpoint, end
        elif text.startswith("@", at - 1):  # to its reader, none of them ends the address
            yield endpoint, first_of(text, "/?#", at)


def _is_in_parameters(text: str, end: int) -> bool:
    """Return True if each ``@`` from an offset on is in the value of a parameter with a name.

    Without a path before the ``?``, or with a port or a path behind the ``@``, the address may
    as well begin at the ``@``: ``http://u:to@ken?a=b@localhost:5432/``.
    """
    query = text.find("?", end)
    if query < 0 or first_of(text, "@#", end) < query or "#" in text[query:]:
        return False
    if not text.startswith("/", end):
        return False
    parameters = [part.partition("@") for part in text[query + 1 :].split("&") if "@" in part]
    if any(mark in behind for _, _, behind in parameters for mark in ":/"):
        return False
    names = (before.partition("=") for before, _, _ in parameters)
    return all(equals and name.replace(".", "_").isidentifier() for name, equals, _ in names)


def _begins_parts(text: str, endpoint: Endpoint, end: int) -> bool:
    """Return True if each ``@`` from an offset on begins a part of an HTTP URL's path.

    A token may end with a ``/``, as in ``http://token/@sentry:9000/3``. So the host has to have a
    port or a dot, and no such part may look like an address.
    """
    if not text[:8].lower().startswith(("http://", "https://")):
        return False
    if endpoint.port is None and "." not in endpoint.host:
        return False
    parts = text[end:].split("/@")
    return text.count("@", end) == len(parts) - 1 and not any(map(_is_address, parts[1:]))


def _is_address(text: str) -> bool:
    """Return True if a part of a path may be an address: with a dot or a port, or localhost."""
    part = text[: first_of(text, "/?#", 0)]
    return "." in part or ":" in part or _is_plain(part)


def _is_plain(host: str) -> bool:
    """Return True if a text is plainly a host: an address, loopback, a name of the host."""
    whole = ":" in host or (host.count(".") == 3 and ipv4_value(host) is not None)
    return whole or (not host.isdigit() and is_loopback(host)) or is_host_alias(host)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return sorted spans that do not overlap."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
