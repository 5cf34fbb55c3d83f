"""``uris``: full URIs with commas or blanks between them, as node lists and etcd endpoints.

``uri`` reads each. Every entry between commas has to be a URI, so hostshift leaves a
list alone if a URI in it holds a comma.
"""

from __future__ import annotations

from hostshift.dsn import authority, schemes
from hostshift.dsn.dialects import none, uri
from hostshift.dsn.dialects._nested import doubtful, joined, nested, pieces, scheme_name
from hostshift.dsn.model import Reading, Scheme, Unreadable


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    readings: list[Reading] = []
    first = ""
    for span in pieces(text, ", "):
        entry = text[span[0] : span[1]]
        if entry:
            name = scheme_name(entry)
            first = first or name
            known = scheme if name == first else _known(name)
            readings.append(nested(_uri, text, span, known))
    if not readings:
        raise Unreadable("the list is empty", refused=True)
    return joined(Reading(dialect="uris", protocol=readings[0].protocol), readings)


def _known(name: str) -> Scheme:
    """Return what hostshift knows of the scheme of a later URI."""
    return schemes.find(name) or Scheme(protocol="", port=None, dialects=("uri",))


def _uri(text: str, scheme: Scheme) -> Reading:
    """Read one URI."""
    if scheme.dialects == ("none",):
        return none.read(text, scheme)
    start = authority.start_of(text)
    end = authority.first_of(text, "/?#", start)
    reading = uri.read(text, scheme)
    return reading.replace(secrets=(*reading.secrets, *doubtful(text, start, end)))
