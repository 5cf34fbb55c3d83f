"""Secrets of a URI, also where a raw ``@`` or ``/`` in a password moves its end."""

from __future__ import annotations

from hostshift.strings.authority import credentials
from hostshift.strings.masking import secret_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def secrets(text: str, start: int, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans that may hold a secret.

    A further ``@`` behind the authority may end a password with a raw ``@`` and
    a raw ``/`` in it, of which this reader sees only the beginning.
    """
    first, last = credentials(text, start, at, end)
    yield first, max(last, text.rfind("@"))
    yield from secret_parameters(text, end)
