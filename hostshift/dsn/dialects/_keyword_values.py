"""Shared by the .NET, ODBC and Go dialects: ``keyword=value;`` pairs, and IPv6 addresses."""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.dsn.host_port import bracketed, check_host, is_ipv6, nowhere
from hostshift.dsn.masking import is_secret
from hostshift.dsn.model import Endpoint, Slot, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence


class Pair(Record):
    """One ``keyword=value`` and the span of the value, without quotes."""

    keyword: str
    """In lower case, without surrounding space."""
    start: int
    end: int
    after: int
    """Where the value ends with its closing quote: an addition goes here."""
    escaped: bool = False
    """Whether the value holds doubled quotes: offsets then do not match the decoded value."""
    indented: bool = False
    """Whether blanks stand before the keyword."""
    blanks: bool = False
    """Whether blanks stand around the equals sign or behind the value."""


def refuse_invisible(text: str) -> None:
    """Refuse what .NET takes for white space or control characters and others do not.

    Raises:
        Unreadable: the text holds such a character.

    """
    if not text.isascii() and not text.isprintable():
        raise Unreadable("the text holds invisible characters, which clients read differently")


def skip_blanks(text: str, at: int, end: int) -> int:
    """Return the offset of the first character that is no blank."""
    while at < end and text[at] == " ":
        at += 1
    return at


def secret_values(pairs: Sequence[Pair]) -> tuple[tuple[int, int], ...]:
    """Return the spans of the values with a secret's keyword.

    ``PSW`` is one of Npgsql's words for the password.
    """
    return tuple(
        (pair.start, pair.end) for pair in pairs if pair.keyword == "psw" or is_secret(pair.keyword)
    )


def credentials(
    text: str, pairs: Sequence[Pair], whole: Collection[str] = ()
) -> Iterator[tuple[int, int]]:
    """Yield values with credentials before an ``@``, as in Oracle's ``DBQ=scott/tiger@db``.

    Args:
        text: the connection string.
        pairs: its pairs.
        whole: keywords of which any text before an ``@`` may be a secret. In others a plain name
            (``UID=me@example.com``) is none.

    """
    for pair in pairs:
        at = text.rfind("@", pair.start, pair.end)
        before = text[pair.start : at] if at >= 0 else ""
        if before and (pair.keyword in whole or any(mark in before for mark in "/:\\")):
            yield pair.start, pair.end


def check_address(host: str) -> None:
    """Refuse a host that is neither a plain name nor an IP address.

    Raises:
        Unreadable: it is neither. An example is a colon in a host that is no IPv6 address.

    """
    check_host(host)
    if ":" in host and not is_ipv6(host):
        raise Unreadable("a host holds a colon and is no IPv6 address")


def bare_ipv6(
    text: str,
    start: int,
    end: int,
    default_port: int | None,
    write: Callable[[str], str] = bracketed,
) -> Endpoint:
    """Return the endpoint of an IPv6 address without brackets, which can take no port."""
    return Endpoint(
        host=text[start:end],
        port=None,
        default_port=default_port,
        host_at=Slot(start=start, end=end, write=write),
        port_at=nowhere(end, "behind an IPv6 address without brackets no port can be added"),
    )


def after(words: str) -> Callable[[str], str]:
    """Return a writer that puts words before the value."""
    return lambda value: words + value


def last_address(named: dict[str, Pair], known: Collection[str]) -> Pair | None:
    """Return the last pair that names the server, None if it is empty.

    The dictionary keeps the place of a keyword's first use, so the offset decides.
    """
    addresses = [named[name] for name in known if name in named]
    last = max(addresses, key=lambda pair: pair.start, default=None)
    if last is None or last.start == last.end:
        return None
    if last.escaped:
        raise Unreadable("an address holds quotes")
    return last
