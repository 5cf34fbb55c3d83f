"""The short way for the strings that most people have.

It takes a URI with at most one ``@`` and nothing on which grammars differ. For such
a text, what any reader finds depends only on the scheme and on the text between the
``@`` and the path. So an answer for those two holds for every text that has them.
A property test compares this with the readers.
"""

from __future__ import annotations

from hostshift.dsn.model import MOST_CHARACTERS
from hostshift.dsn.schemes import SIMPLE

ADDRESSING = ("host", "port", "service", "sock", "dsn", "conninfo", "proxy", "server", "addr")
"""Parts of the names of parameters that may name an address, for any reader."""


def address_span(text: str) -> tuple[str, int, int] | None:
    """Return the scheme and the span of the address of a simple URI, else None."""
    scheme, separator, _ = text.partition("://")
    if not separator or scheme not in SIMPLE or len(text) > MOST_CHARACTERS:
        return None
    if not text.isascii() or not text.isprintable() or "\\" in text or "#" in text:
        return None
    if ";" in text or "," in text or "%" in text:
        return None
    start = len(scheme) + 3
    end = text.find("/", start)
    query = text.find("?", start)
    if query >= 0:
        if end < 0 or query < end:
            end = query
        # A query that may name an address takes the long way.
        if any(name in text[query:].lower() for name in ADDRESSING):
            return None
    elif end < 0:
        end = len(text)
    at = text.find("@", start)
    if at >= 0:
        if at > end or text.find("@", at + 1) >= 0 or text.count(":", start, at) > 1:
            return None
        start = at + 1
    return scheme, start, end


def may_verify(text: str) -> bool:
    """Return True if a simple URI may ask for a certificate. Quick, because most do not."""
    return "s://" in text or "ssl" in text or "tls" in text
