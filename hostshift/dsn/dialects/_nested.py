"""Shared by dialects whose texts are lists, or hold a whole text of another dialect."""

from __future__ import annotations

from hostshift.dsn.model import Unreadable, Unwritable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hostshift.dsn.model import Endpoint, Reading, Scheme

    Read = Callable[[str, Scheme], Reading]
    Span = tuple[int, int]


def scheme_name(text: str) -> str:
    """Return the scheme in lower case.

    Raises:
        Unreadable: the text has none (RFC 3986, 3.1).

    """
    name, separator, _ = text.partition("://")
    plain = name.replace("+", "").replace("-", "").replace(".", "")
    if not separator or not (plain.isascii() and plain.isalnum() and name[0].isalpha()):
        raise Unreadable("the text does not begin with a scheme", refused=True)
    return name.lower()


def pieces(text: str, marks: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Return the spans between separators, empty ones included, in all of the text or a part."""
    end = len(text) if end is None else end
    mark = marks[0]
    for other in marks[1:]:
        text = text.replace(other, mark)
    spans = []
    at = text.find(mark, start, end)
    while at >= 0:
        spans.append((start, at))
        start = at + 1
        at = text.find(mark, start, end)
    spans.append((start, end))
    return spans


def trimmed(text: str, start: int, end: int) -> Span:
    """Return the span without the blanks at both ends."""
    while start < end and text[start] == " ":
        start += 1
    while start < end and text[end - 1] == " ":
        end -= 1
    return start, end


def one_port(write: Callable[[str], str]) -> Callable[[str], str]:
    """Return a writer for the one port of several hosts; it refuses a list of ports."""

    def write_one(port: str) -> str:
        if "," in port:
            raise Unwritable("one port serves several hosts here; they cannot have different ones")
        return write(port)

    return write_one


def port_backwards(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Return a list in which a port serves all hosts before it that have none.

    So do Oracle's EZConnect and Exasol's drivers (pyexasol, ``_process_dsn``).
    """
    listed: list[Endpoint] = []
    waiting: list[Endpoint] = []
    for endpoint in endpoints:
        waiting.append(endpoint)
        if endpoint.port is not None:
            listed += _sharing(waiting)
            waiting = []
    return (*listed, *_sharing(waiting))


def _sharing(waiting: list[Endpoint]) -> list[Endpoint]:
    """Give all hosts the port of the last."""
    if len(waiting) < 2:
        return waiting
    last = waiting[-1]
    port_at = last.port_at.replace(write=one_port(last.port_at.write), shared=True)
    return [endpoint.replace(port=last.port, port_at=port_at) for endpoint in waiting]


def nested(read: Read, text: str, span: Span, scheme: Scheme) -> Reading:
    """Read a span of the text as a text of its own, and move the result to where it stands."""
    start, end = span
    return moved_reading(read(text[start:end], scheme), start)


def moved_reading(reading: Reading, by: int) -> Reading:
    """Return a reading of a text that stands further on in another one, or further in front."""
    return reading.replace(
        endpoints=tuple(moved(endpoint, by) for endpoint in reading.endpoints),
        secrets=tuple((max(first + by, 0), max(last + by, 0)) for first, last in reading.secrets),
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
        endpoints=tuple(endpoint for reading in several for endpoint in reading.endpoints),
        secrets=tuple(span for reading in several for span in reading.secrets),
    )


def doubtful(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield everything as a secret if an ``@`` stands behind the authority.

    The ``@`` may belong to a password that holds a raw ``/``, ``?`` or ``#``.
    """
    if text.find("@", end) >= 0:
        yield start, len(text)
