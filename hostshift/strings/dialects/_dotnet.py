"""Shared by the .NET and ODBC dialects: ``keyword=value;`` pairs, and IPv6 addresses.

What is read here is where each value stands in the text; nothing is rebuilt.
"""

from __future__ import annotations

from hostshift._record import Record
from hostshift.strings.masking import is_secret
from hostshift.strings.model import Slot, Unreadable, Unwritable
from hostshift.strings.places import check_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence


class Pair(Record):
    """One ``keyword=value`` and the span of the value, quotes left out."""

    keyword: str
    """In lower case, without surrounding space."""
    start: int
    end: int
    after: int
    """Where the value ends with its closing quote: what is added goes here."""
    escaped: bool = False
    """Whether doubled quotes stand in the value: offsets do not match what is decoded."""
    indented: bool = False
    """Whether blanks stand before the keyword."""
    blanks: bool = False
    """Whether blanks stand around the equals sign or behind the value."""


def refuse_invisible(text: str) -> None:
    """Leave alone what .NET takes for white space or control characters and others do not.

    Raises:
        Unreadable: such a character is there.

    """
    if not text.isascii() and not text.isprintable():
        raise Unreadable("the text holds invisible characters, which clients read differently")


def skip_blanks(text: str, at: int, end: int) -> int:
    """Return the offset of the first character that is no blank."""
    while at < end and text[at] == " ":
        at += 1
    return at


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without the blanks at both ends."""
    start = skip_blanks(text, start, end)
    while end > start and text[end - 1] == " ":
        end -= 1
    return start, end


def secret_values(pairs: Sequence[Pair]) -> tuple[tuple[int, int], ...]:
    """Return the spans of values whose keyword says that they are secret.

    ``PSW`` is one of Npgsql's words for the password.
    """
    return tuple(
        (pair.start, pair.end) for pair in pairs if pair.keyword == "psw" or is_secret(pair.keyword)
    )


def check_address(host: str) -> None:
    """Refuse a host that is neither a plain name nor an IP address.

    Raises:
        Unreadable: it holds something else, a colon in what is no IPv6 address, say.

    """
    check_host(host)
    if ":" in host and not is_ipv6(host):
        raise Unreadable("a host holds a colon and is no IPv6 address")


def is_ipv6(host: str) -> bool:
    """Return True if a host is an IPv6 address, with or without a zone."""
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return True


def entries(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the spans between the commas."""
    spans = []
    while True:
        comma = text.find(",", start, end)
        spans.append((start, comma if comma >= 0 else end))
        if comma < 0:
            return spans
        start = comma + 1


def bare(host: str) -> str:
    """Write a host, an IPv6 address without brackets as well."""
    return host


def no_ipv6(reason: str) -> Callable[[str], str]:
    """Return a writer that takes names and IPv4 addresses only."""

    def write(host: str) -> str:
        if ":" in host:
            raise Unwritable(reason)
        return host

    return write


def nowhere(at: int, reason: str) -> Slot:
    """Return the slot of a port that cannot be written."""

    def write(port: str) -> str:
        _ = port
        raise Unwritable(reason)

    return Slot(start=at, end=at, write=write)


def after(words: str) -> Callable[[str], str]:
    """Return a writer that puts words before the value."""
    return lambda value: words + value


def last_address(named: dict[str, Pair], known: Collection[str]) -> Pair | None:
    """Return the pair that names the server: the last of them, None if it is empty.

    The dictionary keeps the place of a keyword's first use, so the offset decides.
    """
    found = [named[name] for name in known if name in named]
    last = max(found, key=lambda pair: pair.start, default=None)
    if last is None or last.start == last.end:
        return None
    if last.escaped:
        raise Unreadable("an address holds quotes")
    return last
