"""The short way for the strings that most people have.

A URI with at most one ``@`` and nothing on which grammars differ: what any reader finds
depends only on the scheme and on the text between the ``@`` and the path. So an answer for
those two holds for every text that has them.

``keyword=value`` texts and JDBC URLs: what a reader finds does not depend on the values of
some keywords, as long as these are plain words. So an answer holds for every text that differs
in those only.

Property tests compare both with the readers.
"""

from __future__ import annotations

from hostshift.dsn.model import MOST_CHARACTERS
from hostshift.dsn.schemes import SIMPLE

ADDRESSING = (
    *("host", "port", "service", "sock", "dsn", "conninfo", "prox", "server", "addr", "node"),
    *("alternate", "backup", "endpoint", "controller", "registr", "broker", "sentinels", "seeds"),
    *("partner", "odbc_connect", ":"),
)
"""Parts of the names of parameters that may name an address, for any reader, and of values that
may be one: see :mod:`hostshift.dsn.second_addresses`."""


def address_span(text: str) -> tuple[str, int, int] | None:
    """Return the scheme and the span of the address of a simple URI, else None."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in SIMPLE or len(text) > MOST_CHARACTERS:
        return None
    if "\\" in rest or "#" in rest or ";" in rest or "%" in rest:
        return None
    if "://" in rest or "tcp(" in rest or not (rest.isascii() and rest.isprintable()):
        return None  # another URL, which some readers take for a further one; Go's addresses
    start = len(scheme) + 3
    end = text.find("/", start)
    query = text.find("?", start)
    if query >= 0:
        if end < 0 or query < end:
            end = query
        if not _is_plain_query(text[query:]) or ("amqp" in scheme and "ssl" in text[query:]):
            return None
    elif end < 0:
        end = len(text)
    first = start if "@" not in rest else _behind_user(text, start, end)
    if "," in rest and text.count(",", first, end) != text.count(","):
        return None  # a comma in a password or in a parameter
    return None if first < 0 else (scheme, first, end)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _is_plain_query(query: str) -> bool:
    """Return False for a query that has to be read: the loops are what most texts cost here."""
    names = query.lower()
    for name in ADDRESSING:
        if name in names:
            return False
    # A word without a value may be the rest of a password: see dsn.split_secrets.
    for part in query.split("&"):  # noqa: SIM110 - a generator takes twice as long
        if "=" not in part:
            return False
    return True


def _behind_user(text: str, start: int, end: int) -> int:
    """Return where the address begins, -1 if that is not clear."""
    at = text.find("@", start)
    if at > end or text.find("@", at + 1) >= 0:
        return -1
    user = text[start:at]
    # urllib counts the brackets of a password with those of the address.
    return -1 if "[" in user or "]" in user or user.count(":") > 1 else at + 1


HARMLESS = frozenset(
    (
        *("user", "username", "user id", "userid", "uid", "password", "pwd", "database"),
        *("initial catalog", "dbname", "databasename", "application_name", "applicationname"),
        *("application name", "app"),
    )
)
"""Keywords whose values change no address for any reader, if they are plain words."""

_KEYWORDS = ("host=", "server=", "data source=", "port=", "user", "dbname=", "database=")


class Outline:
    """What the answer for a text of keywords depends on. No record: it is made for each text."""

    __slots__ = ("key", "mark", "parts")

    def __init__(self, parts: list[str], mark: str) -> None:
        """Take what stands before the first keyword, then each keyword, and what parts these."""
        self.parts = parts
        self.mark = mark
        self.key = (*map(_without_value, parts), mark)
        """The parts without the values of harmless keywords, and what parts them: that decides who
        reads the text, and so the port that it takes by default."""

    def joined(self, changes: dict[int, str]) -> str:
        """Return the text with other parts in these places."""
        parts = [changes.get(at, part) for at, part in enumerate(self.parts)]
        return parts[0] + self.mark.join(parts[1:])


def outline(text: str) -> Outline | None:
    """Return the outline of a text of ``keyword=value``, None for any other text."""
    if len(text) > MOST_CHARACTERS or "@" in text or not _is_plain(text):
        return None
    beginning = text[:12].lower()
    if beginning.startswith("jdbc:"):
        head, question, rest = text.partition("?")
        mark = "&" if question else ";"
        if not question:
            head, question, rest = text.partition(";")
        return Outline([head + question, *rest.split(mark)], mark)
    if not beginning.startswith(_KEYWORDS):
        return None
    mark = ";" if ";" in text else " "
    return Outline(["", *text.split(mark)], mark)


def _without_value(part: str) -> str:
    name, _, value = part.partition("=")
    plain = value.isalnum() and name.strip(" ").lower() in HARMLESS
    # A character that no such text holds, as an empty value is another thing.
    return f"{name}=\0" if plain else part


def may_verify(text: str) -> bool:
    """Return True if a simple URI may ask for a certificate. Quick, because most do not."""
    return "s://" in text or "ssl" in text or "tls" in text
