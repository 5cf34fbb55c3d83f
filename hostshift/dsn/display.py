"""A connection string as people may see it: its secrets masked."""

from __future__ import annotations

from hostshift.dsn import schemes
from hostshift.dsn.masking import MASK, mask_spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.model import Reading

_MOST_OF_A_SCHEME = 60
_KEYWORDS = frozenset(("host", "hostaddr", "server", "data source", "driver", "dsn", "addr"))
"""Keywords that no password begins with by chance, and that tell a text's family."""


def mask(text: str, reading: Reading) -> str:
    """Return the text with every secret hidden; if no grammar is sure, only its known beginning.

    That is a scheme or a keyword of a table, so it can be no part of a secret.
    """
    if not reading.dialect or (reading.trouble and reading.dialect != "none"):
        return _beginning(text) + MASK
    from hostshift.dsn import inner_secrets

    return mask_spans(text, (*reading.secrets, *inner_secrets.spans(text, reading)))


def _beginning(text: object) -> str:
    """Return the scheme with its slashes, or the first keyword with its sign, if it is known."""
    if not isinstance(text, str):  # whatever the annotation says
        return ""
    scheme, slashes, _ = text[:_MOST_OF_A_SCHEME].partition("://")
    if slashes:
        return f"{scheme}://" if schemes.find(scheme) is not None else ""
    keyword, equals, _ = text[:_MOST_OF_A_SCHEME].partition("=")
    return f"{keyword}=" if equals and keyword.strip().lower() in _KEYWORDS else ""
