r"""Java's ``.properties``, by the rules of ``java.util.Properties.load``. Pure."""

from __future__ import annotations

import re

from hostshift.documents.model import LONGEST, Document, DocumentError, Scalar, line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.documents.model import Leaf, Unit

_NATURAL = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_BLANKS = re.compile(r"[ \t\f]*")
_BETWEEN = re.compile(r"(?:[ \t\f]|\\(?:\r\n|\r|\n)[ \t\f]*)*")
_UNIT = re.compile(r"\\(?:\r\n|\r|\n|\Z)[ \t\f]*|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)
_ODD = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_MALFORMED = re.compile(r"(?<!\\)(?:\\\\)*\\u(?![0-9a-fA-F]{4})")


def read(text: str) -> Document:
    """Return the values of a file, by the parts of their names between points.

    ``#---`` begins another document for Spring Boot.

    Raises:
        DocumentError: an escape is malformed.

    """
    scalars: list[Scalar] = []
    leaves: list[Leaf] = []
    at = part = 0
    while at < len(text):
        at = _end(_BLANKS, text, at)
        start, end = at, _logical_end(text, at)
        at = _end(_NATURAL, text, max(start, end))
        if start == end or text[start] in "#!":
            part += text[start + 1 : end].rstrip() == "---"
            continue
        wrong = _MALFORMED.search(text, start, end)
        if wrong:
            raise DocumentError(line_of(text, wrong.start()), "it has a malformed \\u escape")
        name, begin = _name(text, start, end)
        path = tuple(name.split("."))
        if end - begin > LONGEST:
            leaves.append((path, "long value", text[begin:end]))
            continue
        value = "".join(unit[0] for unit in _decoded(text, begin, end))
        scalars.append(
            Scalar(
                path=path,
                value=value,
                span=(begin, end),
                style="value",
                group=part,
                part=part,
                leaf=len(leaves),
            )
        )
        leaves.append((path, "value", value))
    return Document(scalars=tuple(scalars), leaves=tuple(leaves))


def _logical_end(text: str, start: int) -> int:
    """Return where a line ends, with the lines that continue it. A comment has none."""
    is_comment = text[start : start + 1] in ("#", "!")
    at = start
    while True:
        match = _NATURAL.match(text, at)
        line = match[0].rstrip("\r\n") if match else ""
        end = at + len(line)
        if is_comment or not _ODD.search(line) or match is None or match.end() >= len(text):
            return end
        at = match.end()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where a pattern that always matches ends."""
    match = pattern.match(text, at)
    return match.end() if match else at


def _name(text: str, start: int, end: int) -> tuple[str, int]:
    """Return the name, and where the value begins."""
    letters = []
    at = start
    for match in _UNIT.finditer(text, start, end):
        if match[0] in ("=", ":", " ", "\t", "\f"):
            break
        letters.append(_unescaped(match[0]))
        at = match.end()
    at = min(_end(_BETWEEN, text, at), end)
    if text[at:end][:1] in ("=", ":"):
        at = min(_end(_BETWEEN, text, at + 1), end)
    return "".join(letters), at


def _decoded(text: str, start: int, end: int) -> list[Unit]:
    made = []
    for match in _UNIT.finditer(text, start, end):
        letter = _unescaped(match[0])
        made += [(letter, *match.span())] if letter else []
    return made


def _unescaped(piece: str) -> str:
    if piece[0] != "\\":
        return piece
    code = piece[1:]
    if not code or code[0] in "\r\n":
        return ""
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPES.get(code, code)


def units(text: str, scalar: Scalar) -> list[Unit]:
    """Return each character of a value with its positions."""
    return _decoded(text, *scalar.span)


def encoded(piece: str, scalar: Scalar) -> str | None:
    """Return a piece of a value with escapes. Older readers take the file for Latin-1."""
    del scalar  # there is one style
    if not (piece.isascii() and piece.isprintable()) or " " in piece:
        return None
    return piece.replace("\\", "\\\\")
