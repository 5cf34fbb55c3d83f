"""Say which raw character in a password makes a URI unclear, and how to write it.

Every reader ends the address at the first ``/``, ``?`` or ``#``. So an ``@`` behind it shows
that one of these may be a part of the password. The reason names the character only.
"""

from __future__ import annotations

from hostshift.dsn.authority import first_of

_ESCAPES = {"/": "%2F", "?": "%3F", "#": "%23"}


def reason(text: str) -> str:
    """Return why a URI that no reader can read is unclear; empty if it is not for this reason."""
    start = text.find("://") + 3
    if start < 3:
        return ""
    end = first_of(text, "/?#", start)
    if end == len(text) or text.find("@", start, end) >= 0 or text.find("@", end) < 0:
        return ""
    mark = text[end]
    return (
        f"an @ stands behind a raw {mark}: if the {mark} is in the password,"
        f" write it as {_ESCAPES[mark]}"
    )
