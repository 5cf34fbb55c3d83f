"""What messages show of a wrong text: never what could be a secret.

Users who forget a command, or put a connection string where a name belongs, pass a password.
So a message shows only the shape of a refused text, and a path or a word only if it looks like
one. :mod:`hostshift.dsn.masking` masks the strings that can be parsed, span by span.
"""

from __future__ import annotations

import os

from hostshift.base.addresses import format_address, is_host

MOST_SHOWN = 40
"""The longest shape, in characters."""
_LETTERS = "x"
_DIGITS = "9"
_PATH = frozenset("._-+ ~")
_NAME = frozenset("._-")
_OPTION = frozenset("abcdefghijklmnopqrstuvwxyz-")
_MOST_OPTION = 20
_MOST_NAME = 20
_MOST_PARTS = 2


def shape(text: str) -> str:
    """Return what a text looks like: letters as x, digits as 9, ASCII punctuation as it is.

    Returns:
        The shape in quotes, or only the number of characters if the text is long.

    """
    if len(text) > MOST_SHOWN:
        return f"a text of {len(text)} characters"
    return "'" + "".join(map(_shaped, text)) + "'"


def _shaped(letter: str) -> str:
    if letter.isdigit():
        return _DIGITS
    return letter if letter.isascii() and letter.isprintable() and not letter.isalpha() else "x"


def path(text: str) -> str:
    """Return the last two parts of a path, or the text's shape if it does not look like a path.

    A path from the root that has no more than these begins with its slash.
    """
    parts = [part for part in text.split(os.sep) if part]
    start = os.sep if len(parts) <= _MOST_PARTS and text.startswith(os.sep) else ""
    shown = start + os.sep.join(parts[-_MOST_PARTS:]) if parts else ""
    return shown if shown and _is_plain(shown.replace(os.sep, ""), _PATH) else shape(text)


def place(text: str) -> str:
    """Return a path or an engine's address as it is; shorten it as :func:`path` does if it is odd.

    It may be a connection string in the wrong variable, or a name that another user chose. Line
    ends and escapes in it would forge what people read.
    """
    bare = text.removeprefix("tcp://")
    if "://" in bare and not bare.startswith(("unix://", "npipe://")):
        return shape(text)  # its path may be a token
    marks = _PATH | {os.sep} | ({":", "[", "]"} if bare != text else set())
    drive, rest = os.path.splitdrive(bare)
    return text if _is_plain(drive.rstrip(":") + rest, marks) else path(text)


def option(text: str) -> str:
    """Return an option without its value, or the text's shape if it does not look like one."""
    name, equals, value = text.partition("=")
    plain = len(name) <= _MOST_OPTION and _OPTION.issuperset(name)
    return (name if plain else shape(name)) + (f"={shape(value)}" if equals else "")


def command(text: str) -> str:
    """Return the name of a command, or the text's shape if it does not look like one."""
    return text if _is_plain(text.replace(os.sep, ""), _PATH) else shape(text)


def host(text: object) -> str:
    """Return a host as it is, or its shape if it has not the form of a name or an address.

    A whole connection string may stand in the place of a host, as in ``PGHOST``. Drivers hand on
    what they were given, so it may be no text.
    """
    if not isinstance(text, str):
        return f"a {type(text).__name__}"
    return text if is_host(text) else shape(text)


def port(number: object) -> object:
    """Return a port as it is, or the shape of what is no number."""
    if number is None or type(number) is int:
        return number
    return shape(number) if isinstance(number, str) else f"a {type(number).__name__}"


def address(given: object, number: object) -> str:
    """Write ``host:port``, each as :func:`host` and :func:`port` show it."""
    if isinstance(given, str) and is_host(given) and (number is None or type(number) is int):
        return format_address(given, number)
    shown = port(number)
    return host(given) if shown is None else f"{host(given)}:{shown}"


def name(text: str) -> str:
    """Return the name of a variable, or its beginning: the rest may be anything, a secret too."""
    if _is_plain(text, _NAME):
        return text
    plain = 0
    while plain < min(len(text), _MOST_NAME) and (text[plain].isalnum() or text[plain] == "_"):
        plain += 1
    return f"{text[:plain]}***"


def printable(text: str) -> str:
    """Return a text with its line ends and escapes written out: they would forge what people read.

    Another user may have chosen a part of it, such as the name of a file or of a variable.
    """
    if text.isprintable():
        return text
    return "".join(map(_printable, text))


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")


def _is_plain(text: str, marks: frozenset[str]) -> bool:
    return text.isprintable() and all(letter.isalnum() or letter in marks for letter in text)
