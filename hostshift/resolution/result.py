"""The answer for one string: before, after, and a decision for each endpoint. Pure values."""

from __future__ import annotations

from hostshift import dsn
from hostshift.base.addresses import is_host
from hostshift.base.interrupts import reraise_interrupt
from hostshift.base.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypedDict

    from hostshift.detect.vantage import Vantage, VantageDict
    from hostshift.routing.model import Decision, DecisionDict

    class ResolutionDict(TypedDict):
        """A resolution for JSON."""

        before: str
        after: str
        changed: bool
        dialect: str
        mode: str
        reason: str
        notes: list[str]
        decisions: list[DecisionDict]
        vantage: VantageDict


class Resolution(Record):
    """The answer for one connection string.

    ``before`` and ``after`` are the real texts, for a driver. :meth:`as_dict`, ``str()`` and
    ``repr()`` show them with their secrets masked.
    """

    before: str
    after: str
    decisions: tuple[Decision, ...]
    vantage: Vantage
    reason: str = ""
    """Why the whole string stays; empty where each endpoint has a decision."""
    dialect: str = ""
    mode: str = "on"
    reading: dsn.Reading = dsn.Reading(dialect="")

    @property
    def changed(self) -> bool:
        """Return True if the text changed."""
        return self.before != self.after

    @property
    def settled(self) -> bool:
        """Return True if asking again would answer the same."""
        return not self.reading.passing and all(each.settled for each in self.decisions)

    @property
    def undecided(self) -> bool:
        """Return True if the text or an endpoint stays for want of certainty."""
        if self.reason:
            return not self._leads_to_no_host()
        return any(decision.undecided for decision in self.decisions)

    def _leads_to_no_host(self) -> bool:
        """Return True for a file, a socket, or names that only DNS can read (``mongodb+srv``)."""
        if self.reading.dialect == "none" or self.reading.endpoints:
            return self.reading.dialect == "none"
        try:
            from hostshift.dsn import sockets
        except (OSError, MemoryError, ImportError) as error:  # no descriptor is left, or the like
            reraise_interrupt(error)
            return False
        return sockets.names_one(self.before)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know: quotes around the text, what TLS certificates then mean."""
        if not any(decision.changed for decision in self.decisions) or self.reason:
            return ()
        own = (self.reading.note,) if self.reading.note else ()
        try:
            from hostshift.resolution.tls_notes import notes
        except (OSError, MemoryError, ImportError) as error:
            reraise_interrupt(error)
            return own  # no descriptor is free; notes are only advice
        return own + notes(self.masked_before, self.reading, self.decisions)

    @property
    def masked_before(self) -> str:
        """The original text, secrets masked; all of it masked where its grammar is unsure."""
        return _masked(self.before, self.reading)

    @property
    def masked_after(self) -> str:
        """The answer, secrets masked."""
        if not self.changed:
            return self.masked_before
        return _masked(self.after, dsn.read(self.after, self.dialect or None))

    def as_dict(self) -> ResolutionDict:
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
        """Show the masked texts only; none in the frame of an error that came before them."""
        if "before" not in self.__dict__ or "after" not in self.__dict__:
            return "<Resolution>"
        return f"<Resolution {self.masked_before} -> {self.masked_after}>"

    def __str__(self) -> str:
        """Describe the resolution for people, secrets masked."""
        try:
            return describe(self)
        except (OSError, MemoryError, ImportError) as error:
            reraise_interrupt(error)
            return f"{self.masked_before} -> {self.masked_after}"  # no descriptor is free


def _masked(text: str, reading: dsn.Reading) -> str:
    """Mask the secrets of a text, and what stands in the place of a host and is none.

    It may be another text, with a password of its own.
    """
    odd = [end.host_at for end in reading.endpoints if not is_host(end.host)]
    spans = tuple((slot.start, slot.end) for slot in odd)
    return dsn.mask(text, reading.replace(secrets=reading.secrets + spans) if odd else reading)


def describe(resolution: Resolution) -> str:
    """Describe a resolution in a few lines, secrets masked."""
    from hostshift.detect.describe import summary

    last = f"seen from  {summary(resolution.vantage)}"
    return "\n".join((*resolution_lines(resolution), "", last))


def resolution_lines(resolution: Resolution) -> Iterator[str]:
    """Describe a resolution line by line, without the vantage."""
    yield f"given  {resolution.masked_before}"
    yield f"used   {resolution.masked_after}"
    if resolution.mode != "on":
        yield f"mode   {resolution.mode}: nothing is changed"
    if resolution.reason:
        yield f"why    {resolution.reason}"
    for note in resolution.notes:
        yield f"note   {note}"
    for decision in resolution.decisions:
        yield ""
        yield from _decision_lines(decision)


def _decision_lines(decision: Decision) -> Iterator[str]:
    arrow = f" -> {decision.after}" if decision.changed else " stays"
    yield f"{decision.before}{arrow}"
    yield f"  means      {decision.target}"
    yield f"  certainty  {decision.certainty}"
    yield f"  reason     {decision.reason}"
    if decision.fix:
        yield f"  next       {decision.fix}"
    for line in decision.evidence:
        yield f"  seen       {line}"
    for route in decision.alternatives:
        yield f"  also       {route.address} ({route.reason})"
