"""What is around: services with all the names and addresses they go by."""

from __future__ import annotations

from hostshift._record import Record


class Service(Record):
    """One service, whichever source told of it."""

    name: str
    """The name to call it by where its network's resolver answers."""
    service: str
    """What compose calls it; its own name where there is no compose project."""
    container: str
    """The container's own name."""
    addresses: tuple[str, ...]
    project: str | None = None
    """The compose project it belongs to, None where there is none or it is not known."""
    aliases: tuple[str, ...] = ()
    certainty: str = "observed"
    source: str = "dns"


class Neighbourhood(Record):
    """The services that can be seen from here, and which of them is this process."""

    services: tuple[Service, ...] = ()
    project: str | None = None
    """The compose project of this process's own container."""

    def siblings(self) -> tuple[Service, ...]:
        """Return the services of this process's own compose project."""
        if self.project is None:
            return ()
        return tuple(found for found in self.services if found.project == self.project)
