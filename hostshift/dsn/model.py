"""The result of reading a connection string: endpoints, and where they stand in the text."""

from __future__ import annotations

from hostshift.base.addresses import is_host
from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


MOST_CHARACTERS = 131_072
"""The longest text that hostshift reads. No variable of a Linux process is longer:
MAX_ARG_STRLEN is 32 pages (``execve(2)``)."""
MOST_ADDRESSES = 1_000
"""The most that hostshift reads in a text. Each may cost a look at the machine."""
TOO_MANY = f"the text has more than {MOST_ADDRESSES:,} addresses, the most that hostshift reads"


def is_plain(text: str) -> bool:
    """Return True for a text as most are, for which :mod:`.unfit` is not loaded."""
    return 0 < len(text) <= MOST_ADDRESSES and text.isascii() and text.isprintable()


class Slot(Record):
    """A place in the text that holds, or would hold, a host or a port."""

    start: int
    end: int
    write: Callable[[str], str]
    """Returns the text to put there for a plain value: with brackets, quotes, a colon.
    Raises Unwritable if the place cannot hold the value."""
    shared: bool = False
    """One port here serves several hosts. ``write`` takes one port, or a comma list with one
    for each host. All endpoints that share it have the same slot, in order."""


class Endpoint(Record):
    """One service address in a connection string."""

    host: str
    """The decoded host, as its consumer sees it; an IPv6 address without brackets."""
    port: int | None
    """The port that the text names, None if it names none."""
    default_port: int | None
    """The port that the consumer takes if the text names none."""
    host_at: Slot
    port_at: Slot

    @property
    def effective_port(self) -> int | None:
        """Return the port that the consumer dials."""
        return self.port if self.port is not None else self.default_port

    def __repr__(self) -> str:
        """Show the fields, unless the host is none: it may be a text with a password."""
        return super().__repr__() if is_host(getattr(self, "host", "")) else "<Endpoint>"


class Reading(Record):
    """A connection string as one dialect reads it."""

    dialect: str
    """The grammar's name, empty if none fits."""
    protocol: str = ""
    """The protocol of the endpoints (``postgresql``, ``mongodb``, …), empty if unknown."""
    endpoints: tuple[Endpoint, ...] = ()
    secrets: tuple[tuple[int, int], ...] = ()
    """Spans of the text that may hold a secret."""
    trouble: str = ""
    """Why hostshift leaves the string alone; never quotes it. Endpoints are empty then."""
    voters: tuple[str, ...] = ()
    """The grammars that read the text: the plausible consumers that do not refuse it."""
    note: str = ""
    """What its user should know although it could be read."""
    socket: str = ""
    """A Unix socket that the client takes for ``localhost``, see :mod:`.mysql_clients`."""
    passing: bool = False
    """Whether the trouble is this process's own, and may pass in a moment."""


class Unreadable(Exception):  # noqa: N818 - a signal inside this package
    """A grammar cannot read the text, or not with certainty."""

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        """Keep the reason. ``refused``: whether the consumer itself raises on such a text."""
        super().__init__(reason)
        self.reason = reason
        self.refused = refused


class Unwritable(Exception):  # noqa: N818 - a signal inside this package
    """A place cannot hold a value: for example a name where only numbers may stand."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


class Scheme(Record):
    """What hostshift knows from the part before ``://``."""

    protocol: str
    """The protocol, empty if unknown."""
    port: int | None
    """The default port, None if unknown."""
    dialects: tuple[str, ...]
    """The grammars of the consumers that may read such a string, likeliest first."""
