"""Shared by dialects whose texts are lists, or hold a whole text of another dialect."""

from __future__ import annotations

from hostshift.strings.model import Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hostshift.strings.model import Endpoint, Reading, Scheme

    Read = Callable[[str, Scheme], Reading]
    Span = tuple[int, int]


def scheme_name(text: str) -> str:
    """Return the scheme in lower case.

    Raises:
        Unreadable: there is none (RFC 3986, 3.1).

    """
    name, separator, _ = text.partition("://")
    plain = name.replace("+", "").replace("-", "").replace(".", "")
    if not separator or not (plain.isascii() and plain.isalnum() and name[0].isalpha()):
        raise Unreadable("the text does not begin with a scheme", refused=True)
    return name.lower()


def pieces(text: str, marks: str) -> Iterator[Span]:
    """Yield the spans between separators, empty ones included."""
    start = 0
    for at, character in enumerate(text):
        if character in marks:
            yield start, at
            start = at + 1
    yield start, len(text)


def trimmed(text: str, span: Span) -> Span:
    """Return a span without the spaces around it."""
    start, end = span
    while start < end and text[start] == " ":
        start += 1
    while end > start and text[end - 1] == " ":
        end -= 1
    return start, end


def nested(read: Read, text: str, span: Span, scheme: Scheme) -> Reading:
    """Read a span of the text as a text of its own, and say where all of it stands."""
    start, end = span
    found = read(text[start:end], scheme)
    return found.replace(
        endpoints=tuple(moved(endpoint, start) for endpoint in found.endpoints),
        secrets=tuple((first + start, last + start) for first, last in found.secrets),
    )


def moved(endpoint: Endpoint, by: int) -> Endpoint:
    """Return an endpoint whose slots stand further on in the text."""
    host, port = endpoint.host_at, endpoint.port_at
    return endpoint.replace(
        host_at=host.replace(start=host.start + by, end=host.end + by),
        port_at=port.replace(start=port.start + by, end=port.end + by),
    )


def joined(first: Reading, readings: Iterable[Reading]) -> Reading:
    """Return one reading with the endpoints and secrets of several."""
    several = tuple(readings)
    return first.replace(
        endpoints=tuple(endpoint for found in several for endpoint in found.endpoints),
        secrets=tuple(span for found in several for span in found.secrets),
    )


def doubtful(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield everything as a secret if an ``@`` stands behind the authority.

    It may belong to a password that holds a raw ``/``, ``?`` or ``#``.
    """
    if text.find("@", end) >= 0:
        yield start, len(text)
