"""``uris``: full URIs with commas or blanks between them, as node lists and etcd endpoints.

Each is read as ``uri`` does. What a comma parts has to be a URI again, so a
comma inside of one leaves the list alone.
"""

from __future__ import annotations

from hostshift.strings import authority, schemes
from hostshift.strings.dialects import none, uri
from hostshift.strings.dialects._nested import doubtful, joined, nested, pieces, scheme_name
from hostshift.strings.model import Reading, Scheme, Unreadable


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    found = []
    first = ""
    for span in pieces(text, ", "):
        entry = text[span[0] : span[1]]
        if entry:
            name = scheme_name(entry)
            first = first or name
            found.append(nested(_one, text, span, scheme if name == first else _known(name)))
    if not found:
        raise Unreadable("the list is empty", refused=True)
    return joined(Reading(dialect="uris", protocol=found[0].protocol), found)


def _known(name: str) -> Scheme:
    """Return what is known of the scheme of a later URI."""
    return schemes.find(name) or Scheme(protocol="", port=None, dialects=("uri",))


def _one(text: str, scheme: Scheme) -> Reading:
    """Read one URI."""
    if scheme.dialects == ("none",):
        return none.read(text, scheme)
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    found = uri.read(text, scheme)
    return found.replace(secrets=(*found.secrets, *doubtful(text, start, end)))
