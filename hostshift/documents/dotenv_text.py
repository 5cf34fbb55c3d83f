"""``.env`` files as python-dotenv reads them. Pure."""

from __future__ import annotations

import re
from io import StringIO

from hostshift.documents.model import LONGEST, Document, Scalar, check_blanks, plain_units
from hostshift.documents.splice import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.documents.model import Leaf, Unit

_BEFORE = re.compile(r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*=[^\S\r\n]*")
_QUOTED = {
    "'": re.compile(r"'(?:\\.|[^'\\])*'", re.DOTALL),
    '"': re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL),
}
_NAMES = {"'": "single quotes", '"': "double quotes"}
_BARE = re.compile(r"[^\r\n]*")
_COMMENT = re.compile(r"\s+#.*")
_ESCAPES = {
    "single quotes": re.compile(r"\\[\\']|.", re.DOTALL),
    "double quotes": re.compile(r"\\[\\'\"abfnrtv]|.", re.DOTALL),
}
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read(text: str) -> Document:
    """Return the variables of a file. A line that is none stays, as python-dotenv skips it.

    Raises:
        DocumentError: the positions of its values cannot be found.

    """
    from dotenv.parser import parse_stream

    check_blanks(text)
    scalars: list[Scalar] = []
    leaves: list[Leaf] = []
    wrong: list[int] = []
    at = 0
    for binding in parse_stream(StringIO(text)):
        raw = binding.original.string
        if binding.error:
            wrong.append(binding.original.line)
        elif binding.key is not None and binding.value and len(raw) <= LONGEST:
            span, style = _place(text, at, at + len(raw))
            value = "".join(unit[0] for unit in _decoded(text, span, style))
            scalars.append(
                Scalar(path=(binding.key,), value=value, span=span, style=style, leaf=len(leaves))
            )
        kind = "error" if binding.error else "nothing" if binding.value is None else "value"
        leaves.append(((binding.key or "",), kind, binding.value or ""))
        at += len(raw)
    document = Document(scalars=tuple(scalars), leaves=tuple(leaves), skipped=tuple(wrong))
    return check(document)


def _place(text: str, start: int, end: int) -> tuple[tuple[int, int], str]:
    """Return where the value of a binding stands, and its style."""
    before = _BEFORE.match(text, start, end)
    begin = before.end() if before else end
    mark = text[begin : begin + 1]
    quoted = _QUOTED[mark].match(text, begin, end) if mark in _QUOTED else None
    if quoted:
        return quoted.span(), _NAMES[mark]
    line = _BARE.match(text, begin, end)
    bare = _COMMENT.sub("", line[0]).rstrip() if line else ""
    return (begin, begin + len(bare)), "bare"


def _decoded(text: str, span: tuple[int, int], style: str) -> list[Unit]:
    start, end = span
    if style == "bare":
        return plain_units(text, start, end)
    return [
        (match[0] if len(match[0]) == 1 else _LETTERS.get(match[0][1], match[0][1]), *match.span())
        for match in _ESCAPES[style].finditer(text, start + 1, end - 1)
    ]


def units(text: str, scalar: Scalar) -> list[Unit]:
    """Return each character of a value with its positions."""
    return _decoded(text, scalar.span, scalar.style)


def encoded(piece: str, scalar: Scalar) -> str | None:
    """Return a piece of a value in a style; None if that cannot hold it."""
    if not piece.isprintable():
        return None
    if scalar.style == "bare":
        return None if set(piece) & set(" #'\"$\\") else piece
    quote = "'" if scalar.style == "single quotes" else '"'
    return piece.replace("\\", "\\\\").replace(quote, f"\\{quote}")
