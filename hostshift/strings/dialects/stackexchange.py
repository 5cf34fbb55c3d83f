"""``stackexchange``: StackExchange.Redis (ConfigurationOptions.DoParse, Format.TryParseEndPoint).

Tokens with commas between them: ``name=value`` is an option, everything else an
endpoint, ``host``, ``host:port``, ``[ipv6]:port``, a bare IPv6 address, or ``!`` and
the path of a socket. There is no quoting: the rest of a password that holds a
comma is an endpoint to the driver.
"""

from __future__ import annotations

from hostshift.strings.dialects._dotnet import (
    check_address,
    entries,
    is_ipv6,
    nowhere,
    refuse_invisible,
    trimmed,
)
from hostshift.strings.masking import is_secret
from hostshift.strings.model import Endpoint, Reading, Slot, Unreadable
from hostshift.strings.places import bracketed, host_port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.strings.model import Scheme

_NAMES = (
    "abortconnect allowadmin asynctimeout channelprefix checkcertificaterevocation "
    "configchannel configcheckseconds connectretry connecttimeout defaultdatabase "
    "highintegrity highprioritythreads keepalive name password preserveasyncorder protocol "
    "proxy resolvedns responsetimeout sentinelpassword sentineluser servicename setlib ssl "
    "sslhost sslprotocols synctimeout tcpkeepalive tiebreaker tunnel user version writebuffer"
)
_OPTIONS = frozenset(_NAMES.split())
"""OptionKeys in lower case; any other name makes the driver raise, unless it starts with ``$``."""

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    refuse_invisible(text)
    options: dict[str, str] = {}
    places, secrets = [], []
    behind_secret = False
    for start, end in (trimmed(text, *span) for span in entries(text, 0, len(text))):
        equals = text.find("=", start, end)
        if equals > start:
            name = _option(text[start:equals].rstrip(" "))
            options[name] = text[equals + 1 : end].strip(" ")
            behind_secret = is_secret(name)
            secrets += [(equals + 1, end)] if behind_secret else []
        elif start < end:
            _refuse_rest(behind_secret)
            places.append((start, end))
    default = _default_port(text, options, scheme)
    return Reading(
        dialect="stackexchange",
        protocol=scheme.protocol or "redis",
        endpoints=tuple(
            _endpoint(text, start, end, default) for start, end in places if text[start] != "!"
        ),
        secrets=tuple(secrets),
    )


def _refuse_rest(behind_secret: bool) -> None:
    """Leave alone what the driver takes for an endpoint, but may be the rest of a password."""
    if behind_secret:
        raise Unreadable("a host directly behind a password may be the rest of it")


def _option(name: str) -> str:
    """Return an option's name in lower case."""
    lowered = name.lower()
    if not name.isascii() or (lowered not in _OPTIONS and name[0] != "$"):
        raise Unreadable("there is an option that the driver does not know", refused=True)
    return lowered


def _default_port(text: str, options: dict[str, str], scheme: Scheme) -> int | None:
    """Return the port that is taken where none is given (EndPointCollection.SetDefaultPorts).

    For Azure's own names the driver guesses whether TLS is meant: then nobody
    knows without asking it.
    """
    if options.get("tunnel"):
        raise Unreadable("there is a tunnel, so the address of a proxy is dialled")
    if options.get("servicename"):
        return 26379
    tls = options.get("ssl")
    if tls is None:
        guessed = any(name in text.lower() for name in (".redis.", ".redisenterprise."))
        return None if guessed else scheme.port or 6379
    if tls.lower() not in (*_TRUE, *_FALSE):
        raise Unreadable("ssl is neither true nor false", refused=True)
    return 6380 if tls.lower() in _TRUE else scheme.port or 6379


def _endpoint(text: str, start: int, end: int, default_port: int | None) -> Endpoint:
    """Read one endpoint; the driver ignores those with a bad port, or none behind a colon."""
    if text[end - 1] == ":" and text.count(":", start, end) == 1:
        raise Unreadable("a colon is followed by no port")
    if text[start] != "[" and text.count(":", start, end) > 1:
        return _bare_ipv6(text, start, end, default_port)
    found = host_port(text, start, end, default_port)
    if text[end - 1] == ":":
        raise Unreadable("a colon is followed by no port")
    check_address(found.host)
    return found


def _bare_ipv6(text: str, start: int, end: int, default_port: int | None) -> Endpoint:
    """Read an IPv6 address without brackets; all of it is the address."""
    host = text[start:end]
    check_address(host)
    if not is_ipv6(host):
        raise Unreadable("several colons, and no IPv6 address")
    return Endpoint(
        host=host,
        port=None,
        default_port=default_port,
        host_at=Slot(start=start, end=end, write=bracketed),
        port_at=nowhere(end, "behind an IPv6 address without brackets no port can be added"),
    )
