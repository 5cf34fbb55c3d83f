"""Find secrets in values that hold a text of another grammar: a URL, a command, a header.

No dialect can know them all. So this looks for their marks in the whole text, and hides too
much rather than too little. It is only for display.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from hostshift.dsn import split_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostshift.dsn.model import Reading

    Span = tuple[int, int]

_ASSIGNED = re.compile(
    r"(?:pass|psw|pwd|secret|token|credential|auth|bearer|jwt|cookie|key|sig|\bpw|\bsas)"
    r"[\w.-]{0,40}['\"]?[ +]?(?:=|%3d|%3a)"
    r"|(?:password|passwd|identified by|bearer|basic)(?:%20|[ +])",
    re.IGNORECASE,
)
"""A name that sounds secret with a sign behind it, and the commands that set a password."""
_END = re.compile(r"[/?#]|$")
_URL = re.compile(r"://|%3a%2f%2f", re.IGNORECASE)


def spans(text: str, reading: Reading) -> Iterator[Span]:
    """Yield what may be a secret in an inner text, beside the secrets that the dialect found."""
    known = sorted(span for span in reading.secrets if span[0] < span[1])
    starts = [start for start, _ in known]

    def is_known(at: int) -> bool:
        # A quote or a brace may stand between the sign and what the dialect found.
        before = bisect_right(starts, at + 1) - 1
        return before >= 0 and at <= known[before][1]

    for found in _ASSIGNED.finditer(text):
        if not is_known(found.end()):
            yield found.end(), len(text)  # nobody knows where it ends
            break
    yield from (span for span in _urls(text, reading) if not is_known(span[0]))
    yield from _escaped_users(text)
    yield from split_secrets.spans(text, reading)


def _urls(text: str, reading: Reading) -> Iterator[Span]:
    """Yield URLs in the values of others."""
    hosts = {endpoint.host_at.start for endpoint in reading.endpoints}
    first, done = text.find("://"), 0
    end = at = -1
    for found in _URL.finditer(text):
        start = found.end()
        if start < done or found.start() == first or start in hosts:
            continue
        if start > end:  # else what ends the one before ends this one, too
            end = _END.search(text, start).start()  # type: ignore[union-attr] # there always is one
            at = text.rfind("@", start, end)
        if (at if at >= start else -1) + 1 not in hosts:
            done = _value_end(text, start)
            yield start, done


def _escaped_users(text: str) -> Iterator[Span]:
    """Yield values of a query with an escaped ``@``."""
    query = text.find("?")
    at = text.find("%40", query) if query >= 0 else -1
    equals, done = -1, query
    while at >= 0:
        equals, done = max(equals, text.rfind("=", done, at)), at
        end = _value_end(text, at)
        yield equals + 1 or query, end
        at = text.find("%40", end)


def _value_end(text: str, at: int) -> int:
    end = text.find("&", at)
    return end if end >= 0 else len(text)
