"""What is done with each address that the settings hold: it is resolved, or explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hostshift import _announce, _decision_log, resolver
from hostshift.addresses import format_address
from hostshift.errors import UndecidedError

if TYPE_CHECKING:
    from hostshift.resolution import Resolution

WEB = "holds a web address, which stays as it is; from here it would be {}"


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

    def web(self, place: str, text: str) -> None:
        """Hear of a web address with a loopback host: it stays, as others see such."""
        ...

    def left(self, place: str, why: str) -> None:
        """Hear of an address that stays as it is."""
        ...


class Resolving:
    """Uses the addresses from here."""

    def text(self, place: str, text: str, dialect: str | None, protocol: str) -> str:
        """Resolve a string; the error of STRICT names the setting."""
        current = resolver.current()
        try:
            if not protocol:
                after = current.resolve(text, dialect)
                _announce.text_changed(text, after, _client(place), dialect)
                return after
            found = current.explain(text, dialect, protocol=protocol)
            if found.mode != "off":
                _decision_log.refuse_undecided(found, current.policy)
        except UndecidedError as error:
            raise UndecidedError(f"{place}: {error}") from None
        _announce.changes(found, _client(place))
        return found.after

    def pair(self, place: str, host: str, port: int, protocol: str) -> tuple[str, int]:
        """Resolve a host and a port."""
        try:
            decision = resolver.current().address(host, port, protocol)
        except UndecidedError as error:
            raise UndecidedError(f"{place}: {error}") from None
        _announce.changed(decision, _client(place))
        after = decision.after
        return after.host, port if after.port is None else after.port

    def web(self, place: str, text: str) -> None:
        """Take no notice."""

    def left(self, place: str, why: str) -> None:
        """Take no notice."""


def _client(place: str) -> str:
    return f"the setting {place}"


class Explaining:
    """Changes nothing, and remembers the answer for each address."""

    def __init__(self) -> None:
        """Know none yet."""
        self.found: list[tuple[str, Resolution]] = []
        self.stays: dict[str, str] = {}

    def text(self, place: str, text: str, dialect: str | None, protocol: str) -> str:
        """Explain a string."""
        explained = resolver.current().explain(text, dialect, protocol=protocol)
        self.found.append((place, explained))
        return text

    def pair(self, place: str, host: str, port: int, protocol: str) -> tuple[str, int]:
        """Explain a host and a port, as the text ``host:port``."""
        self.text(place, format_address(host, port), "hostport", protocol)
        return host, port

    def web(self, place: str, text: str) -> None:
        """Remember a web address that would be another from here."""
        explained = resolver.current().explain(text)
        if explained.changed:
            there = ", ".join(str(one.after) for one in explained.decisions if one.changed)
            self.left(place, WEB.format(there))

    def left(self, place: str, why: str) -> None:
        """Remember why an address stays."""
        self.stays[place] = why
