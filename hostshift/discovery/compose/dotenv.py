"""The ``.env`` beside a compose file, in compose's own grammar. Pure.

The rules are those of compose-go's dotenv/parser.go: ``KEY=value``, ``KEY: value``,
``export``, a key alone (inherited), comments, single quotes (as they are) and
double quotes (escapes and variables, over several lines).
"""

from __future__ import annotations

import re

from hostshift.discovery.compose.interpolate import Interpolator
from hostshift.discovery.compose.problems import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostshift.discovery.budget import Budget

# Go's unicode.IsSpace; on one line only those of parser.go's isSpace.
_SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_BLANK = re.compile(r"[\t\v\f\r \x85\xa0]*")
_SPACE = re.compile(f"[{_SPACES}]*")
_EXPORT = re.compile(r"export[\t\n\f\r ]+")
_KEY_END = re.compile(r"[=:\n]")
_ESCAPE = re.compile(r'\\(?:[abcfnrtv$"\\]|0[0-9]{0,3})')
_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "$": "$$",  # the interpolation that follows makes one of it
}
_QUOTED = {
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
}
_SPECIAL = frozenset("_.-[]\t\v\f\r \x85\xa0")


LIMIT = 1 << 20
"""Bytes of a file at most: variables, not data."""
_EVERY = 256
"""How many statements we read before we check the time."""


def parse(
    data: bytes, known: Mapping[str, str], before: Mapping[str, str], budget: Budget
) -> dict[str, str]:
    """Read a file's variables.

    Args:
        data: the file.
        known: the environment; it goes before the file where a value names a variable.
        before: what earlier files set.
        budget: the time that it may take.

    Returns:
        The variables of earlier files and of this one; this one's values win.

    Raises:
        Problem: the file breaks the grammar, or takes too long; it has the line.

    """
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return _Parser(text, known, before, budget).parse()


class _Parser:
    """One file, and how far we have read it."""

    def __init__(
        self, text: str, known: Mapping[str, str], before: Mapping[str, str], budget: Budget
    ) -> None:
        self._text, self._at, self._budget = text, 0, budget
        self._known, self._variables = known, dict(before)
        self._interpolator = Interpolator(self._lookup, budget)

    def parse(self) -> dict[str, str]:
        statements = 0
        while self._to_statement():
            statements += 1
            if statements % _EVERY == 0:
                self._budget.check()
            try:
                self._statement()
            except Problem as problem:
                problem.line = self._text.count("\n", 0, self._at) + 1
                raise
        return self._variables

    def _lookup(self, name: str) -> str | None:
        value = self._known.get(name)
        return self._variables.get(name) if value is None else value

    def _to_statement(self) -> bool:
        """Skip blank lines and comments; return True if anything follows."""
        text = self._text
        while True:
            self._at = _end(_SPACE, text, self._at)
            if not text.startswith("#", self._at):
                return self._at < len(text)
            end = text.find("\n", self._at)
            self._at = len(text) if end < 0 else end

    def _statement(self) -> None:
        """Read ``KEY=value`` or a key alone."""
        key, inherited = self._key()
        if " " in key:
            raise Problem("a variable's name with a space in it")
        if inherited:
            value = self._lookup(key)
            if value is not None:
                self._variables[key] = value
        else:
            self._variables[key] = self._value()

    def _key(self) -> tuple[str, bool]:
        """Return the key, and whether no value follows. At the file's end it is empty, as in Go."""
        text = self._text
        export = _EXPORT.match(text, self._at)
        start = _end(_BLANK, text, self._at + len("export")) if export else self._at
        if start >= len(text):
            raise Problem("export without a name")
        end = _KEY_END.search(text, start)
        key = text[start : end.start() if end else len(text)]
        if not all(char in _SPECIAL or char.isalpha() or char.isnumeric() for char in key):
            raise Problem("a variable's name with a character that it cannot have")
        self._at = _end(_BLANK, text, end.end() if end else start)
        return (key.rstrip(_SPACES), end[0] == "\n") if end else ("", False)

    def _value(self) -> str:
        """Return a value, quoted or up to the end of its line."""
        text, quote = self._text, self._text[self._at : self._at + 1]
        if quote not in _QUOTED:
            end = text.find("\n", self._at)
            end = len(text) if end < 0 else end
            value = text[self._at : end].partition(" #")[0].rstrip(_SPACES)
            value = self._interpolator.text(value)
            self._at = end + 1
            return value
        quoted = _QUOTED[quote].match(text, self._at)
        if quoted is None:
            raise Problem("a quote that does not end")
        value = quoted[1].replace(f"\\{quote}", quote) if "\\" in quoted[1] else quoted[1]
        if quote == '"':
            value = self._interpolator.text(_ESCAPE.sub(_unescape, value))
        self._at = quoted.end()
        return value


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where a pattern that always matches ends."""
    match = pattern.match(text, at)
    return match.end() if match else at


def _unescape(match: re.Match[str]) -> str:
    r"""Replace an escape; ``\0`` starts three octal digits, and any other sequence stays."""
    code = match[0][1:]
    if code[0] != "0":
        return _ESCAPES.get(code, match[0])
    digits = code[1:]
    if len(digits) == 3 and all(digit in "01234567" for digit in digits) and int(digits, 8) < 256:
        return chr(int(digits, 8))
    return f"\\{digits}"
