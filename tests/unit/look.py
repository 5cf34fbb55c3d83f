"""A look whose answers a test sets, source by source, and that notes what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostshift.discovery import Topology

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hostshift.routing.queries import Addresses, Outcome


class FakeLook:
    """Answers the rules (:class:`hostshift.routing.queries.Look`); by default nothing is there."""

    def __init__(self, **answers: object) -> None:
        self.listens: bool | None = False
        self.foreign: bool | None = False
        self.mysql: str | None = ""
        self.names: Mapping[str, tuple[str, ...] | None] = {}
        self.near: bool | None = False
        """Whether addresses are on connected networks."""
        self.subnet = ""
        """If set: only those that begin so are."""
        self.known, self.seen = Topology(), Topology()
        """What engine and files say, and what is known once name servers are asked, too."""
        self.outcome: Outcome = "refused"
        self.outcomes: Mapping[str, Outcome] = {}
        """Those of some hosts."""
        self.speaks: bool | None = False
        self.unsaid: list[str] = []
        """What was asked and could not be said."""
        for name, answer in answers.items():
            assert hasattr(self, name), name
            setattr(self, name, answer)

    def _noted(self, answer: object, what: str) -> None:
        if answer is None:
            self.unsaid.append(what)

    def listening(self, host: str, port: int) -> bool | None:  # noqa: ARG002
        self._noted(self.listens, "listening")
        return self.listens

    def foreign_listener(self, host: str, port: int) -> bool | None:  # noqa: ARG002
        self._noted(self.foreign, "foreign")
        return self.foreign

    def mysql_socket(self) -> str | None:
        self._noted(self.mysql, "sockets")
        return self.mysql

    def resolves(self, name: str) -> tuple[str, ...] | None:
        found = self.names.get(name, self.names.get("*", ()))
        self._noted(found, name)
        return found

    def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
        self._noted(self.near, "connected")
        return tuple(
            number.startswith(self.subnet) if self.subnet and self.near else self.near
            for number in addresses
        )

    def around(self, names: tuple[str, ...] | None = None) -> Topology:
        found = self.known if names is None else self.seen
        self.unsaid += [str(gap) for gap in found.gaps]
        return found

    def reach(
        self,
        addresses: Addresses,
        near: Sequence[str] = (),  # noqa: ARG002
        *,
        protocol: str = "",  # noqa: ARG002
    ) -> tuple[Outcome, ...]:
        found: list[Outcome] = [self.outcomes.get(host, self.outcome) for host, _ in addresses]
        if "failed" in found:
            self.unsaid.append("reach")
        return tuple(found)

    def greets(
        self,
        addresses: Addresses,
        protocol: str,  # noqa: ARG002
        *,
        proof: bool = False,  # noqa: ARG002
    ) -> tuple[bool | None, ...]:
        self._noted(self.speaks, "greets")
        return (self.speaks,) * len(addresses)
