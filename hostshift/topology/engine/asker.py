"""Who asks: what tells which container and which project are this process's own."""

from __future__ import annotations

from hostshift._record import Record


class Asker(Record):
    """The process that asks, and how it wants the answer."""

    own_ids: tuple[str, ...] = ()
    """Ids that may be its own container's; none on the host."""
    directory: str = ""
    """Where it works."""
    project: str = ""
    """The project that it names, where its directory belongs to several."""
    on_host: bool = False
    """Whether the engine's published ports are those of this network namespace."""
    configured: bool = False
    """Whether ports are wanted as they were asked for, without one-off containers."""
