"""What became of each variable that looks like an address, for whoever wants to read it."""

from __future__ import annotations

from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from hostshift.config.policy import Policy
    from hostshift.resolution.resolver import Resolver
    from hostshift.routing.model import Decision


class Line(Record):
    """What became of one address, or of a variable as a whole. It holds no secret."""

    name: str
    before: str
    """The address; empty where the variable was not read."""
    after: str
    """The address from here; the same where it stays."""
    reason: str
    step: str = ""
    """What the user can do about it."""

    def __str__(self) -> str:
        """Return the line as people read it."""
        step = f". Next: {self.step}" if self.step else ""
        if self.before != self.after:
            return f"{self.name}: {self.before} -> {self.after} ({self.reason}){step}"
        subject = f"{self.name}: {self.before}" if self.before else self.name
        return f"{subject} stays as it is: {self.reason}{step}"


class Report:
    """Collects the decisions and the lines of one call."""

    def __init__(self) -> None:
        """Have nothing yet."""
        self.decisions: list[Decision] = []
        self.lines: list[Line] = []

    def decided(self, name: str, decisions: Iterable[Decision]) -> None:
        """Add the decisions for the addresses of a variable."""
        for decision in decisions:
            self.decisions.append(decision)
            before, after = str(decision.before), str(decision.after)
            step = decision.fix if not decision.changed else ""
            line = Line(name=name, before=before, after=after, reason=decision.reason, step=step)
            self.lines.append(line)

    def kept(self, name: str, reason: str, step: str = "") -> None:
        """Add a variable that stays as a whole."""
        self.lines.append(Line(name=name, before="", after="", reason=reason, step=step))


class Call(Record):
    """What one call resolves with, and where it writes what became of each variable."""

    resolver: Resolver
    policy: Policy | None
    """Settings for this call; None for those of the resolver."""
    report: Report

    @property
    def settings(self) -> Policy:
        """Return the settings that count."""
        return self.resolver.policy if self.policy is None else self.policy
