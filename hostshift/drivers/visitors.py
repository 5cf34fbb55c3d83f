"""What an integration does with each address in a configuration: resolve it, or explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hostshift.base.addresses import format_address
from hostshift.drivers import announce, strict
from hostshift.errors import UndecidedError
from hostshift.resolution import resolver

if TYPE_CHECKING:
    from hostshift.resolution.result import Resolution

WEB = "holds a web address, which stays as it is; from here it would be {}"


class Visitor(Protocol):
    """Visits each address, and returns the one to use."""

    def text(self, place: str, text: str, dialect: str | None, protocol: str) -> str:
        """Visit a connection string.

        Args:
            place: the setting, and where in it.
            text: the string.
            dialect: the grammar of the code that reads it; None where its scheme tells.
            protocol: what its servers speak, where the text may not show it.

        """
        ...

    def pair(self, place: str, host: str, port: int, protocol: str) -> tuple[str, int]:
        """Visit a host and a port that come apart."""
        ...

    def web(self, place: str, text: str) -> None:
        """Visit a web address with a loopback host: it stays, as others see such."""
        ...

    def left(self, place: str, why: str) -> None:
        """Hear of an address that stays as it is."""
        ...


class Resolving:
    """Uses the addresses from here."""

    def text(self, place: str, text: str, dialect: str | None, protocol: str) -> str:
        """Resolve a string; the error of STRICT names the setting."""
        try:
            if not protocol:
                after = resolver.current().resolve(text, dialect)
                announce.text_changed(text, after, _client(place), dialect)
                return after
            resolution = strict.explain(text, dialect, protocol)
        except UndecidedError as error:
            raise UndecidedError(f"{place}: {error}") from None
        announce.changes(resolution, _client(place))
        return resolution.after

    def pair(self, place: str, host: str, port: int, protocol: str) -> tuple[str, int]:
        """Resolve a host and a port; the error of STRICT names the setting."""
        try:
            decision = resolver.current().address(host, port, protocol)
        except UndecidedError as error:
            raise UndecidedError(f"{place}: {error}") from None
        announce.changed(decision, _client(place))
        after = decision.after
        return after.host, port if after.port is None else after.port

    def web(self, place: str, text: str) -> None:
        """Ignore it."""

    def left(self, place: str, why: str) -> None:
        """Ignore it."""


def _client(place: str) -> str:
    return f"the setting {place}"


class Explaining:
    """Changes nothing, and remembers the answer for each address."""

    def __init__(self) -> None:
        """Know none yet."""
        self.explained: list[tuple[str, Resolution]] = []
        self.stays: dict[str, str] = {}

    def text(self, place: str, text: str, dialect: str | None, protocol: str) -> str:
        """Explain a string."""
        resolution = resolver.current().explain(text, dialect, protocol=protocol)
        self.explained.append((place, resolution))
        return text

    def pair(self, place: str, host: str, port: int, protocol: str) -> tuple[str, int]:
        """Explain a host and a port, as the text ``host:port``."""
        self.text(place, format_address(host, port), "hostport", protocol)
        return host, port

    def web(self, place: str, text: str) -> None:
        """Remember a web address that would be another from here."""
        resolution = resolver.current().explain(text)
        if resolution.changed:
            changed = [decision for decision in resolution.decisions if decision.changed]
            self.left(place, WEB.format(", ".join(str(decision.after) for decision in changed)))

    def left(self, place: str, why: str) -> None:
        """Remember why an address stays."""
        self.stays[place] = why
