"""``go_mysql``: go-sql-driver/mysql (dsn.go, ParseDSN): ``user:password@tcp(host:port)/db?…``.

The path starts at the last ``/`` of the whole text. User information ends at the
last ``@`` before it. The address stands in the parentheses between the two. Only the
network ``tcp`` has a host: ``unix`` is a socket, and functions that the program
registers dial the others.

TDengine's driver took this form over, with networks of its own (driver-go, taosWS/dsn.go and
taosRestful/dsn.go): ``user:password@ws(host:6041)/db``, always with a port.
"""

from __future__ import annotations

from hostshift.dsn.dialects._keyword_values import bare_ipv6, check_address
from hostshift.dsn.dialects._nested import moved_reading
from hostshift.dsn.host_port import as_is, host_port, is_ipv6, no_ipv6
from hostshift.dsn.masking import secret_parameters
from hostshift.dsn.model import Endpoint, Reading, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Scheme

DEFAULT_PORT = 3306
_TDENGINE = frozenset(("http", "https", "ws", "wss"))


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoint. golang-migrate and others write ``mysql://`` before such a text."""
    begin = text.find("://") + 3
    if begin > 2 and text[: begin - 3].isalnum():
        return moved_reading(_read(text[begin:], scheme), begin)
    return _read(text, scheme)


def _read(text: str, scheme: Scheme) -> Reading:
    slash = text.rfind("/")
    if slash < 0:
        raise Unreadable("there is no slash before the database", refused=True)
    at = text.rfind("@", 0, slash)
    network, start, end = _network(text, at + 1, slash)
    port = DEFAULT_PORT if scheme.port is None else scheme.port
    protocol = "tdengine" if network in _TDENGINE else "mysql"
    return Reading(
        dialect="go_mysql",
        protocol=scheme.protocol or protocol,
        endpoints=_endpoints(text, network, start, end, port),
        secrets=(_credentials(text, at), *secret_parameters(text, slash)),
    )


def _network(text: str, start: int, slash: int) -> tuple[str, int, int]:
    """Return the network's name and the span of the address, which may be empty."""
    opening = text.find("(", start, slash)
    if opening < 0:
        return text[start:slash], slash, slash
    if text[slash - 1] != ")":
        raise Unreadable("the address is not closed before the slash", refused=True)
    return text[start:opening], opening + 1, slash - 1


def _credentials(text: str, at: int) -> tuple[int, int]:
    """Return the span of the password behind the first colon, or else of all before the ``@``."""
    if at < 0:
        return 0, 0
    colon = text.find(":", 0, at)
    return (colon + 1 if colon >= 0 else 0), at


def _endpoints(text: str, network: str, start: int, end: int, port: int) -> tuple[Endpoint, ...]:
    """Read the address as the network takes it."""
    if network == "unix":
        return ()
    if network not in ("", "tcp", *_TDENGINE):
        raise Unreadable("the network is one that only the program itself knows")
    if start == end or (text[start] == ":" and text.count(":", start, end) == 1):
        return ()  # no host: the driver's own default
    if network in _TDENGINE and (text[end - 1] == "]" or text.find(":", start, end) < 0):
        raise Unreadable("the address has no port", refused=True)  # net.SplitHostPort
    return (_address(text, start, end, port),)


def _address(text: str, start: int, end: int, port: int) -> Endpoint:
    """Read ``host``, ``host:port``, ``[ipv6]:port`` or a bare IPv6 address (ensureHavePort).

    The driver adds a second pair of brackets to a bracketed address without a port,
    and nobody can dial that. It takes an empty port for port 0.
    """
    address = text[start:end]
    if address[-1] in "]:":
        raise Unreadable("the address has brackets or a colon but no port", refused=True)
    if address[0] != "[" and address.count(":") > 1:  # TDengine's driver refuses it
        return _bare_ipv6(text, start, end, port)
    endpoint = host_port(text, start, end, port)
    check_address(endpoint.host)
    if endpoint.port is None:
        write = no_ipv6("an IPv6 address without a port takes no brackets")
        return endpoint.replace(host_at=endpoint.host_at.replace(write=write))
    return endpoint


def _bare_ipv6(text: str, start: int, end: int, port: int) -> Endpoint:
    """Read an IPv6 address without brackets: the driver adds them and the default port."""
    if not is_ipv6(text[start:end]):
        raise Unreadable("the address has several colons and is no IPv6 address", refused=True)
    return bare_ipv6(text, start, end, port, as_is)
