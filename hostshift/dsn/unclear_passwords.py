"""Say which raw character in a password makes a text unclear, and how to write it.

A reason names characters that have a meaning in the grammar, and nothing else of the text.
"""

from __future__ import annotations

from hostshift.dsn.authority import first_of
from hostshift.dsn.model import Reading

_ENDING = "/?#"
_SPECIAL = "\\@[]%\"'<>{}|^` ,;:&=+"
"""What readers of URIs take for something else, the likeliest first."""
_QUOTED = {
    "adonet": 'put the password in double quotes (Password="…"), and double each of those in it',
    "odbc": "put the password in braces (PWD={…}), and double each closing brace in it",
    "libpq": "put the password in single quotes (password='…'), with a backslash before each quote",
    "jdbc": "put the password in braces (password={…}), and double each closing brace in it",
    "sqlserver": "put the password in braces (password={…}), and double each closing brace in it",
    "pdo": "write the password as an argument of its own: new PDO(dsn, user, password)",
    "stackexchange": "give the password in ConfigurationOptions, as a comma ends it here",
}


def reason(text: str, dialects: tuple[str, ...], otherwise: str) -> str:
    """Return why a text cannot be read.

    Args:
        text: the connection string.
        dialects: those that tried.
        otherwise: the reason of the last one, without a known cause.

    """
    start = text.find("://") + 3
    lowered = text.lower()
    uri = start >= 3 and "=" not in text[:start] and " " not in text[:start]
    if uri and ";password=" not in lowered:
        return _ended(text, start) or _escaped(text, start, otherwise)
    dialect = next((name for name in dialects if name in _QUOTED), "")
    raw = "behind a password" in otherwise  # the reader itself takes the password for the cause
    if dialect and (raw or _may_be_raw(text, lowered, _MARKS.get(dialect, ";"))):
        return f"{otherwise}; {_QUOTED[dialect]}"
    return otherwise


_MARKS = {"libpq": " ", "stackexchange": ",", "jdbc": ";&"}
"""What ends a value without quotes, if it is no semicolon."""


def _may_be_raw(text: str, lowered: str, marks: str) -> bool:
    """Return True if the first password may hold a special character that ends it too early.

    A plain password with nothing but known names behind it holds none.
    """
    found = [lowered.find(word) for word in ("password", "pwd") if word in lowered]
    equals = text.find("=", min(found)) if found else -1
    if equals < 0:
        return bool(found)
    value, *others = text[equals + 1 :].replace(marks[-1], marks[0]).split(marks[0])
    if not _is_plain(value.strip()):
        return True
    from hostshift.dsn.known_names import is_known

    names = (part.partition("=") for part in others if part.strip())
    return not all(equals and is_known(name.strip()) for name, equals, _ in names)


def _is_plain(value: str) -> bool:
    """Return True for letters, digits and a few marks that no grammar takes for others."""
    if value[:1] in ('"', "'", "{") and value[-1:] == {"{": "}"}.get(value[0], value[0]):
        value = value[1:-1]
    return not value or value.translate(_HARMLESS).isalnum()


_HARMLESS = dict.fromkeys(map(ord, "-._"))


def split(mark: str, reading: Reading) -> str:
    """Return that a word without a value stands behind a mark that may belong to a password.

    Most of Java's drivers that part values with a semicolon have no way to write one.
    """
    ways = _QUOTED.get(reading.dialect, f"write it as {_percent(mark)}")
    if mark == "&":
        ways = "write it as %26"
    elif reading.dialect == "jdbc" and reading.protocol != "mssql":
        ways = "give the driver the password as an argument of its own"
    return (
        "a word without a value stands behind a password:"
        f" if a raw {mark} is in the password, {ways}"
    )


def without_hosts(text: str, reading: Reading) -> Reading:
    """Return a reading without hosts, with a trouble if a raw character in a password hides one."""
    start = text.find("://") + 3
    if start < 3 or not reading.protocol or reading.dialect in ("", "none"):
        return reading  # a transport that has no host may name anything there
    trouble = _ended(text, start)
    if not trouble and text.count("@") > 1:
        trouble = _escaped(text, start, "the text names no host")
    return Reading(dialect="", trouble=trouble) if trouble else reading


def _ended(text: str, start: int) -> str:
    """Return that a raw character ended the address before the ``@``, empty if none did.

    Every reader ends the address at the first ``/``, ``?`` or ``#``.
    """
    end = first_of(text, _ENDING, start)
    if end == len(text) or text.find("@", start, end) >= 0 or text.find("@", end) < 0:
        return ""
    mark = text[end]
    return (
        f"an @ stands behind a raw {mark}: if the {mark} is in the password,"
        f" write it as {_percent(mark)}"
    )


def _escaped(text: str, start: int, otherwise: str) -> str:
    """Return a reason with the escape of a special character before the last ``@``."""
    colon, last = text.find(":", start), text.rfind("@")
    secret = text[colon + 1 : last] if 0 <= colon < last else ""
    mark = next((mark for mark in _ENDING + _SPECIAL if mark in secret), "")
    if not mark:
        return otherwise
    return f"{otherwise}; if a raw {mark} is in the password, write it as {_percent(mark)}"


def _percent(mark: str) -> str:
    return f"%{ord(mark):02X}"
