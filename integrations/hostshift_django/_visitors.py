"""What is done with each address that the settings hold: it is resolved, or explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hostshift import resolver
from hostshift.addresses import format_address
from hostshift.errors import UndecidedError

if TYPE_CHECKING:
    from hostshift.resolution import Resolution


class Visitor(Protocol):
    """Is shown each address, and says which one to use."""

    def text(self, place: str, text: str, dialect: str | None, protocol: str) -> str:
        """Visit a connection string.

        Args:
            place: the setting, and where in it.
            text: the string.
            dialect: the grammar of whoever reads it; None where its scheme tells.
            protocol: what is spoken there, where the text may not tell it.

        """
        ...

    def pair(self, place: str, host: str, port: int, protocol: str) -> tuple[str, int]:
        """Visit a host and a port that are kept apart."""
        ...


class Resolving:
    """Uses the addresses from here."""

    def text(self, place: str, text: str, dialect: str | None, protocol: str) -> str:
        """Resolve a string; the error of STRICT names the setting."""
        current = resolver.current()
        try:
            if not protocol:
                return current.resolve(text, dialect)
            found = current.explain(text, dialect, protocol=protocol)
            if found.mode != "off":
                resolver.refuse_undecided(found, current.policy)
        except UndecidedError as error:
            raise UndecidedError(f"{place}: {error}") from None
        return found.after

    def pair(self, place: str, host: str, port: int, protocol: str) -> tuple[str, int]:
        """Resolve a host and a port."""
        try:
            after = resolver.current().address(host, port, protocol).after
        except UndecidedError as error:
            raise UndecidedError(f"{place}: {error}") from None
        return after.host, port if after.port is None else after.port


class Explaining:
    """Changes nothing, and remembers the answer for each address."""

    def __init__(self) -> None:
        """Know none yet."""
        self.found: list[tuple[str, Resolution]] = []

    def text(self, place: str, text: str, dialect: str | None, protocol: str) -> str:
        """Explain a string."""
        explained = resolver.current().explain(text, dialect, protocol=protocol)
        self.found.append((place, explained))
        return text

    def pair(self, place: str, host: str, port: int, protocol: str) -> tuple[str, int]:
        """Explain a host and a port, as the text ``host:port``."""
        self.text(place, format_address(host, port), "hostport", protocol)
        return host, port
