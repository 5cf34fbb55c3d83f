"""Hiding secrets: spans found by the dialect, and parameters known by name."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.strings.model import Reading

MASK = "***"

SECRET_WORDS = (
    "pass",
    "pwd",
    "secret",
    "token",
    "credential",
    "key",
    "sig",
    "odbc_connect",
    "auth",
)
"""A parameter whose name holds one of these is hidden, whatever its value."""


def mask(text: str, reading: Reading) -> str:
    """Return the text with every secret hidden; all of it where the grammar is unsure."""
    if not reading.dialect or (reading.trouble and reading.dialect != "none"):
        return MASK
    return mask_spans(text, reading.secrets)


def mask_spans(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Replace the given spans, which may overlap, by the mask."""
    parts, done = [], 0
    for start, end in sorted(spans):
        if end <= done or start == end:
            continue
        parts += [text[done : max(start, done)], MASK]
        done = end
    parts.append(text[done:])
    return "".join(parts)


def secret_parameters(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of secret values in the query behind an offset.

    A name with percent escapes counts as secret, and so does everything behind
    a ``#``: nobody can say what it was meant to be.
    """
    query = text.find("?", start)
    fragment = text.find("#", start)
    if fragment >= 0:
        yield fragment + 1, len(text)
    at = query + 1 if query >= 0 else len(text)
    while at < len(text):
        end = _parameter_end(text, at)
        equals = text.find("=", at, end)
        if equals >= 0 and is_secret(text[at:equals]):
            yield equals + 1, end
        at = end + 1


def _parameter_end(text: str, start: int) -> int:
    """Return where a parameter ends; ``;`` parts parameters for some drivers."""
    ends = [at for at in (text.find("&", start), text.find(";", start)) if at >= 0]
    return min(ends) if ends else len(text)


def is_secret(name: str) -> bool:
    """Tell whether a parameter of this name may hold a secret."""
    lowered = name.lower()
    return "%" in name or any(word in lowered for word in SECRET_WORDS)
