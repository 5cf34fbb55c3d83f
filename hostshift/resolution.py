"""The answer for one string: before, after, a decision for each endpoint. Pure values."""

from __future__ import annotations

from hostshift import strings
from hostshift._outside import pass_on
from hostshift._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from hostshift.decision import Decision
    from hostshift.vantages import Vantage


class Resolution(Record):
    """What became of one connection string.

    ``before`` and ``after`` are the real texts, to be handed to a driver.
    Printing, logging and :meth:`as_dict` show them with their secrets masked.
    """

    before: str
    after: str
    decisions: tuple[Decision, ...]
    vantage: Vantage
    reason: str = ""
    """Why the whole string was left alone, empty where its endpoints were decided one by one."""
    dialect: str = ""
    mode: str = "on"
    reading: strings.Reading = strings.Reading(dialect="")

    @property
    def changed(self) -> bool:
        """Return True if the text changed."""
        return self.before != self.after

    @property
    def settled(self) -> bool:
        """Return True if asking again would answer the same."""
        return not self.reading.passing and all(one.settled for one in self.decisions)

    @property
    def undecided(self) -> bool:
        """Return True if something had to be left as it was for want of certainty."""
        return bool(self.reason) or any(decision.undecided for decision in self.decisions)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the change means for certificates, as far as the text tells."""
        if not any(decision.changed for decision in self.decisions) or self.reason:
            return ()
        try:
            from hostshift.certificates import notes
        except (OSError, MemoryError, ImportError) as error:
            pass_on(error)
            return ()  # no descriptor is free: they are advice, no answer
        return notes(self.masked_before, self.reading, self.decisions)

    @property
    def masked_before(self) -> str:
        """The text given, secrets masked; all of it where its grammar is unsure."""
        return strings.mask(self.before, self.reading)

    @property
    def masked_after(self) -> str:
        """The answer, secrets masked."""
        if not self.changed:
            return self.masked_before
        return strings.mask(self.after, strings.read(self.after, self.dialect or None))

    def as_dict(self) -> dict[str, Any]:
        """Return everything but secrets, for JSON."""
        return {
            "before": self.masked_before,
            "after": self.masked_after,
            "changed": self.changed,
            "dialect": self.dialect,
            "mode": self.mode,
            "reason": self.reason,
            "notes": list(self.notes),
            "decisions": [decision.as_dict() for decision in self.decisions],
            "vantage": self.vantage.as_dict(),
        }

    def __repr__(self) -> str:
        """Show the masked texts only."""
        return f"<Resolution {self.masked_before} -> {self.masked_after}>"

    def __str__(self) -> str:
        """Describe the resolution for people, secrets masked."""
        try:
            from hostshift.report import describe
        except (OSError, MemoryError, ImportError) as error:
            pass_on(error)
            return f"{self.masked_before} -> {self.masked_after}"  # no descriptor is free

        return describe(self)
