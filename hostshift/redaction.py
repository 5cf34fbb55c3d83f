"""What is shown of a text that was given and is wrong: never what could be a secret.

Somebody who forgets a command, or puts a connection string where a name belongs, gives a
password. So what was refused shows as its shape, and a path or a word only where it looks
like one. Strings that can be read are masked span by span: :mod:`hostshift.strings.masking`.
"""

from __future__ import annotations

import os

MOST_SHOWN = 40
"""Characters of a shape."""
_LETTERS = "x"
_DIGITS = "9"
_PATH = frozenset("._-+ ~")
_OPTION = frozenset("abcdefghijklmnopqrstuvwxyz-")
_MOST_OPTION = 20


def shape(text: str) -> str:
    """Return what a text looks like: letters as x, digits as 9, ASCII punctuation as it is.

    Args:
        text: what was given.

    Returns:
        A text in quotes, or the number of characters where it is long.

    """
    if len(text) > MOST_SHOWN:
        return f"a text of {len(text)} characters"
    return "'" + "".join(map(_shaped, text)) + "'"


def _shaped(letter: str) -> str:
    if letter.isdigit():
        return _DIGITS
    return letter if letter.isascii() and letter.isprintable() and not letter.isalpha() else "x"


def path(given: str) -> str:
    """Return the last two parts of a path; its shape, if it does not look like a path."""
    parts = [part for part in given.split(os.sep) if part]
    shown = os.sep.join(parts[-2:])
    return shown if shown and _is_plain(shown.replace(os.sep, ""), _PATH) else shape(given)


def place(given: str) -> str:
    """Return a path or an engine's address as it is, and as :func:`path` does if it looks odd.

    It may be a connection string that somebody has put into the wrong variable, or a name that
    another user chose: line ends and escapes would forge what people read.
    """
    bare = given.removeprefix("tcp://") if given.startswith("tcp://") else given
    marks = _PATH | {os.sep} | ({":", "[", "]"} if bare is not given else set())
    drive, rest = os.path.splitdrive(bare)
    return given if _is_plain(drive.rstrip(":") + rest, marks) else path(given)


def option(given: str) -> str:
    """Return an option without its value; its shape, if it is not written as options are."""
    name, equals, value = given.partition("=")
    plain = len(name) <= _MOST_OPTION and _OPTION.issuperset(name)
    return (name if plain else shape(name)) + (f"={shape(value)}" if equals else "")


def command(given: str) -> str:
    """Return the name of a command; its shape, if no command is called so."""
    return given if _is_plain(given.replace(os.sep, ""), _PATH) else shape(given)


def _is_plain(text: str, marks: frozenset[str]) -> bool:
    return text.isprintable() and all(one.isalnum() or one in marks for one in text)
