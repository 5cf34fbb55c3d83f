"""One endpoint as the rules get it, and what they decide. Pure values."""

from __future__ import annotations

from hostshift.base import redaction
from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypedDict, TypeVar

    from hostshift.config.policy import Policy
    from hostshift.detect.vantage import Vantage
    from hostshift.discovery.model import Certainty

    Kind = Literal["declared", "kept", "here", "host", "service", "elsewhere", "undecided"]
    Port = TypeVar("Port")

    class AddressDict(TypedDict):
        """An address for JSON."""

        host: str
        port: int | None

    class TargetDict(TypedDict):
        """A target for JSON."""

        kind: Kind
        name: str
        port: int | None

    class RouteDict(TypedDict):
        """A route for JSON."""

        host: str
        port: int | None
        certainty: Certainty
        reason: str

    class DecisionDict(TypedDict):
        """A decision for JSON."""

        before: AddressDict
        after: AddressDict
        target: TargetDict
        certainty: Certainty
        reason: str
        evidence: list[str]
        alternatives: list[RouteDict]
        undecided: bool


class Address(Record):
    """A host and a port as a driver dials them."""

    host: str
    port: int | None

    def __str__(self) -> str:
        """Write ``host:port``; the shape of what is no host, because it may hold a secret."""
        return redaction.address(self.host, self.port)

    def __repr__(self) -> str:
        """Show both fields as ``str()`` does."""
        if "port" not in self.__dict__:  # the frame of an error may hold such a one
            return "Address()"
        return f"Address(host={redaction.host(self.host)!r}, port={redaction.port(self.port)!r})"

    def as_dict(self) -> AddressDict:
        """Return the address for JSON, with the shape of what is no host."""
        port = self.port if type(self.port) is int else None
        return {"host": redaction.host(self.host), "port": port}


class Target(Record):
    """What an endpoint means."""

    kind: Kind
    """``undecided``: no rule could decide what it means. It stays, and STRICT raises."""
    name: str = ""
    """The name of a service."""
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

    def as_dict(self) -> RouteDict:
        """Return the route for JSON."""
        return {
            **self.address.as_dict(),
            "certainty": self.certainty,
            "reason": self.reason,
        }


class Decision(Record):
    """What the rules decide for one endpoint, and why."""

    before: Address
    after: Address
    target: Target
    certainty: Certainty
    reason: str
    evidence: tuple[str, ...] = ()
    """The queries and their answers, in order."""
    alternatives: tuple[Route, ...] = ()
    """Other addresses that answered."""
    fix: str = ""
    """What the user can do where something is missing, as a sentence without a full stop."""
    missing: str = ""
    """Which source could not answer, where the reason names one: a word of :mod:`.certainty`."""
    numbers: tuple[str, ...] = ()
    """The IP addresses that the name in ``after`` had when a rule chose it: all are the
    target's."""
    misleads: bool = False
    """The address leads to another server than the intended one: it stays, and an
    integration does not dial it (:class:`hostshift.errors.WrongServerError`)."""
    late: bool = False
    """A source did not answer in time, and may answer at the next look."""
    project: str | None = None
    """The project of a service that is known to be the target; None where no source names one."""
    mine: bool = False
    """It is a service of my own project, by the engine or the network's name server."""
    settled: bool = True
    """A second look would answer the same: no listener, probe or name took part."""

    @property
    def undecided(self) -> bool:
        """Return True if no rule could decide what the endpoint means."""
        return self.target.kind == "undecided"

    @property
    def changed(self) -> bool:
        """Return True if the endpoint gets another address."""
        return self.before != self.after

    def still_leads_to(self, address: Address) -> bool:
        """Return True if an address, at which this was dialled before, is one for it now too."""
        routes = {self.after, *(route.address for route in self.alternatives)}
        numbers = {Address(host=number, port=self.after.port) for number in self.numbers}
        return address in routes | numbers

    def as_dict(self) -> DecisionDict:
        """Return the decision for JSON."""
        return {
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
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


class Destination(Record):
    """Where a client would connect."""

    host: str
    port: int | None
    protocol: str = ""
    """The protocol of the server there; empty if unknown."""
    socket: str = ""
    """What the client takes for ``localhost`` in place of a port, see :mod:`.mysql_socket`."""


def destination(host: str, port: int | None, protocol: str = "", socket: str = "") -> Destination:
    """Return where a client would connect."""
    return Destination(host=host, port=port, protocol=protocol, socket=socket)


class RouteRequest(Record):
    """One endpoint, and what is known before any query."""

    host: str
    port: int | None
    protocol: str
    """The protocol of the server there; empty if unknown."""
    vantage: Vantage
    policy: Policy
    chosen: Decision | None = None
    """The earlier decision of this process for this endpoint. For ``localhost``: one that was
    observed or known. For another name: that it was a service of my own."""
    socket: str = ""
    """A Unix socket that the client takes for ``localhost``, see :mod:`.mysql_socket`: what names
    it, or :data:`.mysql_socket.USUAL`. Empty where the client dials a port, or nobody knows."""

    @property
    def before(self) -> Address:
        """Return the endpoint as it is written."""
        return Address(host=self.host, port=self.port)

    @property
    def speaks(self) -> str:
        """Name the protocol for people."""
        return self.protocol or "its protocol"


def port_of(value: Port) -> Port | int:
    """Return a port that is written as text as a number; return anything else unchanged."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 5:
        return int(value)
    return value


def is_address(host: object, port: object) -> bool:
    """Return True for a host and a port by their types: drivers pass on whatever they got.

    True and 5432.0 are no ports, though as keys they equal 1 and 5432.
    """
    return isinstance(host, str) and (port is None or type(port) is int)
