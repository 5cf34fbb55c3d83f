"""What reading a connection string gives: endpoints and where they stand in the text."""

from __future__ import annotations

from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


MOST_CHARACTERS = 131_072
"""Of a text that is read. No variable of a Linux process is longer: MAX_ARG_STRLEN is 32 pages
(``execve(2)``)."""
MOST_ADDRESSES = 1_000
"""Of a text that is read. Each may cost a look at the machine."""


class Slot(Record):
    """A place in the text that holds, or would hold, a host or a port."""

    start: int
    end: int
    write: Callable[[str], str]
    """Gives the text to put there for a plain value: with brackets, quotes, a colon.
    Raises Unwritable where the place cannot hold the value."""
    shared: bool = False
    """One port here serves several hosts; it can hold a comma list of as many ports as
    there are hosts. All endpoints that share it have the same slot, in order."""


class Endpoint(Record):
    """One service address in a connection string."""

    host: str
    """The decoded host, as its consumer sees it; an IPv6 address without brackets."""
    port: int | None
    """The port that the text gives, None where it gives none."""
    default_port: int | None
    """The port that the consumer takes where the text gives none."""
    host_at: Slot
    port_at: Slot

    @property
    def effective_port(self) -> int | None:
        """Return the port that the consumer dials."""
        return self.port if self.port is not None else self.default_port


class Reading(Record):
    """A connection string as one dialect reads it."""

    dialect: str
    """The grammar's name, empty where none fits."""
    protocol: str = ""
    """What is spoken at the endpoints (``postgresql``, ``mongodb``, …), empty if unknown."""
    endpoints: tuple[Endpoint, ...] = ()
    secrets: tuple[tuple[int, int], ...] = ()
    """Spans of the text that may hold a secret."""
    trouble: str = ""
    """Why the string is left alone; never quotes it. Endpoints are empty then."""
    passing: bool = False
    """The trouble is this process's own, and may be over in a moment."""


class Unreadable(Exception):  # noqa: N818 - a signal inside this package
    """A grammar cannot read the text, or not with certainty."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        """Keep the reason; ``refused``: the consumer itself raises on such a text."""
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


class Unwritable(Exception):  # noqa: N818 - a signal inside this package
    """A place cannot hold a value: a name where only numbers may stand, say."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


class Scheme(Record):
    """What the part before ``://`` says."""

    protocol: str
    port: int | None
    dialects: tuple[str, ...]
    """The grammars of the consumers that plausibly read such a string, likeliest first."""
