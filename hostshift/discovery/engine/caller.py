"""The process that asks: the facts that show its own container and its own project."""

from __future__ import annotations

from hostshift.base.record import Record


class Caller(Record):
    """The process that asks, and the kind of answer that it needs."""

    own_ids: tuple[str, ...] = ()
    """Possible ids of its own container; none on the host."""
    directory: str = ""
    """Its working directory."""
    project: str = ""
    """The project that it names; it counts if the directory belongs to several."""
    on_host: bool = False
    """True if the engine publishes ports in this network namespace."""
    configured: bool = False
    """True for the ports as configured, without one-off containers."""
