"""JSON, also with comments and trailing commas as .NET and editors write it. Pure.

Comments and trailing commas become blanks of the same length, so the standard parser reads the
rest at its positions.
"""

from __future__ import annotations

import json
import re

from hostshift.documents.model import (
    NUMBER,
    Document,
    DocumentError,
    Scalar,
    line_of,
    may_be_port,
)
from hostshift.documents.splice import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from hostshift.documents.model import Leaf, Unit

    Open: TypeAlias = "tuple[tuple[str, ...], int, bool]"
    """A collection that has not ended: its path, its number, and whether it has keys."""

_STRING = r'"(?:[^"\\]|\\.)*"'
_WHOLE = re.compile(_STRING, re.DOTALL)
_EXTRA = re.compile(rf"{_STRING}|(//[^\n]*|/\*.*?\*/)", re.DOTALL)
_TRAILING = re.compile(rf"{_STRING}|(,)(?=\s*[\]}}])", re.DOTALL)
_NOT_BLANK = re.compile(r"[^\n\r]")
_SKIPPED = re.compile(r"[\s,:]*")
_WORD = re.compile(r"[^\s,:\[\]{}\"]+")
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|.", re.DOTALL
)


class _Pairs(list[tuple[str, object]]):
    """An object of JSON with its keys in order, each as often as it stands there."""


def read(text: str) -> Document:
    """Return the values of a file.

    Raises:
        DocumentError: it is not JSON.

    """
    bare = _without_extras(text)
    try:
        # A constant's word is as good as its value: what changed would show.
        tree = json.loads(
            bare,
            object_pairs_hook=_Pairs,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_number,
        )
        leaves: list[Leaf] = []
        _flatten(tree, (), leaves)
    except json.JSONDecodeError as error:
        raise DocumentError(line_of(text, error.pos), "it is not valid JSON") from None
    except RecursionError:
        raise DocumentError(None, "it is nested too deeply") from None
    scalars = _Scanner(bare).scan()
    return check(Document(scalars=tuple(scalars), leaves=tuple(leaves)))


def _number(text: str) -> tuple[str, str]:
    return NUMBER, text


def _without_extras(text: str) -> str:
    """Blank out comments, then the commas behind the last entry of a collection."""
    for pattern in (_EXTRA, _TRAILING):
        text = pattern.sub(
            lambda match: _NOT_BLANK.sub(" ", match[0]) if match[1] else match[0], text
        )
    return text


def _flatten(value: Any, path: tuple[str, ...], leaves: list[Leaf]) -> None:
    """Collect all values in the order of the file. A collection counts as a value, too."""
    if isinstance(value, _Pairs):
        leaves.append((path, "object", str(len(value))))
        for key, entry in value:
            _flatten(entry, (*path, key), leaves)
    elif isinstance(value, list):
        leaves.append((path, "array", str(len(value))))
        for number, entry in enumerate(value):
            _flatten(entry, (*path, str(number)), leaves)
    elif isinstance(value, str):
        leaves.append((path, "string", value))
    elif isinstance(value, tuple):
        leaves.append((path, *value))
    else:
        leaves.append((path, "constant", str(value)))


class _Scanner:
    """Reads text that is known to be JSON, and keeps the positions."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._scalars: list[Scalar] = []
        self._leaf = self._groups = 0
        self._open: list[Open] = []
        self._counts: list[int] = []
        self._key: str | None = None

    def scan(self) -> list[Scalar]:
        text = self._text
        while (at := _end(_SKIPPED, text, self._at)) < len(text):
            self._at = at
            mark = text[at]
            if mark in "{[":
                self._begin(has_keys=mark == "{")
            elif mark in "}]":
                self._open.pop()
                self._counts.pop()
                self._at += 1
            elif mark == '"':
                self._string()
            else:
                self._word()
        return self._scalars

    def _begin(self, *, has_keys: bool) -> None:
        path = self._path()
        self._groups += 1
        self._leaf += 1
        self._open.append((path, self._groups, has_keys))
        self._counts.append(0)
        self._at += 1

    def _path(self) -> tuple[str, ...]:
        """Return the path of the value that begins here, and count it."""
        if not self._open:
            return ()
        path, _, has_keys = self._open[-1]
        if has_keys:
            key, self._key = self._key or "", None
            return (*path, key)
        self._counts[-1] += 1
        return (*path, str(self._counts[-1] - 1))

    def _string(self) -> None:
        start = self._at
        self._at = _end(_WHOLE, self._text, start)
        value = json.loads(self._text[start : self._at])
        if self._open and self._open[-1][2] and self._key is None:
            self._key = value
        else:
            self._add(value, start, "string", self._path())

    def _word(self) -> None:
        start = self._at
        self._at = _end(_WORD, self._text, start)
        word = self._text[start : self._at]
        path = self._path()
        if _PORT.match(word) or may_be_port(path, word):
            self._add(word, start, NUMBER, path)
        else:
            self._leaf += 1

    def _add(self, value: str, start: int, style: str, path: tuple[str, ...]) -> None:
        self._scalars.append(
            Scalar(
                path=path,
                value=value,
                span=(start, self._at),
                style=style,
                group=self._open[-1][1] if self._open else 0,
                leaf=self._leaf,
            )
        )
        self._leaf += 1


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where a pattern ends, or the position itself."""
    match = pattern.match(text, at)
    return match.end() if match else at


def units(text: str, scalar: Scalar) -> list[Unit]:
    """Return each character of a value with its positions."""
    start, end = scalar.span
    if scalar.style == NUMBER:
        return [(text[at], at, at + 1) for at in range(start, end)]
    return [
        (json.loads(f'"{match[0]}"', strict=False), match.start(), match.end())
        for match in _ESCAPE.finditer(text, start + 1, end - 1)
    ]


def encoded(piece: str, scalar: Scalar) -> str | None:
    """Return a piece of a value with escapes."""
    if scalar.style == NUMBER:
        return piece if piece.isdecimal() else None
    return json.dumps(piece, ensure_ascii=False)[1:-1]
