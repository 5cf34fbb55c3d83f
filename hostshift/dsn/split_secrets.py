"""Find parameters that may be the rest of a secret, and those of names that no driver knows.

To its grammar, ``password=ab;s3cret;ssl=true`` has the password ``ab``. Its author may have meant
``ab;s3cret``, so that what stands behind a secret is no option unless a driver knows its name.
Nor does a name that no driver knows tell that its value is no secret: it may be misspelled.
"""

from __future__ import annotations

from hostshift.base.record import Record
from hostshift.dsn.known_names import is_known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.dsn.model import Reading

    Span = tuple[int, int]


class _Part(Record):
    """One parameter, or what stands in the place of one."""

    start: int
    end: int
    equals: int
    """Where its value begins with the sign, -1 without a value."""
    known: bool
    """Whether a driver knows the name."""
    behind: bool
    """Whether it stands behind a secret that no quotes end, with nothing known between."""


def spans(text: str, reading: Reading) -> Iterator[Span]:
    """Yield what may be secret, beside the secrets that the dialect found. For display."""
    for part in _parts(text, reading):
        if part.known:
            continue
        if part.behind:
            yield part.start - 1, part.end  # with the separator, so that it shows as one
        elif "@" in text[part.start : max(part.equals, part.start)]:
            yield part.start, part.end  # no name holds one: an address with a user stands there
        elif part.equals >= 0:
            yield part.equals + 1, part.end


def mark(text: str, reading: Reading) -> str:
    """Return the separator before a word without a value behind a secret; empty if none is."""
    for part in _parts(text, reading):
        if part.behind and part.equals < 0 and not part.known:
            return text[part.start - 1]
    return ""


def _parts(text: str, reading: Reading) -> Iterator[_Part]:
    """Yield the parameters of a text in their order, but no empty ones."""
    at, marks = _place(text, reading)
    flat = text.replace(marks[1:], marks[0]) if marks[1:] else text
    secrets = sorted(span for span in reading.secrets if span[0] < span[1])
    taken, behind = 0, False
    while at < len(text):
        end = _end(flat, marks[0], at)
        reach = at
        while taken < len(secrets) and secrets[taken][0] < end:
            reach = max(reach, secrets[taken][1])
            if reach > end:
                end = _end(flat, marks[0], reach)
            taken += 1
        if text[at:end].strip():
            equals = text.find("=", at, end)
            name = text[at : equals if equals >= 0 else end].strip()
            known = is_known(name) or "://" in name  # another URL of a list
            yield _Part(start=at, end=end, equals=equals, known=known, behind=behind)
            open_end = reach > at and not text[reach:end].strip()
            behind = open_end or (behind and not known)
        at = end + 1


def _end(text: str, mark: str, at: int) -> int:
    """Return the offset of the next separator, or the end of the text."""
    end = text.find(mark, at)
    return end if end >= 0 else len(text)


def _place(text: str, reading: Reading) -> tuple[int, str]:
    """Return where the first parameter's name begins, and what parts parameters."""
    dialect = reading.dialect
    if dialect in ("adonet", "odbc", "azure"):
        return 0, ";"
    if dialect == "pdo":
        return text.find(":") + 1, ";"
    if dialect == "jdbc" and reading.protocol != "oracle":
        return _first_setting(text), ";&"
    if dialect == "sqlserver" and ";" in text.partition("?")[0]:
        return text.find(";") + 1, ";&"
    if dialect == "uris":
        return _end(text, "?", 0) + 1, "&,"
    from_path = text.rfind("/") if dialect == "go_mysql" else 0
    query = text.find("?", from_path)
    return (query + 1, "&") if query >= 0 else (len(text), "&")


def _first_setting(text: str) -> int:
    """Return where the first setting of a JDBC URL begins; drivers part it from the path by marks.

    An equals sign before the path is one of a list of hosts.
    """
    start = text.find("//") + 2
    path = min(_end(text, mark, start) for mark in "/;?")
    equals = text.find("=", path)
    if start < 2 or equals < 0:
        return len(text)
    return max(text.rfind(mark, path, equals) for mark in "/;?:&") + 1
