"""What is decided for one endpoint, and why. Pure values."""

from __future__ import annotations

from hostshift._record import Record
from hostshift.addresses import format_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from hostshift.policy import Policy
    from hostshift.vantages import Vantage

    Certainty = Literal["declared", "known", "intended", "observed", "assumed"]
    """Best first: the user mapped it; the machine shows it now, and every source answered; a
    source says so and nobody confirms it; it answered; or it is a conventional address that
    nobody checked."""


class Address(Record):
    """A host and a port as a driver dials them."""

    host: str
    port: int | None

    def __str__(self) -> str:
        """Write ``host:port``."""
        return format_address(self.host, self.port)


class Target(Record):
    """What an endpoint means."""

    kind: Literal["declared", "kept", "here", "host", "service", "elsewhere", "undecided"]
    name: str = ""
    """Of a service: its name."""
    port: int | None = None

    def __str__(self) -> str:
        """Describe the target in a few words."""
        port = "" if self.port is None else f", port {self.port}"
        return f"{self.kind} {self.name}".strip() + port


class Route(Record):
    """A candidate address of a target from this vantage."""

    address: Address
    certainty: Certainty
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the route for JSON."""
        return {
            "host": self.address.host,
            "port": self.address.port,
            "certainty": self.certainty,
            "reason": self.reason,
        }


class Decision(Record):
    """What became of one endpoint."""

    before: Address
    after: Address
    target: Target
    certainty: Certainty
    reason: str
    evidence: tuple[str, ...] = ()
    """The queries and their answers, in order."""
    alternatives: tuple[Route, ...] = ()
    """Other addresses that were seen."""
    fix: str = ""
    """What the user can do where something is missing, as a sentence without a full stop."""
    numbers: tuple[str, ...] = ()
    """The IP addresses that the name in ``after`` had when it was chosen: all are the target's."""
    undecided: bool = False
    """No rule could tell what the endpoint means: it stays, and STRICT raises."""
    misleads: bool = False
    """The address leads to another server than the intended one: it stays, and an
    integration does not dial it (:class:`hostshift.errors.WrongServerError`)."""
    late: bool = False
    """Somebody could not say in time who may say at the next look."""
    project: str | None = None
    """The project of a service that is known to be meant; None where nobody tells one."""
    mine: bool = False
    """It is a service of my own project, as the engine or the network's name server says."""
    looked_up: bool = False
    """The address is what a name has this moment."""
    settled: bool = True
    """Asking again would answer the same: no listener, probe or name took part."""

    @property
    def changed(self) -> bool:
        """Return True if the endpoint gets another address."""
        return self.before != self.after

    def as_dict(self) -> dict[str, Any]:
        """Return the decision for JSON."""
        return {
            "before": {"host": self.before.host, "port": self.before.port},
            "after": {"host": self.after.host, "port": self.after.port},
            "target": {
                "kind": self.target.kind,
                "name": self.target.name,
                "port": self.target.port,
            },
            "certainty": self.certainty,
            "reason": f"{self.reason} ({self.fix})" if self.fix else self.reason,
            "evidence": list(self.evidence),
            "alternatives": [route.as_dict() for route in self.alternatives],
            "undecided": self.undecided,
        }


class Asked(Record):
    """One endpoint, and what is known before any query."""

    host: str
    port: int | None
    protocol: str
    """What is spoken there, empty if unknown."""
    vantage: Vantage
    policy: Policy
    chosen: Decision | None = None
    """What this endpoint was found to mean earlier in this process: for ``localhost``, what was
    observed or known; for another name, that it was a service of my own."""

    @property
    def before(self) -> Address:
        """Return the endpoint as given."""
        return Address(host=self.host, port=self.port)

    @property
    def speaks(self) -> str:
        """Name the protocol for people."""
        return self.protocol or "its protocol"

    def stays(
        self,
        kind: Literal["kept", "here", "host", "service", "elsewhere"],
        reason: str,
        certainty: Certainty = "known",
        *,
        settled: bool = True,
        trace: Sequence[str] = (),
        name: str = "",
    ) -> Decision:
        """Leave the endpoint as it is, because that is right."""
        return Decision(
            before=self.before,
            after=self.before,
            target=Target(kind=kind, name=name, port=self.port),
            certainty=certainty,
            reason=reason,
            evidence=tuple(trace),
            settled=settled,
        )

    def goes(  # noqa: PLR0913 - each is a field of the decision
        self,
        host: str,
        target: Target,
        certainty: Certainty,
        reason: str,
        trace: Sequence[str] = (),
        others: Sequence[Route] = (),
        *,
        port: int | None = None,
        numbers: Sequence[str] = (),
    ) -> Decision:
        """Give the endpoint another address; its port is the target's own by default."""
        return Decision(
            before=self.before,
            after=Address(host=host, port=target.port if port is None else port),
            target=target,
            certainty=certainty,
            reason=reason,
            evidence=tuple(trace),
            alternatives=tuple(others),
            numbers=tuple(numbers),
            settled=False,
        )

    def undecided(
        self,
        reason: str,
        trace: Sequence[str] = (),
        others: Sequence[Route] = (),
        *,
        fix: str = "",
        misleads: bool = False,
    ) -> Decision:
        """Leave the endpoint as it is because no source shows what it means."""
        return Decision(
            before=self.before,
            after=self.before,
            target=Target(kind="undecided", port=self.port),
            certainty="assumed",
            reason=reason,
            evidence=tuple(trace),
            alternatives=tuple(others),
            fix=fix,
            undecided=True,
            misleads=misleads,
            settled=False,
        )


def port_of(given: Any) -> Any:
    """Return a port as a number where it is written as text; anything else as it is given."""
    plain = isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) <= 5
    return int(given) if plain else given


def is_address(host: object, port: object) -> bool:
    """Return True for a host and a port by their types: drivers hand on whatever they were given.

    True and 5432.0 are other keys than 1 and 5432 to nobody, and no ports.
    """
    return isinstance(host, str) and (port is None or type(port) is int)
