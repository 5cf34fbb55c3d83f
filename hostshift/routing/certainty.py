"""No answer is known where a source could not answer. Pure.

A rule that forgets to check whether a source answered must not turn its answer into a certain
one. So all queries of the rules go through a witness, which remembers those without an answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from hostshift.discovery import Topology
    from hostshift.routing.model import Decision
    from hostshift.routing.queries import Addresses, Look, Outcome

    Answer = TypeVar("Answer")

LISTENERS = "listeners"
NAME_SERVER = "name server"
NETWORKS = "networks"
SOCKETS = "sockets"
"""What a rule's reason may name as missing (:attr:`hostshift.routing.model.Decision.missing`).
For a gap, that is its ``where``."""
_SERVERS = "servers"
"""No reason names a single server."""


class Witness:
    """Passes queries on (:class:`hostshift.routing.queries.Look`), and notes the unanswered ones.

    It keeps them in order, each with what a reason may name and with the fix.
    """

    def __init__(self, look: Look) -> None:
        """Start with no query unanswered."""
        self._look = look
        self._open: dict[str, tuple[str, str]] = {}
        self._late = False

    def copy(self) -> Witness:
        """Return another witness, with the queries that are unanswered so far."""
        copied = Witness(self._look)
        copied._open, copied._late = dict(self._open), self._late
        return copied

    def testify(self, decision: Decision) -> Decision:
        """Return the decision, less certain and not for good where a query had no answer."""
        if not self._open:
            return decision
        evidence = (*decision.evidence, *(f"could not say: {what}" for what in self._open))
        certainty = "intended" if decision.certainty == "known" else decision.certainty
        return decision.replace(
            certainty=certainty,
            evidence=evidence,
            late=self._late,
            settled=False,
            **self._reason(decision),
        )

    def _reason(self, decision: Decision) -> dict[str, str]:
        """Return a reason that names what is missing, and the next step for just that."""
        fixes = [fix for _, fix in self._open.values()]
        named = [fix for missing, fix in self._open.values() if missing == decision.missing]
        if named or not decision.undecided:
            return {"fix": decision.fix or next(filter(None, named or fixes), "")}
        what, fix = next(iter(self._open)), fixes[0]
        return {"reason": f"{decision.reason} (could not say: {what})", "fix": decision.fix or fix}

    def listening(self, host: str, port: int) -> bool | None:
        """Query, and note where we could not see it."""
        answer = self._look.listening(host, port)
        return self._noted(answer, "what listens here", LISTENERS)

    def foreign_listener(self, host: str, port: int) -> bool | None:
        """Query, and note where we could not see it."""
        answer = self._look.foreign_listener(host, port)
        return self._noted(answer, f"whose the listener on {port} is", LISTENERS)

    def mysql_socket(self) -> str | None:
        """Query, and note where we could not see it."""
        return self._noted(self._look.mysql_socket(), "which Unix sockets are here", SOCKETS)

    def resolves(self, name: str) -> tuple[str, ...] | None:
        """Query, and note where the name server failed."""
        numbers = self._look.resolves(name)
        self._late = self._late or numbers is None
        return self._noted(numbers, f"the name server, about {name}", NAME_SERVER)

    def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
        """Query, and note where we could not read the networks."""
        answers = self._look.connected(addresses)
        return tuple(
            self._noted(near, "which networks are connected", NETWORKS) for near in answers
        )

    def around(self, names: tuple[str, ...] | None = None) -> Topology:
        """Query, and note the sources that could not answer."""
        from hostshift.discovery.gaps import concerning

        topology = self._look.around(names)
        for gap in concerning(topology):
            self._late = self._late or gap.passing
            self._open[f"{gap.source}: {gap.where} {gap.what}"] = gap.where, gap.fix
        return topology

    def reach(
        self, addresses: Addresses, near: Sequence[str] = (), *, protocol: str = ""
    ) -> tuple[Outcome, ...]:
        """Query, and note what this process could not dial."""
        outcomes = self._look.reach(addresses, near, protocol=protocol)
        if "failed" in outcomes:
            self._open["this process, which could not dial"] = _SERVERS, ""
        return outcomes

    def greets(
        self, addresses: Addresses, protocol: str, *, proof: bool = False
    ) -> tuple[bool | None, ...]:
        """Query, and note which servers accepted and did not answer in time."""
        answers = self._look.greets(addresses, protocol, proof=proof)
        for (host, port), answer in zip(addresses, answers, strict=True):
            self._noted(answer, f"{host}:{port}, whether it speaks {protocol}", _SERVERS)
        return answers

    def _noted(self, answer: Answer, what: str, missing: str) -> Answer:
        if answer is None:
            self._open[what] = missing, ""
        return answer
