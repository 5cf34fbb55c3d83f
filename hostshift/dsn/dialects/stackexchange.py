"""``stackexchange``: StackExchange.Redis (ConfigurationOptions.DoParse, Format.TryParseEndPoint).

Tokens with commas between them: ``name=value`` is an option, everything else an
endpoint, ``host``, ``host:port``, ``[ipv6]:port``, a bare IPv6 address, or ``!`` and
the path of a socket. The grammar has no quotes, so if a password holds a comma, the
driver takes the rest of it for an endpoint.
"""

from __future__ import annotations

from hostshift.dsn.dialects._keyword_values import bare_ipv6, check_address, refuse_invisible
from hostshift.dsn.dialects._nested import pieces, trimmed
from hostshift.dsn.host_port import host_port
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Endpoint, Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Scheme

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
    for start, end in (trimmed(text, *span) for span in pieces(text, ",")):
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
    """Refuse an endpoint that may be the rest of a password."""
    if behind_secret:
        raise Unreadable("a host directly behind a password may be the rest of it")


def _option(name: str) -> str:
    """Return an option's name in lower case."""
    lowered = name.lower()
    if not name.isascii() or (lowered not in _OPTIONS and name[0] != "$"):
        raise Unreadable("there is an option that the driver does not know", refused=True)
    return lowered


def _default_port(text: str, options: dict[str, str], scheme: Scheme) -> int | None:
    """Return the driver's default port (EndPointCollection.SetDefaultPorts).

    For Azure's own names the driver guesses whether to use TLS. Only the driver
    knows the port then, so it is None.
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
    """Read one endpoint. The driver ignores one with a bad port, or with none behind a colon."""
    if text[end - 1] == ":" and text.count(":", start, end) == 1:
        raise Unreadable("a colon is followed by no port")
    if text[start] != "[" and text.count(":", start, end) > 1:
        check_address(text[start:end])
        return bare_ipv6(text, start, end, default_port)
    endpoint = host_port(text, start, end, default_port)
    if text[end - 1] == ":":
        raise Unreadable("a colon is followed by no port")
    check_address(endpoint.host)
    return endpoint
