"""Variables that hold addresses: a whole text, or a host and a port in two. Pure."""

from __future__ import annotations

from hostshift.base.record import Record


class Variable(Record):
    """One variable that holds a connection string, or a JSON list of them."""

    name: str
    listed: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    """The positions of the strings in a JSON list; empty where all of the value is one string."""
    escaped: bool = False
    """The JSON list holds strings with escapes, which stay."""
    protocol: str = ""
    """The protocol of the server, where the name implies it."""


class Pair(Record):
    """One endpoint in two variables."""

    host: str
    port: str
    protocol: str
    listed: bool = False
    default_port: int | None = None
    """The port where no variable holds one; None if the names do not show it."""


class Kept(Record):
    """A variable that looks like an address and stays as it is."""

    name: str
    reason: str
    step: str = ""
    """What the user can do about it."""
    recognised: bool = False
    """Clients dial it, by its name or because it is listed: to leave it may be wrong."""
