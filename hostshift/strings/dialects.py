"""The dialects by name, and the choice among them."""

from __future__ import annotations

from hostshift.errors import UnknownDialectError
from hostshift.strings import schemes
from hostshift.strings.hostport import read_hostport, read_hosts
from hostshift.strings.model import Reading, Scheme, Unreadable
from hostshift.strings.uri import (
    read_libpq,
    read_mongodb,
    read_none,
    read_sqlalchemy,
    read_uri,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DIALECTS: dict[str, Callable[[str, Scheme], Reading]] = {
    "uri": read_uri,
    "libpq": read_libpq,
    "sqlalchemy": read_sqlalchemy,
    "mongodb": read_mongodb,
    "hostport": read_hostport,
    "hosts": read_hosts,
    "none": read_none,
}
"""A grammar each: given the text and what its scheme says, find the endpoints."""

_WITHOUT_SCHEME = frozenset(("hostport", "hosts"))

_UNKNOWN = Scheme(protocol="", port=None, dialects=("uri",))
_BARE = Scheme(protocol="", port=None, dialects=("hostport",))


def read(
    text: str,
    dialect: str | None = None,
    *,
    protocol: str = "",
    default_port: int | None = None,
) -> Reading:
    """Find the endpoints of a connection string. Never raises for what the text is.

    Args:
        text: the connection string.
        dialect: the grammar of whoever will consume it. Without it the scheme
            decides, and where its plausible readers disagree nothing is found.
        protocol: what is spoken there, where the text does not say it.
        default_port: the port that the consumer takes where the text gives none,
            if it is not the scheme's.

    Raises:
        UnknownDialectError: there is no dialect of that name.

    """
    if dialect is not None and dialect not in DIALECTS:
        known = ", ".join(sorted(DIALECTS))
        raise UnknownDialectError(f"dialect={dialect!r}: unknown; the dialects are {known}")
    trouble = _unfit(text)
    if trouble:
        return Reading(dialect="", trouble=trouble)
    name, separator, _ = text.partition("://")
    scheme = (schemes.find(name) or _plain(name)) if separator else _BARE
    if scheme is None:
        return Reading(dialect="", trouble="what stands before :// is no scheme")
    if scheme.dialects == ("none",):
        return read_none(text, scheme)
    if protocol or default_port is not None:
        scheme = scheme.replace(
            protocol=scheme.protocol or protocol,
            port=scheme.port if default_port is None else default_port,
        )
    return _agreed(text, scheme, (dialect,) if dialect else scheme.dialects)


def _unfit(text: str) -> str:
    """Say why a text cannot be a connection string at all, empty if it may be one."""
    if not text:
        return "the text is empty"
    if text.isascii() and text.isprintable() and "\\" not in text:
        return ""
    if any(character < " " or character == "\x7f" for character in text):
        return "the text holds control characters"
    if "\\" in text:
        return "the text holds a backslash, which clients read differently"
    return ""


def _plain(name: str) -> Scheme | None:
    """Take a scheme that nothing is known of, if it can be one (RFC 3986, 3.1)."""
    plain = name.replace("+", "").replace("-", "").replace(".", "")
    return _UNKNOWN if plain.isascii() and plain.isalnum() and name[0].isalpha() else None


def _agreed(text: str, scheme: Scheme, names: tuple[str, ...]) -> Reading:
    """Read with every grammar that may be the consumer's; they have to agree.

    A grammar that refuses the text does not count, for its consumer refuses it
    as well, whatever is written there.
    """
    readings: list[Reading] = []
    trouble = "no grammar reads it"
    for name in names:
        if (name in _WITHOUT_SCHEME) is ("://" in text):
            return Reading(dialect="", trouble=f"the dialect {name} does not read such a text")
        try:
            readings.append(DIALECTS[name](text, scheme))
        except Unreadable as found:
            if not found.refused:
                return Reading(dialect="", trouble=found.reason)
            trouble = found.reason
    if not readings:
        return Reading(dialect="", trouble=trouble)
    first = readings[0]
    differing = [other.dialect for other in readings if other.endpoints != first.endpoints]
    if differing:
        parties = " and ".join((first.dialect, *differing))
        return Reading(dialect="", trouble=f"{parties} see different hosts in it")
    secrets = tuple(span for found in readings for span in found.secrets)
    return first.replace(secrets=secrets)
