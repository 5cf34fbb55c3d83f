"""Hiding secrets: spans found by the dialect, and parameters known by name."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hostshift.strings.model import Reading

MASK = "***"

SECRET_WORDS = (
    "pass",
    "psw",
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
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        if end <= done or start == end:
            continue
        if start > done or not parts:  # spans that touch show as one
            parts += [text[done:start], MASK]
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
        ampersand = text.find("&", at)
        end = ampersand if ampersand >= 0 else len(text)
        yield from _secret_values(text, at, end)
        at = end + 1


def _secret_values(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span of a parameter's value if it is secret.

    Some drivers part parameters by ``;`` as well. So a secret name is looked for
    behind each, but a secret reaches to the ``&``: the ``;`` may be its own.
    """
    at = start
    while at <= end:
        semicolon = text.find(";", at, end)
        stop = semicolon if semicolon >= 0 else end
        equals = text.find("=", at, stop)
        if equals >= 0 and is_secret(text[at:equals]):
            yield equals + 1, end
            return
        at = stop + 1


def is_secret(name: str) -> bool:
    """Return True if a parameter of this name may hold a secret."""
    lowered = name.lower()
    return "%" in name or any(word in lowered for word in SECRET_WORDS)
