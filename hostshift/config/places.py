"""Hosts and ports as settings name them, and their readers. Pure.

A reader raises a ValueError that holds nothing of the value: see :mod:`.readers`.
"""

from __future__ import annotations

from hostshift.base.addresses import (
    format_address,
    ipv4_value,
    ipv6_value,
    is_loopback,
    is_odd_number,
)
from hostshift.base.addresses import value as number_of
from hostshift.base.record import Record
from hostshift.config.readers import entries, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Place(Record):
    """A host, a port, or both, as HOSTSHIFT_MAP and HOSTSHIFT_KEEP name them."""

    host: str | None
    port: int | None

    def covers(self, host: str, port: int | None, loopback_names: Iterable[str] = ()) -> bool:
        """Return True if this covers an endpoint; ``localhost`` is loopback in any spelling."""
        if self.port is not None and self.port != port:
            return False
        if self.host is None:
            return True
        return same_host(self.host, host, loopback_names)

    def __str__(self) -> str:
        """Write the place as settings do."""
        return str(self.port) if self.host is None else format_address(self.host, self.port)


class MapRule(Record):
    """One declared route from an endpoint to its address."""

    source: Place
    goal: Place


def same_host(declared: str, host: str, loopback_names: Iterable[str] = ()) -> bool:
    """Return True if a setting and a string name one host; addresses compare by value."""
    name, other = _name(declared), _name(host)
    if name == other:
        return True
    if name == "localhost":
        return is_loopback(other, loopback_names)
    number = number_of(declared)
    return number is not None and number == number_of(host)


def _name(host: str) -> str:
    """Return a name as DNS compares it: in lower case, without the dot of the root (RFC 1034, 3.1).

    An address keeps its dot: no client takes it for an address with a dot at its end.
    """
    name = host.lower()
    plain = name.removesuffix(".")
    return name if ipv4_value(plain) is not None else plain


def parse_host(value: object) -> str:
    """Read a host without a port.

    Raises:
        ValueError: it is no host, or has a port.

    """
    text = text_of(value)
    if ":" in text and ipv6_value(text) is not None:
        return text
    place = parse_place(text)
    if place.host is None or place.port is not None:
        raise ValueError("it is not a host without a port")
    return _dialled(place).host or ""


def parse_map(value: object) -> tuple[MapRule, ...]:
    """Read a comma list, or a tuple, of ``from=to``.

    Each side is a host or ``host:port``, an IPv6 address in brackets.

    Raises:
        ValueError: an entry is not of that form.

    """
    return tuple(map(_rule, entries(value)))


def _rule(entry: object) -> MapRule:
    if isinstance(entry, MapRule):
        return MapRule(source=_checked(entry.source), goal=_dialled(_checked(entry.goal)))
    source, equals, goal = text_of(entry).partition("=")
    if not equals:
        raise ValueError("an entry is not of the form from=to")
    return MapRule(source=parse_place(source), goal=_dialled(parse_place(goal)))


def _dialled(place: Place) -> Place:
    """Return a place that is dialled, unless its host is a number that is mostly a port.

    Raises:
        ValueError: it is. ``localhost:5432=6432`` would lead to 0.0.25.32.

    """
    if place.host is not None and is_odd_number(place.host) and not is_loopback(place.host):
        raise ValueError("a number is no host (an address is four of them: 10.0.0.1)")
    return place


def parse_keep(value: object) -> tuple[Place, ...]:
    """Read a comma list, or a tuple, of hosts, ports and ``host:port``.

    Raises:
        ValueError: an entry is none of these.

    """
    return tuple(map(_kept, entries(value)))


def _kept(entry: object) -> Place:
    """Read an entry of HOSTSHIFT_KEEP; a number alone is a port, in a tuple also an int."""
    if isinstance(entry, Place):
        return _checked(entry)
    if isinstance(entry, int) and not isinstance(entry, bool) and 0 < entry < 65536:
        return Place(host=None, port=entry)
    text = text_of(entry)
    if text.isascii() and text.isdecimal():
        return Place(host=None, port=_port(text))
    return parse_place(text)


def _checked(place: object) -> Place:
    """Return a place that a caller made if its fields have the right types.

    Raises:
        ValueError: they do not.

    """
    if (
        isinstance(place, Place)
        and (place.host is None or isinstance(place.host, str))
        and (place.port is None or isinstance(place.port, int))
    ):
        return place
    raise ValueError("an entry is not a Place of a host and a port")


def parse_place(text: str) -> Place:
    """Read a host or ``host:port``, an IPv6 address in brackets.

    Raises:
        ValueError: it is neither.

    """
    entry = text.strip()
    if entry.startswith("["):
        host, bracket, rest = entry[1:].partition("]")
        valid = bool(bracket) and ipv6_value(host) is not None and rest[:1] in ("", ":")
        port = rest[1:] if rest else None
    else:
        host, colon, after = entry.partition(":")
        plain = host.replace("-", "").replace(".", "").replace("_", "")
        valid = plain.isascii() and plain.isalnum()
        port = after if colon else None
    if not valid:
        raise ValueError("an entry is neither a host nor host:port (IPv6 goes in brackets)")
    return Place(host=host, port=None if port is None else _port(port))


def _port(text: str) -> int:
    if len(text) > 5 or not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise ValueError("a port is a number from 1 to 65535")
    return int(text)
