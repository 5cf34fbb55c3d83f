"""How YAML writes a text: plain, in quotes, or as a block. Pure."""

from __future__ import annotations

import re

from hostshift.documents.model import NUMBER, plain_units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.documents.model import Scalar, Unit

NAMES = {None: "plain", "": "plain", "'": "single", '"': "double", "|": "block", ">": "folded"}
"""Styles by the marks of PyYAML."""
_BREAK = r"(?:\r\n|\r|\n|\x85|\u2028|\u2029)"
_FOLD = rf"[ \t]*{_BREAK}(?:[ \t]*{_BREAK})*[ \t]*"
_FOLDED = re.compile(rf"({_FOLD})|(.)", re.DOTALL)
_SINGLE = re.compile(rf"({_FOLD})|('')|(.)", re.DOTALL)
_DOUBLE = re.compile(
    rf"(\\{_BREAK}(?:[ \t]*{_BREAK})*[ \t]*)|({_FOLD})"
    r"|(\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.))|(.)",
    re.DOTALL,
)
_ESCAPES = {
    "0": "\0",
    "a": "\x07",
    "b": "\x08",
    "t": "\x09",
    "\t": "\x09",
    "n": "\x0a",
    "v": "\x0b",
    "f": "\x0c",
    "r": "\x0d",
    "e": "\x1b",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_BREAKS = re.compile(_BREAK)
_LINE = re.compile(rf"([ ]*)([^\r\n\x85\u2028\u2029]*)({_BREAK}|\Z)")


def units(text: str, scalar: Scalar) -> list[Unit]:
    """Return each character of a value with its positions; empty if they are unknown."""
    start, end = scalar.span
    if text[start:end] == scalar.value or scalar.style == NUMBER:
        return plain_units(text, start, end)
    if scalar.style == "single":
        return _single(text, start + 1, end - 1)
    if scalar.style == "double":
        return _double(text, start + 1, end - 1)
    if scalar.style == "plain":
        return _plain(text, start, end)
    return _block(text, start, end, len(scalar.value))


def _plain(text: str, start: int, end: int) -> list[Unit]:
    made: list[Unit] = []
    for match in _FOLDED.finditer(text, start, end):
        made += _fold(match) if match[1] else [(match[0], *match.span())]
    return made


def _single(text: str, start: int, end: int) -> list[Unit]:
    made: list[Unit] = []
    for match in _SINGLE.finditer(text, start, end):
        made += _fold(match) if match[1] else [(match[0][0], *match.span())]
    return made


def _double(text: str, start: int, end: int) -> list[Unit]:
    made: list[Unit] = []
    for match in _DOUBLE.finditer(text, start, end):
        if match[2]:
            made += _fold(match)
        elif match[3]:
            made.append((_unescaped(match[3]), *match.span()))
        elif match[4]:
            made.append((match[4], *match.span()))
    return made


def _unescaped(escape: str) -> str:
    code = escape[1:]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)


def _fold(match: re.Match[str]) -> list[Unit]:
    """Return what line ends stand for: a blank, or one line end fewer."""
    start, end = match.span()
    count = len(_BREAKS.findall(match[0]))
    letters = " " if count == 1 else "\n" * (count - 1)
    return [(letter, start if at == 0 else end, end) for at, letter in enumerate(letters)]


def _block(text: str, start: int, end: int, length: int) -> list[Unit]:
    """Return the lines of a block without their indentation, as many characters as count.

    A folded block with more than one line reads otherwise: the caller sees that it differs.
    """
    header = _BREAKS.search(text, start, end)
    if header is None:
        return []
    lines = list(_LINE.finditer(text, header.end(), end))
    indents = [len(line[1]) for line in lines if line[2].strip()]
    digit = re.search(r"[1-9]", text[start : header.start()].partition("#")[0])
    if not indents or digit:  # an indentation in digits counts from the parent's
        return []
    made: list[Unit] = []
    for line in lines:
        begin = min(line.start() + indents[0], line.end(2))
        made += plain_units(text, begin, line.end(2))
        made += [("\n", line.start(3), line.end(3))] if line[3] else []
    return made[:length]


def encoded(piece: str, scalar: Scalar) -> str | None:
    """Return a piece of a value in a style; None if that cannot hold it."""
    if not piece.isprintable():
        return None
    if scalar.style == NUMBER:
        return piece if piece.isdecimal() else None
    if scalar.style == "single":
        return piece.replace("'", "''")
    if scalar.style == "double":
        return piece.replace("\\", "\\\\").replace('"', '\\"')
    return piece
