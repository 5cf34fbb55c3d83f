"""INI files as :mod:`configparser` reads them, with their positions. Pure.

The standard parser tells no positions, so the scanner goes by its rules, line by line
(``RawConfigParser._read``). Names that stand twice are found twice; the parser takes the last.
Other readers differ in odd places (comments behind a value, indented keys). There a value holds
more than an address, and stays.
"""

from __future__ import annotations

import configparser
import re

from hostshift.documents.model import LONGEST, Document, DocumentError, Scalar, check_blanks
from hostshift.documents.splice import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hostshift.documents.model import Leaf, Unit

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_SECTION = re.compile(r"\[(.+)\]")
_OPTION = re.compile(r"(.*?)\s*(?:([=:])\s*(.*))?\Z", re.DOTALL)
_DEFAULT = "DEFAULT"
_NO_DEFAULT = "\0"
"""A section that no file has: the one of defaults is read as any other."""
_UNNAMED = "\1"
"""The section of what is before the first one, as Grafana and Python 3.13 read it."""
_NOT_DOUBLE = re.compile(r"%(?!%)")


def read(text: str) -> Document:
    """Return the values of a file.

    Raises:
        DocumentError: it is not an INI file.

    """
    check_blanks(text)
    lines = [match.span() for match in _LINE.finditer(text)]
    leaves = _reference([text[slice(*span)] for span in lines])
    numbers = {path: number for number, (path, *_) in enumerate(leaves)}
    scalars: dict[tuple[str, ...], int] = {}
    found: list[Scalar] = []
    groups: dict[str, int] = {}
    for section, option, pieces in _Scanner(text, lines).scan():
        path = (option,) if section == _UNNAMED else (section, option)
        if path in scalars:  # this one overrides it
            found[scalars[path]] = found[scalars[path]].replace(leaf=-1)
        if pieces[-1][1] - pieces[0][0] > LONGEST:
            scalars.pop(path, None)
            continue
        scalars[path] = len(found)
        found.append(
            Scalar(
                path=path,
                value="".join(unit[0] for unit in _units(text, pieces)),
                span=(pieces[0][0], pieces[-1][1]),
                style="%%" if _is_interpolated(text, pieces) else "as it is",
                group=groups.setdefault(section, len(groups)),
                leaf=numbers.get(path, -1),
            )
        )
    views = tuple(_views(scalars, groups))
    return check(Document(scalars=tuple(found), leaves=tuple(leaves), views=views))


def _reference(lines: list[str]) -> list[Leaf]:
    """Read the file with the standard parser."""
    parser = configparser.RawConfigParser(
        strict=False, allow_no_value=True, default_section=_NO_DEFAULT
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_file([f"[{_UNNAMED}]\n", *lines])
    except (configparser.Error, AttributeError) as error:
        # AttributeError, and since 3.13 an error of its own: a name without a value goes on.
        wrong = getattr(error, "errors", None)
        line = wrong[0][0] if wrong else getattr(error, "lineno", None)
        raise DocumentError(line and line - 1, "it is no valid INI file") from None
    leaves: list[Leaf] = []
    for section in parser.sections():
        before = () if section == _UNNAMED else (section,)
        leaves.append((before, "section", ""))
        for option in parser.options(section):
            value = parser.get(section, option, raw=True)
            kind = "empty" if value is None else "value"
            leaves.append(((*before, option), kind, _plain(value or "")))
    return leaves


def _plain(raw: str) -> str:
    """Return a value without what interpolation doubles, if it can be one that has this."""
    doubled = "%%" in raw and not _NOT_DOUBLE.search(raw.replace("%%", ""))
    return raw.replace("%%", "%") if doubled else raw


class _Scanner:
    """Goes by the rules of the standard parser."""

    def __init__(self, text: str, lines: list[tuple[int, int]]) -> None:
        self._text, self._lines = text, lines
        self._section = _UNNAMED
        self._option: tuple[str, list[tuple[int, int]]] | None = None
        """The option that may go on, with the positions of its lines."""
        self._indent = 0

    def scan(self) -> Iterator[tuple[str, str, list[tuple[int, int]]]]:
        """Yield section, option and the positions of the value's lines."""
        for start, end in self._lines:
            done = self._line(start, end)
            if done is not None:
                yield done
        if (last := self._finished()) is not None:
            yield last

    def _line(self, start: int, end: int) -> tuple[str, str, list[tuple[int, int]]] | None:
        """Take a line; return the option that it ends, if any."""
        text = self._text[start:end]
        bare = text.strip()
        if bare.startswith(("#", ";")):
            return None
        if not bare:
            if self._option is not None and self._option[1]:
                self._option[1].append((start, start))
            return None
        indent = len(text) - len(text.lstrip())
        at = (start + indent, start + len(text.rstrip()))
        if self._option is not None and indent > self._indent:
            self._option[1].append(at)
            return None
        done = self._finished()
        self._indent, self._option = indent, None
        section = _SECTION.match(bare)
        if section:
            self._section = section[1]
        else:
            self._option = self._begun(bare, *at)
        return done

    def _begun(self, bare: str, start: int, end: int) -> tuple[str, list[tuple[int, int]]]:
        match = _OPTION.match(bare)
        if match is None or not match[2]:
            return bare, []
        return match[1].rstrip(), [(start + match.start(3), end)]

    def _finished(self) -> tuple[str, str, list[tuple[int, int]]] | None:
        """Return the option that has ended, unless it has no value."""
        if self._option is None:
            return None
        name, pieces = self._option
        while len(pieces) > 1 and pieces[-1][0] == pieces[-1][1]:
            pieces.pop()
        return (self._section, name, pieces) if pieces else None


def _views(
    scalars: Mapping[tuple[str, ...], int], groups: Mapping[str, int]
) -> Iterator[dict[tuple[str, ...], int]]:
    """Yield each section with the defaults that it does not override."""
    defaults = {path[1]: at for path, at in scalars.items() if path[0] == _DEFAULT and path[1:]}
    if not defaults:
        return
    for section in groups:
        if section in (_DEFAULT, _UNNAMED):
            continue
        mine = {path[1]: at for path, at in scalars.items() if path[0] == section and path[1:]}
        yield {(section, option): at for option, at in (defaults | mine).items()}


# --- characters ---------------------------------------------------------------------------------


def units(text: str, scalar: Scalar) -> list[Unit]:
    """Return each character of a value with its positions."""
    start, end = scalar.span
    pieces: list[tuple[int, int]] = []
    for number, match in enumerate(_LINE.finditer(text, start, end)):
        line = match[0]
        bare = line.strip()
        if number and bare.startswith(("#", ";")):
            continue
        begin = match.start() + len(line) - len(line.lstrip()) if bare else match.start()
        pieces.append((begin, begin + len(bare)))
    return _units(text, pieces)


def _units(text: str, pieces: list[tuple[int, int]]) -> list[Unit]:
    """Return the characters of a value that has these lines."""
    step = 2 if _is_interpolated(text, pieces) else 1
    made: list[Unit] = []
    for number, (start, end) in enumerate(pieces):
        if number:
            made.append(("\n", pieces[number - 1][1], start))
        at = start
        while at < end:
            width = step if text[at] == "%" else 1
            made.append((text[at], at, at + width))
            at += width
    return made


def _is_interpolated(text: str, pieces: list[tuple[int, int]]) -> bool:
    """Return True if ``%%`` in a value stands for ``%``."""
    raw = "\n".join(text[start:end] for start, end in pieces)
    return _plain(raw) != raw


def encoded(piece: str, scalar: Scalar) -> str | None:
    """Return a piece of a value; None if INI cannot hold it."""
    if not piece.isprintable():
        return None
    if scalar.style == "%%":
        return piece.replace("%", "%%")
    return None if "%" in piece else piece  # readers differ in what that means
