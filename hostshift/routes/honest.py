"""Nothing is known where somebody could not say. Pure.

A rule that forgets to ask whether a source answered must not make its answer a certain
one. So all that the rules ask goes through a witness, who remembers what was not answered.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeVar

    from hostshift.decision import Decision
    from hostshift.questions import Addresses, Look, Outcome
    from hostshift.topology import Neighbourhood

    Answer = TypeVar("Answer")


class Witness:
    """Passes questions on (:class:`hostshift.questions.Look`), and notes what stays open."""

    def __init__(self, look: Look) -> None:
        """Have seen nothing yet."""
        self._look = look
        self._open: dict[str, tuple[str, str]] = {}
        """What nobody could say; a word for it, and what can be done about it."""
        self._late = False

    def testify(self, decision: Decision) -> Decision:
        """Return the decision, less certain and not for good where something stayed open."""
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

    def _reason(self, decision: Decision) -> dict[str, Any]:
        """Return a reason that names what is missing, and the next step for just that."""
        named = [fix for word, fix in self._open.values() if word in decision.reason]
        if named or not decision.undecided:
            first = next(filter(None, named or [fix for _, fix in self._open.values()]), "")
            return {"fix": decision.fix or first}
        what, (_, fix) = next(iter(self._open.items()))
        return {"reason": f"{decision.reason} (could not say: {what})", "fix": decision.fix or fix}

    def listening(self, host: str, port: int) -> bool | None:
        """Ask, and note where it could not be seen."""
        found = self._look.listening(host, port)
        return self._noted(found, "what listens here", "listen")

    def foreign_listener(self, host: str, port: int) -> bool | None:
        """Ask, and note where it could not be seen."""
        return self._noted(
            self._look.foreign_listener(host, port), f"whose the listener on {port} is", "listen"
        )

    def resolves(self, name: str) -> tuple[str, ...] | None:
        """Ask, and note where the name server failed."""
        found = self._look.resolves(name)
        self._late = self._late or found is None
        return self._noted(found, f"the name server, about {name}", "name server")

    def connected(self, addresses: Sequence[str]) -> tuple[bool | None, ...]:
        """Ask, and note where the networks could not be read."""
        found = self._look.connected(addresses)
        return tuple(self._noted(one, "which networks are connected", "network") for one in found)

    def around(self, names: tuple[str, ...] | None = None) -> Neighbourhood:
        """Ask, and note the sources that could not say."""
        from hostshift.topology.gaps import concerning

        found = self._look.around(names)
        for gap in concerning(found):
            self._late = self._late or gap.passing
            self._open[f"{gap.source}: {gap.where} {gap.what}"] = gap.where, gap.fix
        return found

    def reach(
        self, addresses: Addresses, near: Sequence[str] = (), *, protocol: str = ""
    ) -> tuple[Outcome, ...]:
        """Ask, and note what this process could not dial."""
        found = self._look.reach(addresses, near, protocol=protocol)
        if "failed" in found:
            self._open["this process, which could not dial"] = "dial", ""
        return found

    def greets(
        self, addresses: Addresses, protocol: str, *, proof: bool = False
    ) -> tuple[bool | None, ...]:
        """Ask, and note who accepted and did not answer in time."""
        found = self._look.greets(addresses, protocol, proof=proof)
        for (host, port), answer in zip(addresses, found, strict=True):
            self._noted(answer, f"{host}:{port}, whether it speaks {protocol}", f"{host}:{port}")
        return found

    def _noted(self, answer: Answer, what: str, word: str) -> Answer:
        if answer is None:
            self._open[what] = word, ""
        return answer
