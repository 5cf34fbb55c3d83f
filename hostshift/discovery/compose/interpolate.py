"""Variables in compose's values: ``$X``, ``${X:-default}`` and the like. Pure.

The grammar is that of compose-go's template/template.go, oddities included: an
operator's text reaches to the brace that balances the first one, compose skips the
character after an opening brace, and it interpolates a default even
where it does not use it. (Newer versions leave an unused default alone; they agree
with this module on every file that it takes.) Time and result have a limit.
"""

from __future__ import annotations

import re

from hostshift.discovery.compose.problems import Missing, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hostshift.discovery.budget import Budget

    Lookup = Callable[[str], str | None]

DEPTH = 50
"""How deep defaults may nest."""
LONGEST = 16 << 20
"""Characters that all values together may grow to, texts of operators included."""
_EVERY = 256
"""How many variables we replace before we check the time."""
BRACES = 2_000_000
"""Braces that we scan at most for all values together. Each level of nested defaults
scans those inside it again."""

# The names are those of template.go: letters match in any case, as Unicode folds them.
_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<named>[_a-z][_a-z0-9]*)"
    r"|\{(?:(?P<braced>[_a-z][_a-z0-9]*)(?:\}|(?P<operator>:?[-+?]))|(?P<invalid>)))",
    re.IGNORECASE,
)
_BRACE = re.compile(r"\{.?|\}", re.DOTALL)
"""It skips the character after an opening brace: template.go, getFirstBraceClosingIndex."""


class Interpolator:
    """Replaces variables, with a limit on the length of all values together."""

    def __init__(self, lookup: Lookup, budget: Budget) -> None:
        """Take a function that returns a variable's value or None, and the time for it."""
        self._lookup, self._budget = lookup, budget
        self._left, self._braces, self._variables = LONGEST, BRACES, 0

    def text(self, text: str) -> str:
        """Return a value with its variables replaced.

        Raises:
            Missing: a variable that must be set is not.
            Problem: the value breaks the grammar, or takes too long.

        """
        if "$" not in text:
            return text
        return self._text(text, 0)

    def _text(self, text: str, depth: int) -> str:
        if depth > DEPTH:
            raise Problem(f"more than {DEPTH} defaults within each other")
        parts: list[str] = []
        at, line_end, last_brace = 0, -1, -1
        while (match := _VARIABLE.search(text, at)) is not None:
            start = match.start()
            if start > line_end:  # an operator's text ends on its line
                line_end = text.find("\n", start)
                line_end = len(text) if line_end < 0 else line_end
                last_brace = text.rfind("}", start, line_end)
            parts.append(text[at:start])
            self._variables += 1
            if self._variables % _EVERY == 0:
                self._budget.check()
            value, at = self._variable(text, match, last_brace, depth)
            parts.append(self._counted(value))
        parts.append(text[at:])
        return "".join(parts)

    def _variable(
        self, text: str, match: re.Match[str], last_brace: int, depth: int
    ) -> tuple[str, int]:
        """Return the value of one variable and where the text goes on."""
        if match["escaped"]:
            return "$", match.end()
        name, operator = match["named"] or match["braced"], match["operator"]
        if match["invalid"] is None and not operator:
            return self._lookup(name) or "", match.end()
        if not operator or last_brace < match.end():
            raise Problem("a $ that starts no variable: write $$ for a plain one")
        end = self._closing(text, match.start(), last_brace)
        rest = self._text(self._counted(text[match.end() : end]), depth + 1)
        return _operate(name, operator, self._lookup(name), rest), end + 1

    def _closing(self, text: str, start: int, last: int) -> int:
        """Find the brace that ends a variable: the balancing one, else the last of the line."""
        level = 0
        for brace in _BRACE.finditer(text, start, last + 1):
            self._braces -= 1
            level += 1 if brace[0][0] == "{" else -1
            if level == 0:
                return brace.start()
            if self._braces < 0:
                raise Problem("has too many variables within each other")
        return last

    def _counted(self, value: str) -> str:
        """Count a value against the limit of all: one short line may repeat a long variable."""
        self._left -= len(value)
        if self._left < 0:
            raise Problem("its variables make it too long")
        return value


def _operate(name: str, operator: str, value: str | None, rest: str) -> str:
    """Apply ``:-``, ``-``, ``:+``, ``+``, ``:?`` or ``?``."""
    counts = bool(value) if operator[0] == ":" else value is not None
    kind = operator[-1]
    if kind == "-":
        return (value or "") if counts else rest
    if kind == "+":
        return rest if counts else (value or "")
    if not counts:
        raise Missing(name)
    return value or ""
