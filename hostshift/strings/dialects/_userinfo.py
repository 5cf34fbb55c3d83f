"""Secrets of a URI, also where a raw ``@``, ``/`` or ``;`` in one moves its end."""

from __future__ import annotations

from hostshift.strings.authority import credentials
from hostshift.strings.masking import is_secret, secret_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def secrets(text: str, start: int, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans that may hold a secret."""
    yield credentials(text, start, at, end)
    yield from secret_parameters(text, end)
    yield from _whole_parameters(text, text.find("?", end))


def _whole_parameters(text: str, query: int) -> Iterator[tuple[int, int]]:
    """Yield secret values up to the next ``&``: a ``;`` in a secret does not end it here."""
    start = query + 1 if query >= 0 else len(text)
    while start < len(text):
        end = text.find("&", start)
        end = end if end >= 0 else len(text)
        equals = text.find("=", start, end)
        if equals >= 0 and is_secret(text[start:equals]):
            yield equals + 1, end
        start = end + 1
