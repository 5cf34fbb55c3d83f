"""``uris``: full URIs with commas or blanks between them, as node lists and etcd endpoints.

``uri`` reads each. Every entry between commas has to be a URI, so hostshift leaves a
list alone if a URI in it holds a comma.
"""

from __future__ import annotations

from hostshift.dsn import authority, schemes
from hostshift.dsn.dialects import none, uri
from hostshift.dsn.dialects._nested import doubtful, joined, nested, pieces, scheme_name
from hostshift.dsn.masking import secret_parameters
from hostshift.dsn.model import Reading, Scheme, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hostshift.dsn.dialects._nested import Span


def read(text: str, scheme: Scheme) -> Reading:
    """Find the endpoints."""
    inside, secrets = _composite(text)
    readings: list[Reading] = []
    first = ""
    for span in pieces(text, ", ", *inside):
        entry = text[span[0] : span[1]]
        if entry:
            name = scheme_name(entry)
            first = first or (name if inside == (0, len(text)) else "")
            known = scheme if name == first else _known(name)
            readings.append(nested(_uri, text, span, known))
    if not readings:
        raise Unreadable("the list is empty", refused=True)
    reading = joined(Reading(dialect="uris", protocol=readings[0].protocol), readings)
    return reading.replace(secrets=(*reading.secrets, *secrets))


def _composite(text: str) -> tuple[Span, list[Span]]:
    """Return the span of the list in ActiveMQ's composite URI, and the secrets behind it.

    It is ``failover:(uri,uri)?option=value``, or without parentheses (URISupport.parseComposite).
    Artemis takes the parentheses alone, and Symfony Mailer ``failover(uri uri)``. Any other text
    is the list itself.
    """
    start = 0
    if text.startswith(("failover:", "static:", "fanout:")):
        start = text.find(":") + 1
        if text.startswith("//", start):
            start += 2
    elif text.startswith(("failover(", "roundrobin(")):
        start = text.find("(")
    if not text.startswith("(", start):
        return (start, len(text)), []
    end = text.find(")", start)
    behind = text[end + 1 :]
    if end < 0 or text.find("(", start + 1) >= 0 or "://" in behind or behind[:1] not in ("", "?"):
        raise Unreadable("the parentheses around a list are not closed, or hold others")
    return (start + 1, end), list(secret_parameters(text, end))


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
    if not reading.endpoints:
        from hostshift.dsn import sockets

        if not sockets.names_one(text):
            authority.refuse_user_alone(reading, text.find("@", start, end))
    return reading.replace(secrets=(*reading.secrets, *doubtful(text, start, end)))
