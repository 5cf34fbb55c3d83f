"""TOML: the positions of its strings, which the standard parser does not tell. Pure.

The scanner reads text that :mod:`tomllib` has read before, so it may be lenient. Each value that
it finds must be the one that :mod:`tomllib` reads at the same path.
"""

from __future__ import annotations

import re
import tomllib

from hostshift.documents.model import (
    LONGEST,
    NUMBER,
    Document,
    DocumentError,
    Scalar,
    line_of,
    may_be_port,
    plain_units,
)
from hostshift.documents.splice import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from hostshift.documents.model import Leaf, Unit

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[^\s=.\[\]\"'#,{}]+")
_STRINGS = {
    '"""': re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*?"{3,5}', re.DOTALL),
    "'''": re.compile(r"'''.*?'{3,5}", re.DOTALL),
    '"': re.compile(r'"(?:[^"\\]|\\.)*"'),
    "'": re.compile(r"'[^']*'"),
}
_NAMES = {'"""': "multi-line basic", "'''": "multi-line literal", '"': "basic", "'": "literal"}
_QUOTES = {name: quote for quote, name in _NAMES.items()}
_WORD = re.compile(r"[^,\]}#\r\n]+")
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z")
_BASIC = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[ \t]*\r?\n\s*|.)|\r\n|.", re.DOTALL)
_LITERAL = re.compile(r"\r\n|.", re.DOTALL)
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}
_AT_LINE = re.compile(r"at line ([0-9]+)")


def read(text: str) -> Document:
    """Return the values of a file.

    Raises:
        DocumentError: it is not TOML.

    """
    try:
        leaves = list(_flattened(tomllib.loads(text), ()))
    except tomllib.TOMLDecodeError as error:
        # The rest of the message can quote the file.
        match = _AT_LINE.search(str(error))
        line = int(match[1]) if match else line_of(text, len(text.rstrip()))  # at its end
        raise DocumentError(line, "it is not valid TOML") from None
    except RecursionError:
        raise DocumentError(None, "it is nested too deeply") from None
    leaves.sort(key=lambda leaf: leaf[0])
    numbers = {path: number for number, (path, *_) in enumerate(leaves)}
    scalars = tuple(_Scanner(text, numbers).scan())
    return check(Document(scalars=scalars, leaves=tuple(leaves)))


def _flattened(value: Any, path: tuple[str, ...]) -> Iterator[Leaf]:
    """Yield all values below a path; a number of a port's form as its text."""
    if isinstance(value, dict):
        yield path, "table", str(len(value))
        for key, entry in value.items():
            yield from _flattened(entry, (*path, key))
    elif isinstance(value, list):
        yield path, "array", str(len(value))
        for number, entry in enumerate(value):
            yield from _flattened(entry, (*path, str(number)))
    else:
        yield path, type(value).__name__, str(value)


class _Scanner:
    """One file, and how far it has been read."""

    def __init__(self, text: str, numbers: dict[tuple[str, ...], int]) -> None:
        self._text, self._at, self._numbers = text, 0, numbers
        self._scalars: list[Scalar] = []
        self._tables: dict[tuple[str, ...], int] = {}
        """By the path of an array of tables, the number of its last table."""
        self._groups: dict[tuple[str, ...], int] = {}

    def scan(self) -> list[Scalar]:
        table: tuple[str, ...] = ()
        while self._to(_BLANK) < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._entry(table)
        return self._scalars

    def _to(self, pattern: re.Pattern[str]) -> int:
        """Skip what a pattern matches, and return the position behind it."""
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _header(self) -> tuple[str, ...]:
        """Read ``[table]`` or ``[[array]]`` and return its path."""
        is_array = self._text.startswith("[[", self._at)
        self._at += 1 + is_array
        path = self._numbered(self._keys())
        self._at += 1 + is_array
        if not is_array:
            return path
        self._tables[path] = self._tables.get(path, -1) + 1
        return (*path, str(self._tables[path]))

    def _numbered(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Return the path of keys: an array of tables on the way means its last table."""
        path: tuple[str, ...] = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            if path in self._tables and number < len(keys) - 1:
                path = (*path, str(self._tables[path]))
        return path

    def _keys(self) -> tuple[str, ...]:
        """Read ``a."b.c".d``."""
        keys = []
        while True:
            self._to(_SPACE)
            quote = self._text[self._at]
            if quote in "\"'":
                start = self._at
                raw = (start, self._to(_STRINGS[quote]))
                keys.append("".join(unit[0] for unit in _decoded(self._text, raw, quote)))
            else:
                start = self._at
                keys.append(self._text[start : self._to(_BARE_KEY)])
            self._to(_SPACE)
            if self._text[self._at : self._at + 1] != "." or self._at == start:
                return tuple(keys)
            self._at += 1

    def _entry(self, table: tuple[str, ...]) -> None:
        """Read ``key = value``."""
        keys = self._keys()
        self._at += 1  # the equals sign
        self._to(_SPACE)
        self._value((*table, *keys))

    def _value(self, path: tuple[str, ...]) -> None:
        text, start = self._text, self._at
        if text[start] == "[":
            self._array(path)
        elif text[start] == "{":
            self._inline(path)
        elif quote := next((mark for mark in _STRINGS if text.startswith(mark, start)), ""):
            span = (start, self._to(_STRINGS[quote]))
            if span[1] - span[0] > LONGEST:
                return
            value = "".join(unit[0] for unit in _decoded(text, span, quote))
            self._add(path, value, span, _NAMES[quote])
        else:
            word = text[start : self._to(_WORD)].rstrip()
            span = (start, start + len(word))
            if _PORT.match(word):
                self._add(path, word, span, NUMBER)
            elif may_be_port(path, word):
                self._add(path, word, span, NUMBER, is_read=False)

    def _array(self, path: tuple[str, ...]) -> None:
        self._at += 1
        number = 0
        while self._text[self._to(_BLANK)] != "]":
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._value((*path, str(number)))
            number += 1
        self._at += 1

    def _inline(self, path: tuple[str, ...]) -> None:
        self._at += 1
        while self._text[self._to(_BLANK)] != "}":
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._entry(path)
        self._at += 1

    def _add(
        self,
        path: tuple[str, ...],
        value: str,
        span: tuple[int, int],
        style: str,
        *,
        is_read: bool = True,
    ) -> None:
        leaf = self._numbers.get(path) if is_read else -1  # tomllib's value is another text
        if leaf is None:
            raise DocumentError(None, "the positions of its values cannot be found")
        group = self._groups.setdefault(path[:-1], len(self._groups))
        self._scalars.append(
            Scalar(path=path, value=value, span=span, style=style, group=group, leaf=leaf)
        )


def _decoded(text: str, span: tuple[int, int], quote: str) -> list[Unit]:
    """Return the characters of a string; those of a multi-line one without its first line end."""
    start, end = span[0] + len(quote), span[1] - len(quote)
    if len(quote) == 3:
        start += 2 if text.startswith("\r\n", start) else text.startswith("\n", start)
    pattern = _BASIC if quote[0] == '"' else _LITERAL
    made = []
    for match in pattern.finditer(text, start, end):
        letter = _unescaped(match[0]) if quote[0] == '"' else match[0].replace("\r\n", "\n")
        made += [(letter, *match.span())] if letter else []
    return made


def _unescaped(piece: str) -> str:
    if piece[0] != "\\":
        return "\n" if piece == "\r\n" else piece
    code = piece[1:]
    if code[0] in "uU":
        return chr(int(code[1:], 16))
    return "" if code[0].isspace() else _ESCAPES.get(code, code)


def units(text: str, scalar: Scalar) -> list[Unit]:
    """Return each character of a value with its positions."""
    if scalar.style == NUMBER:
        return plain_units(text, *scalar.span)
    return _decoded(text, scalar.span, _QUOTES[scalar.style])


def encoded(piece: str, scalar: Scalar) -> str | None:
    """Return a piece of a value in a style; None if that cannot hold it."""
    if not piece.isprintable():
        return None
    if scalar.style == NUMBER:
        return piece if piece.isdecimal() else None
    if scalar.style.endswith("basic"):
        return piece.replace("\\", "\\\\").replace('"', '\\"')
    return None if "'" in piece else piece
