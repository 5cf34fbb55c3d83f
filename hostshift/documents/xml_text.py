"""XML: attributes, and elements that hold a text. Pure.

The scanner reads text that expat has read before, so it may be lenient. It must find what expat
finds, event by event. The path of a value has an element's ``name`` or ``key`` in the place of
its tag: ``<add key="DbHost" value="…"/>``, ``<property name="url">…</property>``.
"""

from __future__ import annotations

import re

from hostshift.documents.model import LONGEST, Document, DocumentError, Scalar
from hostshift.documents.splice import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.documents.model import Leaf, Unit

_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE(?:[^\[>\"']|\"[^\"]*\"|'[^']*')*"
    r"(?:\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*\]\s*)?>|</[^>]*>"
    r"|<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>|[^<]+",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"\s([^\s=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.DOTALL)
_NAME = re.compile(r"</?([^\s/>]+)")
_UNIT = re.compile(r"&#x([0-9a-fA-F]+);|&#([0-9]+);|&([^;\s]+);|\r\n|.", re.DOTALL)
_PLAIN = re.compile(r"\r\n|.", re.DOTALL)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_NAMING = ("name", "key", "id")
"""Attributes that name an element, the most usual first."""
_DECLARED = re.compile(r"\A<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_DEPTH = 256


def read(text: str) -> Document:
    """Return the values of a file.

    Raises:
        DocumentError: it is not well-formed.

    """
    leaves = _Reference().read(text)
    scalars = _Scanner(text, leaves).scan()
    return check(Document(scalars=tuple(scalars), leaves=tuple(leaves)))


def declared_encoding(data: bytes) -> str:
    """Return the encoding that a file of one byte a character declares; "" if none."""
    match = _DECLARED.match(data[:200].decode("latin-1"))
    return match[1].lower() if match else ""


class _Reference:
    """The events of expat, as leaves."""

    def __init__(self) -> None:
        self._leaves: list[Leaf] = []
        self._open: list[str] = []
        self._text: list[str] = []

    def read(self, text: str) -> list[Leaf]:
        from xml.parsers import expat

        parser = expat.ParserCreate("utf-8")
        parser.ordered_attributes = parser.specified_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.CommentHandler = lambda text: self._leaves.append(((), "comment", text))
        parser.ProcessingInstructionHandler = lambda name, text: self._leaves.append(
            ((), f"instruction {name}", text)
        )
        try:
            parser.Parse(text.encode("utf-8"), True)
        except expat.ExpatError as error:
            raise DocumentError(error.lineno, "it is not well-formed XML") from None
        return self._leaves

    def _start(self, name: str, attributes: list[str]) -> None:
        self._flush()
        self._open.append(name)
        if len(self._open) > _DEPTH:
            raise DocumentError(None, "it is nested too deeply")
        path = tuple(self._open)
        self._leaves.append((path, "start", ""))
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            self._leaves.append(((*path, key), "attribute", value))

    def _end(self, _name: str) -> None:
        self._flush()
        self._leaves.append((tuple(self._open), "end", ""))
        self._open.pop()

    def _flush(self) -> None:
        if self._open:
            self._leaves.append((tuple(self._open), "text", "".join(self._text)))
        self._text.clear()


class _Element:
    """An element that has not ended."""

    def __init__(self, path: tuple[str, ...], group: int) -> None:
        self.path, self.group = path, group
        self.pieces: list[tuple[int, int]] = []
        """The positions of its text since the last tag."""
        self.is_leaf = True


class _Scanner:
    """Goes through the tokens of a file, and through the leaves of expat beside them."""

    def __init__(self, text: str, leaves: list[Leaf]) -> None:
        self._text = text
        kinds = {"start", "attribute", "text", "end"}
        self._numbers = iter([at for at, leaf in enumerate(leaves) if leaf[1] in kinds])
        self._scalars: list[Scalar] = []
        self._open: list[_Element] = []
        self._groups = 0

    def scan(self) -> list[Scalar]:
        for match in _TOKEN.finditer(self._text):
            token, (start, end) = match[0], match.span()
            if token.startswith(("<!--", "<?", "<!DOCTYPE")):
                continue
            if token.startswith("<![CDATA["):
                self._piece(start, end)
            elif token.startswith("</"):
                self._close()
            elif token.startswith("<"):
                self._start(start, end)
                if token.endswith("/>"):
                    self._close()
            else:
                self._piece(start, end)
        return self._scalars

    def _piece(self, start: int, end: int) -> None:
        if self._open:
            self._open[-1].pieces.append((start, end))

    def _next(self) -> int:
        number = next(self._numbers, None)
        if number is None:
            raise DocumentError(None, "the positions of its values cannot be found")
        return number

    def _start(self, start: int, end: int) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None:
            self._next()  # the text before it
            parent.pieces, parent.is_leaf = [], False
        self._next()
        name = _NAME.match(self._text, start, end)
        attributes = list(_attributes(self._text, start, end))
        names = {key: self._text[slice(*span)] for key, span in attributes}
        label = next((names[key] for key in _NAMING if names.get(key)), name[1] if name else "")
        self._groups += 1
        element = _Element((*(parent.path if parent else ()), label), self._groups)
        self._open.append(element)
        for key, span in attributes:
            is_value = key == "value" and any(names.get(word) == label for word in _NAMING)
            if key in _NAMING or key.startswith("xmlns"):
                self._next()
                continue
            path = element.path if is_value else (*element.path, key)
            group = parent.group if parent and is_value else self._groups
            self._add(path, [span], "attribute", group)

    def _close(self) -> None:
        element = self._open.pop()
        parent = self._open[-1].group if self._open else 0
        if element.is_leaf and element.pieces:
            self._add(element.path, element.pieces, "text", parent)
        else:
            self._next()
        self._next()

    def _add(
        self, path: tuple[str, ...], pieces: list[tuple[int, int]], style: str, group: int
    ) -> None:
        leaf = self._next()
        span = (pieces[0][0], pieces[-1][1])
        if span[1] - span[0] > LONGEST or len(pieces) > 1:  # a comment stands in it
            return
        units = _units(self._text, pieces, style)
        if not units:
            return
        self._scalars.append(
            Scalar(
                path=path,
                value="".join(unit[0] for unit in units),
                span=span,
                style="cdata" if self._text.startswith("<![CDATA[", span[0]) else style,
                group=group,
                leaf=leaf,
            )
        )


def _attributes(text: str, start: int, end: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the names of a tag's attributes, and where their values are."""
    for match in _ATTRIBUTE.finditer(text, start, end):
        yield match[1], match.span(2 if match[2] is not None else 3)


def _units(text: str, pieces: list[tuple[int, int]], style: str) -> list[Unit] | None:
    """Return the characters of a value; None if it has an entity that the file declares."""
    made: list[Unit] = []
    for start, end in pieces:
        is_plain = text.startswith("<![CDATA[", start)
        inside = (start + 9, end - 3) if is_plain else (start, end)
        for match in (_PLAIN if is_plain else _UNIT).finditer(text, *inside):
            letter = _letter(match, style)
            if letter is None:
                return None
            made.append((letter, *match.span()))
    return made


def _letter(match: re.Match[str], style: str) -> str | None:
    """Return the character that a unit stands for."""
    piece = match[0]
    if len(piece) > 1 and piece[0] == "&":
        if piece[1] == "#":
            return chr(int(piece[3:-1], 16) if piece[2] in "xX" else int(piece[2:-1]))
        return _ENTITIES.get(piece[1:-1])
    if piece in ("\r\n", "\r", "\n"):
        return " " if style == "attribute" else "\n"
    return " " if piece == "\t" and style == "attribute" else piece


def units(text: str, scalar: Scalar) -> list[Unit]:
    """Return each character of a value with its positions."""
    style = "attribute" if scalar.style == "attribute" else "text"
    return _units(text, [scalar.span], style) or []


def encoded(piece: str, scalar: Scalar) -> str | None:
    """Return a piece of a value with entities."""
    if not piece.isprintable():
        return None
    if scalar.style == "cdata":
        return None if "]]>" in piece or ">" in piece else piece
    for letter, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "apos")):
        piece = piece.replace(letter, f"&{name};")
    return piece
