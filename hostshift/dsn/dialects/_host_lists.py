"""Comma lists of hosts and ports, as libpq dials them and as others hand them to it.

PostgreSQL's client pairs up to three lists: names, numeric addresses, and ports. A
single port serves all hosts (fe-connect.c, pqConnectOptions2).
"""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.dsn.host_port import check_host, is_socket, port_number
from hostshift.dsn.model import Endpoint, Slot, Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_ADDRESS = frozenset("0123456789abcdefABCDEF:.")


class Entry(Record):
    """One entry of a list: its decoded value, and its place in the text."""

    value: str
    at: Slot


def spans(text: str, start: int, end: int, *, escaped: bool = False) -> Iterator[tuple[int, int]]:
    """Yield the spans between commas; ``escaped``: between ``%2C`` as well."""
    at = start
    while at < end:
        width = 1 if text[at] == "," else 3 if escaped and text[at : at + 3].lower() == "%2c" else 0
        if width:
            yield start, at
            start = at = at + width
        else:
            at += 1
    yield start, end


def entries(
    text: str,
    start: int,
    end: int,
    write: Callable[[str], str],
    decode: Callable[[str], str] | None = None,
) -> list[Entry]:
    """Read the comma list between two offsets; ``decode`` undoes escapes where clients do."""
    listed = []
    for first, last in spans(text, start, end, escaped=decode is not None):
        value = text[first:last] if decode is None else decode(text[first:last])
        listed.append(Entry(value=value, at=Slot(start=first, end=last, write=write)))
    return listed


def has_values(listed: Sequence[Entry]) -> bool:
    """Return True if a list counts; a single empty entry does not."""
    return len(listed) > 1 or bool(listed and listed[0].value)


def pair_lists(
    names: Sequence[Entry],
    addresses: Sequence[Entry],
    ports: Sequence[Entry],
    default_port: int | None,
    *,
    full: bool = False,
) -> tuple[Endpoint, ...]:
    """Pair the lists as libpq does: it dials an address rather than the name beside it.

    ``full``: a port that serves several hosts has to be written once for each.

    Raises:
        Unreadable: the lists differ in length, or hold what clients read differently.

    """
    hosts = addresses if has_values(addresses) else names
    count = len(hosts) if has_values(hosts) else 0
    if hosts is addresses and has_values(names) and len(names) != count:
        raise Unreadable("there are not as many names as addresses", refused=True)
    if count and len(ports) not in (1, count):
        raise Unreadable("there are not as many ports as hosts", refused=True)
    dialled = [_dialled_at(at, names, hosts) for at in range(count)]
    real = [at for at, entry in enumerate(dialled) if entry is not None]
    places = _places(ports, count, real, full=full) if count else []
    return tuple(
        Endpoint(
            host=entry.value,
            port=port_number(port.value) if port.value else None,
            default_port=default_port,
            host_at=entry.at,
            port_at=port.at,
        )
        for entry, port in zip(dialled, places, strict=True)
        if entry is not None
    )


def _dialled_at(at: int, names: Sequence[Entry], hosts: Sequence[Entry]) -> Entry | None:
    """Return what libpq dials at a position, None for a socket and for its own default."""
    entry = hosts[at]
    if hosts is not names and not entry.value and has_values(names):
        entry = names[at]
    if "," in entry.value:
        raise Unreadable("a host holds an escaped comma, which parts hosts for some")
    if not entry.value or is_socket(entry.value):
        return None
    check_literal(entry.value)
    return entry


def _places(ports: Sequence[Entry], count: int, real: Sequence[int], *, full: bool) -> list[Entry]:
    """Return the port of every host; one that serves several is shared."""
    if len(ports) == count:
        return list(ports)
    (port,) = ports

    def write(value: str) -> str:
        """Write one port for all, or one for each; sockets keep their own."""
        values = value.split(",")
        if len(values) == 1 and len(real) == count and not full:
            return port.at.write(value)
        written = [port.value] * count
        for place, at in enumerate(real):
            written[at] = values[place % len(values)]
        return port.at.write(",".join(written))

    shared = Slot(start=port.at.start, end=port.at.end, write=write, shared=True)
    return [port.replace(at=shared)] * count


def check_literal(host: str) -> None:
    """Refuse what :func:`.host_port.check_host` does, and colons that make no IPv6 address."""
    if ":" in host and (host.count(":") == 1 or not _ADDRESS.issuperset(host.partition("%")[0])):
        raise Unreadable("a host holds a colon, but no port belongs there")
    check_host(host)


def plain(host: str) -> str:
    """Write a host in a place that takes neither brackets nor escapes."""
    try:
        check_literal(host)
    except Unreadable:
        raise Unwritable("this host cannot stand in such a place") from None
    return host


def in_query(host: str) -> str:
    """Write a host as the value of a query's parameter: bare, with its zone's sign escaped."""
    return plain(host).replace("%", "%25")


def numeric(host: str) -> str:
    """Write a host where libpq takes only numeric addresses (``hostaddr``)."""
    from ipaddress import ip_address

    try:
        ip_address(host)
    except ValueError:
        raise Unwritable("hostaddr takes only a numeric address, no name") from None
    return host


def check_numeric(address: str) -> None:
    """Refuse an address that libpq refuses (``hostaddr``, getaddrinfo with AI_NUMERICHOST)."""
    try:
        numeric(address)
    except Unwritable:
        raise Unreadable("hostaddr holds no numeric address", refused=True) from None


def refuse_issuer(value: str) -> None:
    """Refuse an ``oauth_issuer`` on this machine, which libpq asks as well (fe-auth-oauth.c).

    Raises:
        Unreadable: the value is the URL of such a server.

    """
    from hostshift.dsn import second_addresses

    if second_addresses.holds_one("oauth_issuer", value):
        raise Unreadable(second_addresses.REASON)
