"""Find the secrets of a URI, even if one holds a raw ``@``, ``/`` or ``;`` that moves its end."""

from __future__ import annotations

from hostshift.dsn.authority import credentials
from hostshift.dsn.masking import is_secret, parameters, secret_parameters

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
    for start, end in parameters(text, query):
        equals = text.find("=", start, end)
        if equals >= 0 and is_secret(text[start:equals]):
            yield equals + 1, end
